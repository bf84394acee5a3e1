// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
import { readEntries, runEntries } from "../batch.ts";
import { queueOf } from "../engine.ts";
import { requiredText } from "../input.ts";
import { deleteByReceipt } from "../receipts.ts";
import { troubleOf } from "../trouble.ts";
import type { Action } from "./action.ts";

export const deleteMessageBatch: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const nowMs = engine.clock.nowMs();
  return runEntries(readEntries(input, "DeleteMessageBatchRequestEntry"), (entry) => {
    const deleted = deleteByReceipt(queue, requiredText(entry, "ReceiptHandle"), nowMs);
    if (deleted !== undefined) troubleOf(engine, queue).onDeleted?.(queue, deleted);
    return {};
  });
};
