// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
import { readEntries, runEntries } from "../batch.ts";
import { queueOf } from "../engine.ts";
import type { Action } from "./action.ts";
import { changeOne } from "./change-message-visibility.ts";

export const changeMessageVisibilityBatch: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const nowMs = engine.clock.nowMs();
  return runEntries(readEntries(input, "ChangeMessageVisibilityBatchRequestEntry"), (entry) => {
    changeOne(queue, entry, nowMs);
    return {};
  });
};
