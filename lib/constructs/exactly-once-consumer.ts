// A queue, its dead-letter queue and the function that consumes it exactly once.

import { RemovalPolicy } from "aws-cdk-lib";
import { AnyPrincipal, Effect, type Grant, type IPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import {
  DeduplicationScope,
  FifoThroughputLimit,
  Queue,
  QueueEncryption,
  type QueueProps,
  RedrivePermission,
} from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { REDRIVE } from "../contract.ts";
import { grantClaimCheckTo } from "./claim-check.ts";
import { ConsumerBase } from "./consumer-base.ts";
import { createFunction } from "./consumer-function.ts";
import { placeRules, registerConsumer } from "./consumer-place.ts";
import { CONSUMER_PROPS, type ExactlyOnceConsumerProps } from "./consumer-props.ts";
import { consumerRules } from "./consumer-rules.ts";
import { consumerSettings, type ResolvedProps, recordLifetime, resolveProps } from "./consumer-settings.ts";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import { DEAD_LETTER_ACTIONS, MOVE_TASK_ACTIONS } from "./grants.ts";
import { enforce, knownPropsRule } from "./rules.ts";

/** An SQS queue, standard or FIFO, with its dead-letter queue, and the function that consumes it exactly once. */
export class ExactlyOnceConsumer extends ConsumerBase {
  /** Send messages here. */
  readonly queue: Queue;
  /** Messages that can never succeed, and those that failed maxReceiveCount times. */
  readonly deadLetterQueue: Queue;
  readonly function: NodejsFunction;
  /** What feeds the function from the queue. */
  readonly eventSource: SqsEventSource;
  readonly logGroup: ILogGroup;
  readonly table: ExactlyOnceTable;
  readonly consumerName: string;
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ExactlyOnceConsumerProps) {
    super(scope, id);
    const resolved = resolveProps(props);
    const settings = consumerSettings(props, resolved);
    enforce(`ExactlyOnceConsumer ${this.node.path}`, [
      knownPropsRule(props, CONSUMER_PROPS),
      ...consumerRules(settings),
      ...placeRules(this, props),
    ]);

    this.table = props.table;
    this.consumerName = props.consumerName;
    registerConsumer(this);
    this.deadLetterQueue = this.createDeadLetterQueue(props, resolved);
    this.queue = this.createQueue(props, resolved);
    const { deadLetterQueue } = this;
    const lifetime = recordLifetime(props, settings);
    const parts = createFunction(this, props, {
      timeout: resolved.timeout,
      recordLifetime: lifetime,
      deadLetterQueue,
      redrive: props.redrive === undefined ? REDRIVE.allowed : REDRIVE.never,
    });
    this.logGroup = parts.logGroup;
    this.function = parts.function;
    this.grantPrincipal = this.function.grantPrincipal;
    this.eventSource = new SqsEventSource(this.queue, {
      batchSize: resolved.batchSize,
      reportBatchItemFailures: true,
      maxBatchingWindow: props.maxBatchingWindow,
      maxConcurrency: props.maxConcurrency,
    });
    this.function.addEventSource(this.eventSource);
    props.table.grantRecords(this);
    this.deadLetterQueue.grant(this, ...DEAD_LETTER_ACTIONS);
  }

  /**
   * Lets the function read bodies that a publisher stored in this bucket, and names it to the runtime. Give the bucket a
   * lifecycle rule that deletes objects, later than the dedup horizon: an object that is gone leaves its message failing.
   */
  grantClaimCheck(bucket: IBucket): Grant {
    return grantClaimCheckTo(this, bucket, false);
  }

  private createDeadLetterQueue(props: ExactlyOnceConsumerProps, resolved: ResolvedProps): Queue {
    const queue = new Queue(this, "DeadLetterQueue", {
      ...fifoProps(props),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: MESSAGE_BYTES_MAX,
      retentionPeriod: resolved.deadLetterRetentionPeriod,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
    if (props.redrive !== undefined) denyMoveTasks(queue);
    return queue;
  }

  private createQueue(props: ExactlyOnceConsumerProps, resolved: ResolvedProps): Queue {
    return new Queue(this, "Queue", {
      ...fifoProps(props),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: MESSAGE_BYTES_MAX,
      retentionPeriod: resolved.retentionPeriod,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: resolved.maxReceiveCount },
      // No other queue's dead letters belong here. (The DLQ cannot name this queue in turn: a circle in the template.)
      redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
      visibilityTimeout: resolved.visibilityTimeout,
    });
  }
}

/**
 * A redrive allow policy would not do: it says whose dead letters a queue takes, not where they may go from it. A denial in the queue's
 * own policy holds against every identity of the account.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
 */
function denyMoveTasks(queue: Queue): void {
  const denial = {
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: [...MOVE_TASK_ACTIONS],
    resources: [queue.queueArn],
  };
  queue.addToResourcePolicy(new PolicyStatement(denial));
}

/**
 * Of both queues: the dead-letter queue of a FIFO queue is FIFO, too.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/high-throughput-fifo.html
 */
function fifoProps(props: ExactlyOnceConsumerProps): QueueProps {
  if (props.fifo !== true) return {};
  const { contentBasedDeduplication } = props;
  if (props.fifoHighThroughput !== true) return { fifo: true, contentBasedDeduplication };
  return {
    fifo: true,
    contentBasedDeduplication,
    deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
    fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
  };
}
