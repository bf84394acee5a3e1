// An SQS event source mapping: polls the queue, invokes the function, deletes what the response allows.
// As many loops as the mapping has batches side by side; each polls, invokes and settles one batch after the other.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { SqsRecord } from "../aws/lambda.ts";
import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import type { EventSourceDefinition } from "./event-source-definition.ts";
import type { DeliveryFaults } from "./faults/deliveries.ts";
import { keepOrder, withEarlier } from "./fifo-batch.ts";
import type { FunctionPool } from "./function-pool.ts";
import { gatherBatch } from "./gather-batch.ts";
import { reason } from "./local-error.ts";
import { judgeResponse } from "./partial-response.ts";
import { toRecord } from "./sqs-record.ts";
import type { Warn } from "./stack-run.ts";
import type { LocalQueue } from "./types.ts";
import type { InvocationResult } from "./worker.ts";

export interface EventSourceOptions {
  readonly definition: EventSourceDefinition;
  readonly queue: LocalQueue;
  readonly region: string;
  readonly pool: FunctionPool;
  readonly client: SQSClient;
  readonly warn: Warn;
  readonly faults: DeliveryFaults;
  /** The engine is down by a fault, or was until now. */
  readonly isShaken: () => boolean;
  /** The engine cannot be reached any more. */
  readonly onUnreachable: (error: Error) => void;
}

export interface EventSource {
  readonly queue: LocalQueue;
  /** No further receive. Resolves when the batches at work are settled. */
  stop(): Promise<void>;
}

/** Receives that fail one after the other for want of a connection, until the engine counts as gone. */
const UNREACHABLE_MAX = 3;
const RETRY_RECEIVE_MS = 500;
const DELETE_TRIES_MAX = 3;

export function startEventSource(options: EventSourceOptions): EventSource {
  const stopping = new AbortController();
  const { definition } = options;
  const loops = Array.from({ length: definition.concurrency }, () => poll(options, stopping.signal));
  return {
    queue: options.queue,
    async stop() {
      stopping.abort();
      await Promise.all(loops);
    },
  };
}

async function poll(options: EventSourceOptions, signal: AbortSignal): Promise<void> {
  const { batchSize, windowMs, isFifo } = options.definition;
  let carried: readonly SqsRecord[] = [];
  let unreachable = 0;
  while (!signal.aborted && unreachable < UNREACHABLE_MAX) {
    await options.faults.pauseOf(options.queue);
    let batch: readonly SqsRecord[];
    try {
      const receive = (messagesMax: number, waitSeconds: number) =>
        receiveRecords(options, messagesMax, waitSeconds, signal);
      const gathered = await gatherBatch(receive, carried, { batchSize, windowMs, signal });
      ({ batch, carried } = options.faults.shape(options.queue, gathered, batchSize));
      unreachable = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      if (options.isShaken()) {
        await pause(RETRY_RECEIVE_MS);
        continue;
      }
      options.warn(`cannot receive from queue ${options.queue.name}: ${reason(thrown)}`);
      unreachable = isConnectionError(thrown) ? unreachable + 1 : 0;
      if (unreachable === UNREACHABLE_MAX) options.onUnreachable(asError(thrown));
      await pause(RETRY_RECEIVE_MS);
      continue;
    }
    if (batch.length === 0 || signal.aborted) continue;
    const deletedIds = await deliver(options, batch);
    if (isFifo) carried = keepOrder(carried, batch, deletedIds);
  }
}

async function receiveRecords(
  { client, queue, region }: EventSourceOptions,
  messagesMax: number,
  waitSeconds: number,
  abortSignal: AbortSignal,
): Promise<SqsRecord[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queue.url,
    MaxNumberOfMessages: messagesMax,
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  const { Messages: messages } = await client.send(command, { abortSignal });
  return (messages ?? []).map((message) => toRecord(message, { queueArn: queue.arn, region }));
}

/** Gives the ids of the messages deleted. */
async function deliver(
  options: EventSourceOptions,
  batch: readonly SqsRecord[],
  isCopy = false,
): Promise<readonly string[]> {
  const { isFifo } = options.definition;
  let deletedIds: readonly string[] = [];
  if (!isCopy) {
    options.faults.delivered(options.queue, batch, {
      repeat: (records) => void deliver(options, isFifo ? withEarlier(records, batch) : records, true),
      expire: (record) => void expire(options, record),
    });
  }
  try {
    await options.pool.run(JSON.stringify({ Records: batch }), {
      messageIds: batch.map((record) => record.messageId),
      isCopy,
      settle: async (result) => {
        deletedIds = await settle(options, batch, result);
        return deletedIds;
      },
    });
  } catch (thrown) {
    options.warn(`batch of queue ${options.queue.name} stays in flight: ${reason(thrown)}`);
  }
  return deletedIds;
}

/** Its visibility timeout ends now. */
async function expire({ client, queue }: EventSourceOptions, { receiptHandle }: SqsRecord): Promise<void> {
  const change = { QueueUrl: queue.url, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
  await client.send(new ChangeMessageVisibilityCommand(change)).catch(() => {}); // it may be deleted already
}

/** Gives the ids of the messages deleted. */
async function settle(
  options: EventSourceOptions,
  batch: readonly SqsRecord[],
  result: InvocationResult,
): Promise<string[]> {
  if (result.outcome !== "success") return []; // the whole batch comes back
  const { reportsFailures } = options.definition;
  const verdict = judgeResponse(result.payload, {
    messageIds: batch.map((record) => record.messageId),
    reportsFailures,
  });
  if (verdict.kind === "failed") {
    options.warn(`the whole batch of queue ${options.queue.name} comes back: ${verdict.reason}`);
    return [];
  }
  const deletable = new Set(verdict.delete);
  const succeeded = batch.filter((record) => deletable.has(record.messageId));
  return deleteRecords(options, options.faults.toDelete(options.queue, succeeded));
}

async function deleteRecords(options: EventSourceOptions, records: readonly SqsRecord[]): Promise<string[]> {
  const deleted: string[] = [];
  for (let start = 0; start < records.length; start += QUEUE_BATCH_MESSAGES_MAX) {
    deleted.push(...(await deleteChunk(options, records.slice(start, start + QUEUE_BATCH_MESSAGES_MAX))));
  }
  return deleted;
}

async function deleteChunk(
  { client, queue, warn }: EventSourceOptions,
  chunk: readonly SqsRecord[],
): Promise<string[]> {
  let left = chunk.map((record, index) => ({ Id: String(index), ReceiptHandle: record.receiptHandle }));
  let error = "";
  for (let tries = 0; tries < DELETE_TRIES_MAX && left.length > 0; tries += 1) {
    try {
      const answer = await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries: left }));
      const failed = answer.Failed ?? [];
      error = failed.map((entry) => entry.Message ?? entry.Code).join("; ");
      left = left.filter((entry) => failed.some(({ Id }) => Id === entry.Id));
    } catch (thrown) {
      error = reason(thrown);
    }
  }
  if (left.length > 0) warn(`${left.length} messages of queue ${queue.name} were not deleted and come back: ${error}`);
  const kept = new Set(left.map(({ Id }) => Number(Id)));
  return chunk.filter((_, index) => !kept.has(index)).map((record) => record.messageId);
}

function isConnectionError(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | null)?.code;
  return code === "ECONNREFUSED" || code === "ECONNRESET" || code === "ENOTFOUND" || code === "EHOSTUNREACH";
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
