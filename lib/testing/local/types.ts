// What a test sees of the local cloud.

import type { SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { KafkaEvent, KinesisEvent } from "../../aws/lambda.ts";
import type { IdleOptions, LocalCloud, LocalOptions, Logger, LogLine } from "../../local/index.ts";
import type { Failure } from "../../protocol/rejection.ts";

export interface LocalTestOptions
  extends Pick<LocalOptions, "stacks" | "endpoints" | "observer" | "faults" | "restartable"> {
  /** Takes the lines that functions and the local cloud write. @default - they are kept; an error shows the last of them */
  readonly logger?: Logger;
}

export type TestCopyOptions = Pick<LocalTestOptions, "observer" | "faults" | "logger">;

/** What a message may have beside its body. */
export interface SendOptions {
  /** Message attributes: texts, numbers, bytes. @default none */
  readonly attributes?: Readonly<Record<string, string | number | Uint8Array>>;
  /** @default - the queue's delay */
  readonly delaySeconds?: number;
  /** Message group, of a FIFO queue. */
  readonly groupId?: string;
  /** Of a FIFO queue. @default - the queue's own way */
  readonly deduplicationId?: string;
}

/** A message with options of its own; they come before those of the call. */
export interface OutgoingMessage extends SendOptions {
  /** A text as it is, anything else as JSON. */
  readonly body: unknown;
}

export interface DeadLetter {
  readonly messageId: string;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
  /** Message attributes without semel's own: texts, numbers, bytes. */
  readonly attributes: Readonly<Record<string, string | number | Uint8Array>>;
  /** Why semel rejected it; undefined where it was received too often. */
  readonly failure: Failure | undefined;
  /** Over all queues that it was in. */
  readonly receiveCount: number;
}

/** An item as plain values; whole numbers that JavaScript would round are bigints, other such numbers the SDK's NumberValue. */
export type Document = Record<string, unknown>;

/**
 * A local cloud with what a test does to it. Queues, tables and functions go by their logical id, or its beginning (a construct's
 * id in CDK) where that means one, or "Stack/LogicalId"; by their physical name, or URL.
 */
export interface TestCloud
  extends Pick<
      LocalCloud,
      "clientConfig" | "faults" | "functions" | "outputs" | "queues" | "stackNames" | "stop" | "streams" | "tables"
    >,
    AsyncDisposable {
  /**
   * Sends a message, or each of a list, and gives their ids in this order. One that SQS did not take for reasons of its own is
   * sent again. An object that has `body`, and else only options, is a message; anything else is a body.
   */
  send(queue: string, messages: unknown, options?: SendOptions): Promise<readonly string[]>;
  /**
   * Hands recorded events to what feeds a function from Kinesis or Kafka, named by its event source mapping, its function or its ARN:
   * new records behind all others of their shard or partition, those that were there before once more.
   */
  replay(stream: string, ...events: readonly (KinesisEvent | KafkaEvent)[]): Promise<void>;
  /**
   * Resolves when there is nothing left to do: no message in a queue that feeds a function, no record in a stream, no invocation.
   * @default 30 s
   */
  idle(options?: IdleOptions): Promise<void>;
  /** All of a table, by strong reads; in no order. */
  items(table: string): Promise<readonly Document[]>;
  /** Undefined where there is none. */
  item(table: string, key: Document): Promise<Document | undefined>;
  /** What is in a dead-letter queue: the queue itself, or the one it has. Nothing is removed or received. */
  deadLetters(queue: string): Promise<readonly DeadLetter[]>;
  /** Moves what is in a dead-letter queue, named so or by its source, back to where it came from; gives how many. */
  redrive(queue: string): Promise<number>;
  /** Runs a function and gives what it returned; rejects with what it threw. */
  invoke(fn: string, event: unknown): Promise<unknown>;
  /** Lines so far, of one function or of all; the last 10,000. */
  logs(fn?: string): readonly LogLine[];
  /** Ready to use; destroyed by stop(). */
  readonly clients: { readonly sqs: SQSClient; readonly dynamodb: DynamoDBDocumentClient };
  /**
   * The same stacks once more on the same engines, for a test of its own: other queues, tables and workers, other faults, another
   * idle(). It stops alone, or with this one.
   */
  copy(options?: TestCopyOptions): Promise<TestCloud>;
}
