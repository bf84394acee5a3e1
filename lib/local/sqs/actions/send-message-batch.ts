// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
import { MESSAGE_BYTES_MAX } from "../../../aws/queues.ts";
import type { JsonObject } from "../../values.ts";
import { isObject } from "../../values.ts";
import { type Entry, readEntries, runEntries } from "../batch.ts";
import { queueOf } from "../engine.ts";
import { SqsError } from "../errors.ts";
import { attributeBytes, type MessageAttributes } from "../message-attributes.ts";
import type { Queue } from "../queue.ts";
import { send } from "../queue-send.ts";
import { readSend, sendAnswer } from "../send-input.ts";
import type { Action } from "./action.ts";

export const sendMessageBatch: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const entries = readEntries(input, "SendMessageBatchRequestEntry");
  checkTotal(entries);
  checkFifo(queue, entries);
  const nowMs = engine.clock.nowMs();
  return runEntries(entries, (entry) => {
    const { draft, delaySeconds } = readSend(queue, entry);
    return sendAnswer(draft, send(queue, draft, { delaySeconds, newId: engine.newId, nowMs }));
  });
};

function checkTotal(entries: readonly Entry[]): void {
  const bytes = entries.reduce((sum, { input }) => sum + bytesOf(input), 0);
  if (bytes <= MESSAGE_BYTES_MAX) return;
  throw new SqsError(
    "BatchRequestTooLong",
    `Batch requests cannot be longer than ${MESSAGE_BYTES_MAX} bytes. You have sent ${bytes} bytes.`,
  );
}

/** Before anything is checked: what isn't well-formed counts nothing, and fails alone. */
function bytesOf({ MessageBody: body, MessageAttributes: attributes }: JsonObject): number {
  const isWellFormed =
    isObject(attributes) &&
    Object.values(attributes).every((one) => isObject(one) && typeof one["DataType"] === "string");
  return (
    (typeof body === "string" ? Buffer.byteLength(body) : 0) +
    (isWellFormed ? attributeBytes(attributes as MessageAttributes) : 0)
  );
}

/** These two refuse the whole request, as recorded on AWS. */
function checkFifo(queue: Queue, entries: readonly Entry[]): void {
  if (!queue.isFifo) return;
  if (entries.some(({ input }) => (input["MessageGroupId"] ?? undefined) === undefined)) {
    throw new SqsError("InvalidParameterValue", "The request must contain the parameter MessageGroupId.");
  }
  const lacksId = entries.some(({ input }) => (input["MessageDeduplicationId"] ?? undefined) === undefined);
  if (lacksId && !queue.attributes.ContentBasedDeduplication) {
    throw new SqsError(
      "InvalidParameterValue",
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
}
