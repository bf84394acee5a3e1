// A stream (Kinesis, DynamoDB Streams, Kafka) and the function that consumes it exactly once, with the queues for what it can't.

import { RemovalPolicy } from "aws-cdk-lib";
import type { Grant, IPrincipal } from "aws-cdk-lib/aws-iam";
import type { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { grantClaimCheckTo } from "./claim-check.ts";
import { ConsumerBase } from "./consumer-base.ts";
import { createFunction } from "./consumer-function.ts";
import { placeRules, registerConsumer } from "./consumer-place.ts";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import { DEAD_LETTER_ACTIONS } from "./grants.ts";
import { enforce, knownPropsRule } from "./rules.ts";
import { addStreamMapping } from "./stream-mapping.ts";
import { type ExactlyOnceStreamConsumerProps, STREAM_CONSUMER_PROPS } from "./stream-props.ts";
import { streamRules } from "./stream-rules.ts";
import {
  type ResolvedStreamProps,
  resolveStreamProps,
  streamRecordLifetime,
  streamSettings,
} from "./stream-settings.ts";

/** Many, because people look at its messages, and a look is a receive. */
const FAILURE_RECEIVES_MAX = 100;

/**
 * The function that consumes a stream exactly once. On Kinesis and on a table's stream its `key` option is required, except under
 * strategy `"watermark"`, which has no keys: records have no attribute that could carry an idempotency key.
 */
export class ExactlyOnceStreamConsumer extends ConsumerBase {
  /** Messages that can never succeed, whole: sent by the function. */
  readonly deadLetterQueue: Queue;
  /** What Lambda gave up: a message says where in the stream, the records are still there. */
  readonly failureQueue: Queue;
  readonly function: NodejsFunction;
  /** What feeds the function from the stream. */
  readonly eventSourceMapping: EventSourceMapping;
  readonly logGroup: ILogGroup;
  readonly table: ExactlyOnceTable;
  readonly consumerName: string;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ExactlyOnceStreamConsumerProps) {
    super(scope, id);
    const resolved = resolveStreamProps(props);
    const settings = streamSettings(props, resolved);
    enforce(`ExactlyOnceStreamConsumer ${this.node.path}`, [
      knownPropsRule(props, STREAM_CONSUMER_PROPS),
      ...streamRules(settings),
      ...placeRules(this, props),
    ]);

    this.table = props.table;
    this.consumerName = props.consumerName;
    registerConsumer(this);
    const queueProps = queuePropsOf(props, resolved);
    this.deadLetterQueue = new Queue(this, "DeadLetterQueue", queueProps);
    // Whoever works on failures by a function needs a way out, too.
    const wayOut = { queue: this.deadLetterQueue, maxReceiveCount: FAILURE_RECEIVES_MAX };
    this.failureQueue = new Queue(this, "FailureQueue", { ...queueProps, deadLetterQueue: wayOut });
    const { deadLetterQueue, failureQueue } = this;
    const lifetime = streamRecordLifetime(props, settings);
    const parts = createFunction(this, props, { timeout: resolved.timeout, recordLifetime: lifetime, deadLetterQueue });
    this.logGroup = parts.logGroup;
    this.function = parts.function;
    this.grantPrincipal = this.function.grantPrincipal;
    this.eventSourceMapping = addStreamMapping(this.function, props, { resolved, failureQueue });
    props.table.grantRecords(this);
    deadLetterQueue.grant(this, ...DEAD_LETTER_ACTIONS);
  }

  /**
   * Lets the function read bodies that a publisher stored in this bucket, and store dead letters there that SQS has no room for,
   * and names it to the runtime. Give the bucket a lifecycle rule that deletes objects, later than the dedup horizon: an object
   * that is gone leaves its message failing.
   */
  grantClaimCheck(bucket: IBucket): Grant {
    return grantClaimCheckTo(this, bucket, true);
  }
}

function queuePropsOf(props: ExactlyOnceStreamConsumerProps, resolved: ResolvedStreamProps): QueueProps {
  return {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    maxMessageSizeBytes: MESSAGE_BYTES_MAX,
    retentionPeriod: resolved.deadLetterRetentionPeriod,
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
  };
}
