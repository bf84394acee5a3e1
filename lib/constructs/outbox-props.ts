// The props of OutboxRelay.

import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { TableEncryptionV2 } from "aws-cdk-lib/aws-dynamodb";
import type { IEventBus } from "aws-cdk-lib/aws-events";
import type { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";

/** What a relay sends to. */
export type OutboxTarget = IQueue | ITopic | IEventBus;

/** Properties of an OutboxRelay. */
export interface OutboxRelayProps {
  /**
   * The queues, topics and event buses that messages are sent to. Nothing else can be: the relay may send to these alone. Topics need the
   * package `@aws-sdk/client-sns`, buses `@aws-sdk/client-eventbridge` beside semel.
   */
  readonly targets: readonly OutboxTarget[];
  /**
   * The outbox table's physical name.
   * @default - made by CloudFormation
   */
  readonly tableName?: string;
  /**
   * Server-side encryption of the outbox table.
   * @default - a key that DynamoDB owns
   */
  readonly encryption?: TableEncryptionV2;
  /**
   * What happens to table, queues and logs when they leave the stack. Messages that are committed and not sent yet are in the table only.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Refuse to delete the outbox table.
   * @default true, unless removalPolicy is DESTROY
   */
  readonly deletionProtection?: boolean;
  /**
   * The relay's timeout, 10 s at least: a batch is tried for so long, less two seconds.
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;
  /**
   * The relay's memory, MiB. Lambda gives CPU in proportion.
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * The relay's runtime, Node.js 22 or later.
   * @default Runtime.NODEJS_24_X
   */
  readonly runtime?: Runtime;
  /**
   * The relay's processor architecture.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * Where the relay's logs go.
   * @default - a new log group that keeps logs one month and falls under removalPolicy
   */
  readonly logGroup?: ILogGroup;
  /**
   * Most items of the outbox in one invocation, 1 to 1,000.
   * @default 100
   */
  readonly batchSize?: number;
  /**
   * How often Lambda tries a batch again from its first item that could not be sent, before it goes on behind it and leaves the item to the
   * sweeper. Until then whatever is behind it in its shard waits.
   * @default 5
   */
  readonly retryAttempts?: number;
  /**
   * How often the sweeper looks for items that the stream has lost, or that were left. In whole minutes, 1 to 60. It takes what is older than a
   * minute, so with 3 minutes a FIFO target drops what was sent already: it knows an id for 5 minutes.
   * @default Duration.minutes(3)
   */
  readonly sweepInterval?: Duration;
  /**
   * How long the dead-letter queue and the failure queue keep a message.
   * @default Duration.days(14)
   */
  readonly deadLetterRetentionPeriod?: Duration;
  /**
   * The alarm on latency: 99 of 100 items are sent within this time.
   * @default Duration.seconds(10)
   */
  readonly latencyMax?: Duration;
  /**
   * The alarm on the backlog: no item waits longer. At least two sweeps and a minute.
   * @default Duration.minutes(10)
   */
  readonly waitMax?: Duration;
}

/** Every prop, so that unknown ones can be told; the compiler keeps it complete. */
export const OUTBOX_PROPS: Readonly<Record<keyof OutboxRelayProps, true>> = {
  targets: true,
  tableName: true,
  encryption: true,
  removalPolicy: true,
  deletionProtection: true,
  timeout: true,
  memorySize: true,
  runtime: true,
  architecture: true,
  logGroup: true,
  batchSize: true,
  retryAttempts: true,
  sweepInterval: true,
  deadLetterRetentionPeriod: true,
  latencyMax: true,
  waitMax: true,
};
