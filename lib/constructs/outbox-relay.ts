// The outbox: a table for messages that are committed with other effects, and the relay that sends them.

import { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { Alarm, Metric, MetricOptions } from "aws-cdk-lib/aws-cloudwatch";
import { AttributeType, Billing, ProjectionType, StreamViewType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Rule as EventRule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { type EventSourceMapping, FilterCriteria, FilterRule, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Queue, QueueEncryption, type QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import { QUEUE_RETENTION_SECONDS_MAX } from "../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { ENVIRONMENT, OUTBOX_TABLE } from "../contract.ts";
import { knownNumber, knownSeconds } from "./consumer-settings.ts";
import {
  DEAD_LETTER_ACTIONS,
  grantOnTable,
  OUTBOX_ACTIONS,
  RELAY_ACTIONS,
  RELAY_INDEX_ACTIONS,
  TARGET_KEY_ACTIONS,
} from "./grants.ts";
import { createAlarms, relayMetric } from "./outbox-alarms.ts";
import { createOutboxFunction, missingPackages } from "./outbox-function.ts";
import { OUTBOX_PROPS, type OutboxRelayProps, type OutboxTarget } from "./outbox-props.ts";
import { outboxRules } from "./outbox-rules.ts";
import { enforce, knownPropsRule } from "./rules.ts";
import { destination, grantTableStream } from "./stream-mapping.ts";

const BATCH_SIZE_DEFAULT = 100;
const RETRY_ATTEMPTS_DEFAULT = 5;
/** What is older, the sweeper has long sent. */
const RECORD_AGE_MAX = Duration.hours(1);
/** Many, because people look at its messages, and a look is a receive. */
const FAILURE_RECEIVES_MAX = 100;

/** A consumer, or another function that commits messages to the outbox. */
export interface OutboxSender extends IGrantable {
  readonly function: NodejsFunction;
}

type Resolved = Required<Pick<OutboxRelayProps, "batchSize" | "retryAttempts">> &
  Record<"timeout" | "sweepInterval" | "latencyMax" | "waitMax", Duration>;

/**
 * The outbox of `tx.send` and `tx.publish`: its table, and the relay that sends what is committed there to queues, topics and event buses.
 * A message is sent at least once, always under the same id, and takes effect once where that is the idempotency key. Messages of a FIFO
 * group are sent in the order of their commits; from a source that keeps an order, in the order of each ordering key.
 */
export class OutboxRelay extends Construct {
  /** Messages that are committed and not sent yet. */
  readonly table: TableV2;
  /** Messages that their target refuses for good, whole, with the reason. */
  readonly deadLetterQueue: Queue;
  /** What Lambda gave up: where it stood in the stream. Its items are still in the table, and the sweeper sends them. */
  readonly failureQueue: Queue;
  /** The relay, and the sweeper. */
  readonly function: NodejsFunction;
  /** What feeds the relay from the table's stream. */
  readonly eventSourceMapping: EventSourceMapping;
  /** The relay's logs. */
  readonly logGroup: ILogGroup;
  /** On latency, backlog, dead letters and failures. Give them their actions. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: OutboxRelayProps) {
    super(scope, id);
    const resolved = resolve(props);
    enforce(`OutboxRelay ${this.node.path}`, [
      knownPropsRule(props, OUTBOX_PROPS),
      ...outboxRules({
        targets: props.targets.length,
        missingPackages: missingPackages(props.targets),
        timeoutSeconds: knownSeconds(resolved.timeout),
        batchSize: knownNumber(resolved.batchSize),
        retryAttempts: knownNumber(resolved.retryAttempts),
        sweepSeconds: knownSeconds(resolved.sweepInterval),
        waitSecondsMax: knownSeconds(resolved.waitMax),
      }),
    ]);
    this.table = createTable(this, props);
    const queueProps = queuePropsOf(props);
    this.deadLetterQueue = new Queue(this, "DeadLetterQueue", queueProps);
    // Whoever works on failures by a function needs a way out, too.
    const wayOut = { queue: this.deadLetterQueue, maxReceiveCount: FAILURE_RECEIVES_MAX };
    this.failureQueue = new Queue(this, "FailureQueue", { ...queueProps, deadLetterQueue: wayOut });
    const environment = {
      [ENVIRONMENT.outboxTable]: this.table.tableName,
      [ENVIRONMENT.deadLetterQueueUrl]: this.deadLetterQueue.queueUrl,
    };
    const parts = createOutboxFunction(this, props, { timeout: resolved.timeout, environment });
    this.function = parts.function;
    this.logGroup = parts.logGroup;
    this.eventSourceMapping = this.addMapping(resolved);
    new EventRule(this, "Sweep", {
      schedule: Schedule.rate(resolved.sweepInterval),
      targets: [new LambdaFunction(this.function, { retryAttempts: 0 })], // the next sweep is soon
    });
    this.grantRelay(props.targets);
    this.alarms = createAlarms(this, { ...resolved, ...this.parts() });
  }

  /**
   * Lets a consumer's `tx.send` and `tx.publish` write to this outbox: grants it on the table, and names the table to the function
   * (`SEMEL_OUTBOX_TABLE`).
   */
  grantSend(sender: OutboxSender): Grant {
    sender.function.addEnvironment(ENVIRONMENT.outboxTable, this.table.tableName);
    return grantOnTable(this.table, sender, OUTBOX_ACTIONS);
  }

  /** From the commit of an item to the acknowledgement of its last message, ms. */
  metricLatency(options?: MetricOptions): Metric {
    return relayMetric(this.function, "latency", { statistic: "p99", ...options });
  }

  /** Age of the oldest item that is not sent, ms, at every sweep. */
  metricOldestUnsent(options?: MetricOptions): Metric {
    return relayMetric(this.function, "oldestUnsent", { statistic: "Maximum", ...options });
  }

  /** Messages that were sent. */
  metricRelayed(options?: MetricOptions): Metric {
    return relayMetric(this.function, "relayed", { statistic: "Sum", ...options });
  }

  private parts() {
    const { deadLetterQueue, failureQueue } = this;
    return { function: this.function, deadLetterQueue, failureQueue };
  }

  private addMapping({ batchSize, retryAttempts }: Resolved): EventSourceMapping {
    const mapping = this.function.addEventSourceMapping("Source", {
      eventSourceArn: this.table.tableStreamArn,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize,
      parallelizationFactor: 1,
      retryAttempts,
      maxRecordAge: RECORD_AGE_MAX,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      onFailure: destination(this.failureQueue),
      // What has an image, so no removal, and messages, so no counter. By the image alone: of DynamoDB's records Lambda documents
      // filters on `dynamodb` only.
      filters: [
        FilterCriteria.filter({
          dynamodb: { NewImage: { [OUTBOX_TABLE.unsentPartitionKey]: { S: FilterRule.exists() } } },
        }),
      ],
    });
    grantTableStream(this.table, this.function);
    return mapping;
  }

  private grantRelay(targets: readonly OutboxTarget[]): void {
    const grantee = this.function;
    grantOnTable(this.table, grantee, RELAY_ACTIONS);
    const index = `${this.table.tableArn}/index/${OUTBOX_TABLE.unsentIndex}`;
    Grant.addToPrincipal({ grantee, actions: [...RELAY_INDEX_ACTIONS], resourceArns: [index] });
    this.deadLetterQueue.grant(grantee, ...DEAD_LETTER_ACTIONS);
    for (const target of targets) grantTarget(target, grantee);
  }
}

function grantTarget(target: OutboxTarget, grantee: IGrantable): void {
  const grant = (action: string, arn: string) =>
    Grant.addToPrincipal({ grantee, actions: [action], resourceArns: [arn] });
  if ("queueArn" in target) {
    target.encryptionMasterKey?.grant(grantee, ...TARGET_KEY_ACTIONS);
    grant("sqs:SendMessage", target.queueArn);
  } else if ("topicArn" in target) {
    target.masterKey?.grant(grantee, ...TARGET_KEY_ACTIONS);
    grant("sns:Publish", target.topicArn);
  } else {
    grant("events:PutEvents", target.eventBusArn);
  }
}

function resolve(props: OutboxRelayProps): Resolved {
  return {
    timeout: props.timeout ?? Duration.seconds(30),
    batchSize: props.batchSize ?? BATCH_SIZE_DEFAULT,
    retryAttempts: props.retryAttempts ?? RETRY_ATTEMPTS_DEFAULT,
    sweepInterval: props.sweepInterval ?? Duration.minutes(3),
    latencyMax: props.latencyMax ?? Duration.seconds(10),
    waitMax: props.waitMax ?? Duration.minutes(10),
  };
}

function createTable(scope: Construct, props: OutboxRelayProps): TableV2 {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const key = (name: string) => ({ name, type: AttributeType.STRING });
  return new TableV2(scope, "Table", {
    partitionKey: key(OUTBOX_TABLE.partitionKey),
    sortKey: key(OUTBOX_TABLE.sortKey),
    timeToLiveAttribute: OUTBOX_TABLE.timeToLive,
    dynamoStream: StreamViewType.NEW_IMAGE,
    globalSecondaryIndexes: [
      {
        indexName: OUTBOX_TABLE.unsentIndex,
        partitionKey: key(OUTBOX_TABLE.unsentPartitionKey),
        sortKey: key(OUTBOX_TABLE.unsentSortKey),
        projectionType: ProjectionType.KEYS_ONLY,
      },
    ],
    billing: Billing.onDemand(),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    removalPolicy,
    deletionProtection: props.deletionProtection ?? removalPolicy !== RemovalPolicy.DESTROY,
    tableName: props.tableName,
    encryption: props.encryption,
  });
}

function queuePropsOf(props: OutboxRelayProps): QueueProps {
  return {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    maxMessageSizeBytes: MESSAGE_BYTES_MAX,
    retentionPeriod: props.deadLetterRetentionPeriod ?? Duration.seconds(QUEUE_RETENTION_SECONDS_MAX),
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
  };
}
