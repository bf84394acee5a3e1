// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../../../aws/limits.ts";
import type { JsonObject } from "../../values.ts";
import { queueOf } from "../engine.ts";
import { missingParameter } from "../errors.ts";
import { optionalInteger, requiredText } from "../input.ts";
import type { Queue } from "../queue.ts";
import { changeVisibility } from "../receipts.ts";
import type { Action } from "./action.ts";

export const changeMessageVisibility: Action = (engine, input) => {
  changeOne(queueOf(engine, input), input, engine.clock.nowMs());
  return {};
};

/** One request, or one entry of a batch. */
export function changeOne(queue: Queue, input: JsonObject, nowMs: number): void {
  const handle = requiredText(input, "ReceiptHandle");
  const seconds = optionalInteger(input, "VisibilityTimeout", { min: 0, max: VISIBILITY_TIMEOUT_SECONDS_MAX });
  if (seconds === undefined) throw missingParameter("VisibilityTimeout");
  changeVisibility(queue, handle, { seconds, nowMs });
}
