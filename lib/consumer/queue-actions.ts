// What a consumer does to its queues beside acknowledging: moves a rejected message to the dead-letter queue, and says when
// failed ones come again.
//
//   QA1. A dead letter is sent only when SQS gave it an id: any other answer is an error.
//   QA2. To hide messages is a favour to the queue: what goes wrong is told, and changes nothing.

import type { SqsRecord } from "../aws/lambda.ts";
import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import type { Host } from "../host.ts";
import type { DeadLetter } from "../protocol/rejection.ts";
import { createSlots } from "./concurrency.ts";
import type { SqsAnswerOf, SqsRequest, SqsSend } from "./sqs-send.ts";

/** A request to SQS without an answer is given up after this time. */
export const QUEUE_TIMEOUT_MS = 3_000;
/** Calls under way at a time. */
const CALLS_MAX = 10;

/** A message that failed, and when it is to come again. */
export interface Hidden {
  readonly record: SqsRecord;
  readonly seconds: number;
}

export interface NotHidden {
  readonly messageIds: readonly string[];
  readonly cause: unknown;
}

export interface QueueActions {
  /** Resolves when SQS has the letter; else rejects, and then it may have it or not. */
  sendDeadLetter(queueUrl: string, letter: DeadLetter, signal: AbortSignal): Promise<void>;
  /** Resolves with those that could not be hidden, within some seconds. Never rejects. */
  hide(messages: readonly Hidden[], signal: AbortSignal): Promise<readonly NotHidden[]>;
}

export function queueActions({ send, host }: { send: SqsSend; host: Host }): QueueActions {
  const urls = new Map<string, string>(); // facts about queues, never about requests

  async function inTime<T>(outer: AbortSignal, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timeout = new AbortController();
    const cancel = host.after(QUEUE_TIMEOUT_MS, () => timeout.abort(new Error("no answer of SQS in time")));
    try {
      return await act(AbortSignal.any([timeout.signal, outer]));
    } finally {
      cancel();
    }
  }

  async function hideAll(messages: readonly Hidden[], signal: AbortSignal): Promise<NotHidden[]> {
    const slots = createSlots(CALLS_MAX, signal);
    const told = (some: readonly Hidden[]) => (cause: unknown) => [{ messageIds: some.map(idOf), cause }]; // QA2
    const queues = Map.groupBy(messages, ({ record }) => record.eventSourceARN);
    const attempts = [...queues].map(async ([arn, some]) => {
      const url = await urlOf(arn, signal);
      const calls = chunks(some).map((chunk) => slots.run(() => hideBatch(url, chunk, signal)).catch(told(chunk)));
      return (await Promise.all(calls)).flat();
    });
    const failures = attempts.map((attempt, index) => attempt.catch(told([...queues.values()][index] ?? [])));
    return (await Promise.all(failures)).flat();
  }

  async function hideBatch(queueUrl: string, chunk: readonly Hidden[], signal: AbortSignal): Promise<NotHidden[]> {
    const Entries = chunk.map(({ record, seconds }, index) => ({
      Id: String(index),
      ReceiptHandle: record.receiptHandle,
      VisibilityTimeout: seconds,
    }));
    const input = { QueueUrl: queueUrl, Entries };
    const { Failed = [] } = await request({ operation: "ChangeMessageVisibilityBatch", input }, signal);
    return Failed.map((cause) => ({ messageIds: chunk.slice(Number(cause.Id)).slice(0, 1).map(idOf), cause }));
  }

  /** Looked up rather than put together: the URL has to work at the client's endpoint, be it a local one. */
  async function urlOf(arn: string, signal: AbortSignal): Promise<string> {
    const known = urls.get(arn);
    if (known !== undefined) return known;
    const [, , , , account = "", name = ""] = arn.split(":");
    const input = { QueueName: name, ...(account === "" ? {} : { QueueOwnerAWSAccountId: account }) };
    const { QueueUrl } = await request({ operation: "GetQueueUrl", input }, signal);
    if (QueueUrl === undefined) throw new Error(`SQS gave no URL for ${arn}`);
    urls.set(arn, QueueUrl);
    return QueueUrl;
  }

  function request<R extends SqsRequest>(given: R, signal: AbortSignal): Promise<SqsAnswerOf<R>> {
    signal.throwIfAborted();
    return send(given, { signal });
  }

  return {
    async sendDeadLetter(queueUrl, { body, attributes, fifo }, outer) {
      const input = {
        QueueUrl: queueUrl,
        MessageBody: body,
        MessageAttributes: attributes,
        ...(fifo && { MessageGroupId: fifo.groupId, MessageDeduplicationId: fifo.deduplicationId }),
      };
      const { MessageId } = await inTime(outer, (signal) => request({ operation: "SendMessage", input }, signal));
      if (typeof MessageId !== "string" || MessageId === "") throw new Error("the answer to SendMessage has no id"); // QA1
    },
    hide: (messages, outer) => inTime(outer, (signal) => hideAll(messages, signal)),
  };
}

function idOf({ record }: Hidden): string {
  return record.messageId;
}

function chunks(messages: readonly Hidden[]): Hidden[][] {
  const size = QUEUE_BATCH_MESSAGES_MAX;
  return Array.from({ length: Math.ceil(messages.length / size) }, (_, index) =>
    messages.slice(index * size, (index + 1) * size),
  );
}
