// The props of ExactlyOnceConsumer.

import type { Duration, RemovalPolicy } from "aws-cdk-lib";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import { type ConsumerFunctionProps, FUNCTION_PROPS } from "./function-props.ts";

/** Properties of an ExactlyOnceConsumer. */
export interface ExactlyOnceConsumerProps extends ConsumerFunctionProps {
  /**
   * Name of the consumer: the scope of its idempotency records. 1 to 128 letters, digits, dots, underscores or hyphens.
   * Never change it while messages are under way: records under another name are not found, and effects would be applied
   * again.
   */
  readonly consumerName: string;
  /** The table of the idempotency records. Several consumers may share one. */
  readonly table: ExactlyOnceTable;
  /**
   * FIFO queues: messages of a group come in order, and each group has its turn. Both queues are FIFO. A queue cannot be
   * turned into the other kind: CloudFormation makes a new one, so let the old one drain first.
   * @default false
   */
  readonly fifo?: boolean;
  /**
   * High throughput of the FIFO queues: deduplication and throughput per message group. The same deduplication id in two groups is
   * then two messages.
   * @default false
   */
  readonly fifoHighThroughput?: boolean;
  /**
   * Lets SQS take a message without a deduplication id, under the hash of its body, attributes not counted: two messages of equal
   * bodies within 5 minutes become one. Only where equal bodies mean the same message.
   * @default false
   */
  readonly contentBasedDeduplication?: boolean;
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
   * How long the dead-letter queue keeps a message: with FIFO counted from its move, else from its first send and at least
   * retentionPeriod.
   * @default Duration.days(14)
   */
  readonly deadLetterRetentionPeriod?: Duration;
  /**
   * Receives of a message before it moves to the dead-letter queue. At least 5: throttles and crashes count too, and with FIFO
   * what waits behind a failed message of its group is received again with it.
   * @default 5
   */
  readonly maxReceiveCount?: number;
  /**
   * Most messages in one invocation. Above 10 it needs a maxBatchingWindow; with FIFO at most 10.
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * Longest time that Lambda gathers messages before it invokes the function. Not with FIFO.
   * @default - no window
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Most invocations at the same time, 2 to 1,000.
   * @default - Lambda's own scaling, up to 1,250
   */
  readonly maxConcurrency?: number;
  /**
   * States that no message ever comes back from the dead-letter queue; for strategy `"watermark"`, which requires it, also that no
   * producer sends a message again when SQS no longer deduplicates it (5 minutes): it would have a new sequence number, and take effect
   * twice. Move tasks from the dead-letter queue are denied to everybody; nobody is kept from sending what stands there by hand.
   * @default - messages may be redriven
   */
  readonly redrive?: "never";
  /**
   * How often a message may be moved back from the dead-letter queue.
   * @default 1; with redrive `"never"` 0
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
   * @default - the dedup horizon, rounded up to whole days; with strategy `"watermark"` nothing has a lifetime
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
  ...FUNCTION_PROPS,
  fifo: true,
  fifoHighThroughput: true,
  contentBasedDeduplication: true,
  visibilityTimeout: true,
  retentionPeriod: true,
  deadLetterRetentionPeriod: true,
  maxReceiveCount: true,
  batchSize: true,
  maxBatchingWindow: true,
  maxConcurrency: true,
  redrive: true,
  redrives: true,
  producerResendWindow: true,
  recordLifetime: true,
  removalPolicy: true,
};
