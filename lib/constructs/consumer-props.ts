// The props of ExactlyOnceConsumer.

import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";

/** Properties of an ExactlyOnceConsumer. */
export interface ExactlyOnceConsumerProps {
  /**
   * Name of the consumer: the scope of its idempotency records. 1 to 128 letters, digits, dots, underscores or hyphens.
   * Never change it while messages are under way: records under another name are not found, and effects would be applied
   * again.
   */
  readonly consumerName: string;
  /** The table of the idempotency records. Several consumers may share one. */
  readonly table: ExactlyOnceTable;
  /**
   * The function's entry file, TypeScript or JavaScript: an absolute path, or relative to the working directory of the
   * CDK app. `join(import.meta.dirname, "handler.ts")`, or with CommonJS `join(__dirname, "handler.ts")`.
   */
  readonly entry: string;
  /**
   * The entry file's export that Lambda calls.
   * @default "handler"
   */
  readonly handler?: string;
  /**
   * The function's timeout.
   * @default Duration.seconds(3)
   */
  readonly timeout?: Duration;
  /**
   * The function's memory, MiB. Lambda gives CPU in proportion.
   * @default 512
   */
  readonly memorySize?: number;
  /**
   * The function's runtime, Node.js 22 or later.
   * @default Runtime.NODEJS_24_X
   */
  readonly runtime?: Runtime;
  /**
   * The function's processor architecture.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * More environment variables of the function.
   * @default - only those that semel's runtime reads
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Options of esbuild, laid over the construct's own.
   * @default - an ES module, minified, with the AWS SDK inside
   */
  readonly bundling?: BundlingOptions;
  /**
   * Where the function's logs go.
   * @default - a new log group that keeps logs one month and falls under removalPolicy
   */
  readonly logGroup?: ILogGroup;
  /**
   * How long a received message stays invisible. At least 6 x timeout + maxBatchingWindow.
   * @default - exactly that minimum
   */
  readonly visibilityTimeout?: Duration;
  /**
   * How long the queue keeps a message.
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;
  /**
   * How long the dead-letter queue keeps a message, counted from its first send. At least retentionPeriod.
   * @default Duration.days(14)
   */
  readonly deadLetterRetentionPeriod?: Duration;
  /**
   * Receives of a message before it moves to the dead-letter queue. At least 5: throttles and crashes count too.
   * @default 5
   */
  readonly maxReceiveCount?: number;
  /**
   * Most messages in one invocation. Above 10 it needs a maxBatchingWindow.
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * Longest time that Lambda gathers messages before it invokes the function.
   * @default - no window
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Most invocations at the same time, 2 to 1,000.
   * @default - Lambda's own scaling, up to 1,250
   */
  readonly maxConcurrency?: number;
  /**
   * How often a message may be moved back from the dead-letter queue.
   * @default 1
   */
  readonly redrives?: number;
  /**
   * How long after its first send a producer may send the same message again.
   * @default Duration.days(1)
   */
  readonly producerResendWindow?: Duration;
  /**
   * How long an idempotency record is kept. At least the dedup horizon: (1 + redrives) x (retentionPeriod +
   * deadLetterRetentionPeriod) + visibilityTimeout + timeout + producerResendWindow.
   * @default - the dedup horizon, rounded up to whole days
   */
  readonly recordLifetime?: Duration;
  /**
   * What happens to the queue and the dead-letter queue when they leave the stack. CDK's own default, DESTROY, would lose
   * the messages in them.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Every prop, so that unknown ones can be told; the compiler keeps it complete. */
export const CONSUMER_PROPS: Readonly<Record<keyof ExactlyOnceConsumerProps, true>> = {
  consumerName: true,
  table: true,
  entry: true,
  handler: true,
  timeout: true,
  memorySize: true,
  runtime: true,
  architecture: true,
  environment: true,
  bundling: true,
  logGroup: true,
  visibilityTimeout: true,
  retentionPeriod: true,
  deadLetterRetentionPeriod: true,
  maxReceiveCount: true,
  batchSize: true,
  maxBatchingWindow: true,
  maxConcurrency: true,
  redrives: true,
  producerResendWindow: true,
  recordLifetime: true,
  removalPolicy: true,
};
