// What users of the local cloud see.
import type { KafkaEvent, KinesisEvent, SqsMessageAttribute } from "../aws/lambda.ts";
import type { FaultHit, FaultName, FaultPlan, Faults } from "./faults/types.ts";

export interface LogLine {
  /** Name of the function that wrote the line, or the part of the local cloud. */
  readonly source: string;
  readonly text: string;
  readonly level: "info" | "warn" | "error";
}

export type Logger = (line: LogLine) => void;

export type InvocationOutcome = "success" | "error" | "timeout" | "crash";

export type EngineName = "dynamodb" | "sqs";

/** What happens in the local cloud, as it happens. Times are in ms since the epoch. */
export type LocalEvent =
  | {
      kind: "invocation-started";
      functionName: string;
      workerId: number;
      requestId: string;
      messages: number;
      /** Of the batch, in its order, on a stream sequence numbers, of Kafka `orders-0/15`; empty for an invocation that comes from no source. */
      messageIds: readonly string[];
      /** The event, as JSON. */
      payload: string;
      atMs: number;
    }
  | {
      kind: "invocation-ended";
      functionName: string;
      workerId: number;
      requestId: string;
      outcome: InvocationOutcome;
      messages: number;
      messageIds: readonly string[];
      /** Messages that left the queue, or records that are done, because of this invocation. */
      deleted: number;
      deletedIds: readonly string[];
      atMs: number;
    }
  | { kind: "worker-started" | "worker-exited"; functionName: string; workerId: number; atMs: number }
  | { kind: "engine-failed"; engine: EngineName; error: Error }
  | FaultEvent;

/** A fault, when it is injected. */
export interface FaultEvent extends FaultHit {
  readonly kind: "fault";
  readonly fault: FaultName;
  readonly atMs: number;
}

export interface LocalOptions {
  /** Path of the cloud assembly, the cdk.out folder. */
  readonly assembly: string;
  /** Names of the stacks to run. @default - all of them */
  readonly stacks?: readonly string[];
  /**
   * Engines that run already; of Kafka the bootstrap servers, `localhost:9092`, for which @platformatic/kafka has to be installed.
   * @default - AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL_KINESIS and KAFKA_BOOTSTRAP_SERVERS, else the
   * embedded engines; for Kinesis and Kafka there is none, and recorded events are replayed
   */
  readonly endpoints?: {
    readonly dynamodb?: string;
    readonly sqs?: string;
    readonly kinesis?: string;
    readonly kafka?: string;
  };
  /** Takes the lines that functions and the local cloud write. @default - prints them */
  readonly logger?: Logger;
  readonly observer?: (event: LocalEvent) => void;
  /** Faults from the start on. @default - none but those of faults.inject() */
  readonly faults?: FaultPlan;
  /**
   * The embedded DynamoDB engine keeps its tables in a file, so that faults can restart it; slower than in memory.
   * @default - when a rule in `faults` restarts it
   */
  readonly restartable?: boolean;
  /** Of the embedded DynamoDB engine: how often items past their time to live are deleted. @default 300000 */
  readonly timeToLiveSweepMs?: number;
  /** Of the embedded DynamoDB engine: whether transactions that share an item at a time conflict, as on AWS. @default true */
  readonly transactionConflicts?: boolean;
}

export interface ClientConfig {
  readonly endpoint: string;
  readonly region: string;
  /** Absent where the SDK's own chain is to find them. */
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

export interface LocalFunction {
  /** Physical name. */
  readonly name: string;
  readonly logicalId: string;
  readonly stackName: string;
  /** Runs the function and gives what it returned; rejects with what it threw, or with its timeout or crash. */
  invoke(event: unknown): Promise<unknown>;
  /** SIGKILL to a worker that runs an invocation now: the index-th of the busy ones, modulo. False when none is busy. */
  killBusyWorker(index?: number): boolean;
  busyWorkers(): number;
}

export interface IdleOptions {
  /** @default 600000 */
  readonly timeoutMs?: number;
  /** How long everything must have been quiet. @default 200 */
  readonly quietMs?: number;
  readonly signal?: AbortSignal;
}

export interface LocalQueue {
  readonly name: string;
  readonly logicalId: string;
  readonly stackName: string;
  readonly url: string;
  readonly arn: string;
}

/** A message that is in a queue, hidden or not. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  /** As a Lambda function gets them. */
  readonly messageAttributes: Readonly<Record<string, SqsMessageAttribute>>;
  /** SQS's own: "ApproximateReceiveCount", "MessageGroupId"… */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface CopyOptions {
  /** @default - that of the cloud it is a copy of */
  readonly logger?: Logger;
  readonly observer?: (event: LocalEvent) => void;
  /** Its own faults from the start on; its engines cannot be restarted. @default - none but those of faults.inject() */
  readonly faults?: FaultPlan;
}

export interface LocalTable {
  readonly name: string;
  readonly logicalId: string;
  readonly stackName: string;
}

/** A stream or a topic that feeds a function: one for each event source mapping of Kinesis or Kafka. */
export interface LocalStream {
  readonly source: "kinesis" | "kafka";
  /** Of the mapping. */
  readonly logicalId: string;
  readonly stackName: string;
  /** Of the function. */
  readonly functionName: string;
  /** Of the stream or the cluster; a self-managed cluster has none. */
  readonly arn?: string;
  /** Kafka only. */
  readonly topic?: string;
  /**
   * Hands the records of recorded Lambda events to the mapping, as if the stream had them now: it makes its own batches, and filters,
   * tries again and gives up as it says. Records go on in their shard or partition, in order; what was replayed before comes again, as
   * if the stream were read again from there. Resolves when they are taken; idle() tells when they are done. Rejects, and takes
   * nothing, where an event can't be one of this stream.
   */
  replay(...events: readonly (KinesisEvent | KafkaEvent)[]): Promise<void>;
}

export interface LocalCloud extends AsyncDisposable {
  /** The engines themselves: what is sent here is not counted by dynamodbRequests(). */
  readonly endpoints: {
    readonly dynamodb: string;
    readonly sqs: string;
    readonly kinesis?: string;
    /** Bootstrap servers. */
    readonly kafka?: string;
  };
  /** To spread into the options of an SDK client. */
  readonly clientConfig: {
    readonly dynamodb: ClientConfig;
    readonly sqs: ClientConfig;
    /** Where there is an endpoint. */
    readonly kinesis?: ClientConfig;
  };
  /** What the names of a copy's queues, tables and functions end with. */
  readonly nameSuffix: string | undefined;
  readonly functions: readonly LocalFunction[];
  readonly queues: readonly LocalQueue[];
  readonly tables: readonly LocalTable[];
  /** Those of Kinesis and Kafka. */
  readonly streams: readonly LocalStream[];
  readonly stackNames: readonly string[];
  /** The CfnOutputs of a stack, resolved. */
  outputs(stackName: string): Record<string, string>;
  /**
   * Resolves when no queue that feeds a function has a visible, delayed or in-flight message, no stream that feeds one has a record
   * that is not done, and no invocation runs.
   * Rejects when an engine dies, at the timeout, on abort and on stop().
   */
  idle(options?: IdleOptions): Promise<void>;
  /** What is in a queue now, delayed and in flight included, without receiving it; an engine from outside counts a receive. */
  messages(queue: LocalQueue): Promise<QueuedMessage[]>;
  /** DynamoDB requests that functions sent, per operation. Empty for an https endpoint, which is not proxied. */
  dynamodbRequests(): Record<string, number>;
  readonly faults: Faults;
  /**
   * The same stacks once more, on the same engines, with queues, tables and functions of their own, which go when it stops. A name
   * that a function has in its code, or as a literal in its variables, still leads to what the first has.
   */
  copy(options?: CopyOptions): Promise<LocalCloud>;
  /** Ends pollers and workers; of the cloud that was started also its copies and engines. No process is left. May be called again. */
  stop(): Promise<void>;
}
