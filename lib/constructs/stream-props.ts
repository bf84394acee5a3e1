// The props of ExactlyOnceStreamConsumer.

import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { IStream } from "aws-cdk-lib/aws-kinesis";
import type { SourceAccessConfiguration, StartingPosition } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import { type ConsumerFunctionProps, FUNCTION_PROPS } from "./function-props.ts";

/** A Kinesis data stream. */
export interface KinesisSource {
  readonly kinesis: IStream;
  /**
   * How long the stream keeps a record.
   * @default - as the stream says; required for an imported one, unless the strategy is `"watermark"`
   */
  readonly retentionPeriod?: Duration;
}

/** The stream of a DynamoDB table, which keeps a change 24 hours. */
export interface TableSource {
  readonly tableStream: ITable;
}

interface Topic {
  readonly topic: string;
  /** How long the topic keeps a record (`retention.ms`), which only the cluster knows. */
  readonly retentionPeriod: Duration;
  /**
   * SASL/SCRAM credentials (SCRAM-SHA-512). The function may read them.
   * @default - none
   */
  readonly secret?: ISecret;
  /**
   * The consumer group, in Kafka.
   * @default - made by Lambda
   */
  readonly consumerGroupId?: string;
  /**
   * Other ways to the cluster and into it: subnets, security groups, client certificates. Grant what they name.
   * @default - none
   */
  readonly sourceAccessConfigurations?: readonly SourceAccessConfiguration[];
}

/** A topic of an MSK cluster. With IAM authentication grant the `kafka-cluster:` actions on the topic and the group yourself. */
export interface MskSource extends Topic {
  readonly mskClusterArn: string;
}

/** A topic of a Kafka cluster of your own. */
export interface KafkaSource extends Topic {
  /** `host:port`. */
  readonly kafkaBootstrapServers: readonly string[];
}

export type StreamSource = KinesisSource | TableSource | MskSource | KafkaSource;

/** Properties of an ExactlyOnceStreamConsumer. */
export interface ExactlyOnceStreamConsumerProps extends ConsumerFunctionProps {
  /**
   * Name of the consumer: the scope of its idempotency records. 1 to 128 letters, digits, dots, underscores or hyphens.
   * Never change it while records are under way: idempotency records under another name are not found, and effects would be
   * applied again.
   */
  readonly consumerName: string;
  /** The table of the idempotency records. Several consumers may share one. */
  readonly table: ExactlyOnceTable;
  /** What feeds the function: `{ kinesis }`, `{ tableStream }`, `{ mskClusterArn, … }` or `{ kafkaBootstrapServers, … }`. */
  readonly source: StreamSource;
  /**
   * Where a new mapping begins. From LATEST on, records that come while the mapping is made, or made anew, are never read; what
   * TRIM_HORIZON reads again is a duplicate, and has no effect.
   * @default StartingPosition.TRIM_HORIZON
   */
  readonly startingPosition?: StartingPosition;
  /**
   * Unix time in seconds at which to begin, with AT_TIMESTAMP.
   * @default - none
   */
  readonly startingPositionTimestamp?: number;
  /**
   * Most records in one invocation.
   * @default 100
   */
  readonly batchSize?: number;
  /**
   * Longest time that Lambda gathers records before it invokes the function.
   * @default - no window; with Kafka 500 ms
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Batches of a shard side by side, 1 to 10; records of one partition key, or of one item, stay in order. Not with Kafka.
   * @default 1
   */
  readonly parallelizationFactor?: number;
  /**
   * How often Lambda tries a batch again before its position goes to the failure queue, 0 to 10,000. Until then what comes after it
   * in its shard waits; splitting a batch does not count.
   * @default 100
   */
  readonly retryAttempts?: number;
  /**
   * Age at which Lambda gives a record up, 1 minute to 7 days: its position goes to the failure queue. Less than the retention, so that
   * the record is still in its stream when somebody follows the message.
   * @default - half the retention, at most 7 days; 12 hours where the retention is known at deployment only
   */
  readonly maxRecordAge?: Duration;
  /**
   * How long the dead-letter queue and the failure queue keep a message.
   * @default Duration.days(14)
   */
  readonly deadLetterRetentionPeriod?: Duration;
  /**
   * How often a dead letter may be sent into the stream again.
   * @default 1
   */
  readonly redrives?: number;
  /**
   * How long after its first send a producer may send the same message again.
   * @default Duration.days(1)
   */
  readonly producerResendWindow?: Duration;
  /**
   * How long an idempotency record is kept. At least the dedup horizon: (1 + redrives) x (the longer of retention and maxRecordAge) +
   * redrives x deadLetterRetentionPeriod + maxBatchingWindow + timeout + producerResendWindow.
   * @default - the dedup horizon, rounded up to whole days; with strategy `"watermark"` nothing has a lifetime
   */
  readonly recordLifetime?: Duration;
  /**
   * What happens to the queues and the logs when they leave the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Every prop, so that unknown ones can be told; the compiler keeps it complete. */
export const STREAM_CONSUMER_PROPS: Readonly<Record<keyof ExactlyOnceStreamConsumerProps, true>> = {
  consumerName: true,
  table: true,
  source: true,
  ...FUNCTION_PROPS,
  startingPosition: true,
  startingPositionTimestamp: true,
  batchSize: true,
  maxBatchingWindow: true,
  parallelizationFactor: true,
  retryAttempts: true,
  maxRecordAge: true,
  deadLetterRetentionPeriod: true,
  redrives: true,
  producerResendWindow: true,
  recordLifetime: true,
  removalPolicy: true,
};
