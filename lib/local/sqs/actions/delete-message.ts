// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
import { queueOf } from "../engine.ts";
import { requiredText } from "../input.ts";
import { deleteByReceipt } from "../receipts.ts";
import { troubleOf } from "../trouble.ts";
import type { Action } from "./action.ts";

export const deleteMessage: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const deleted = deleteByReceipt(queue, requiredText(input, "ReceiptHandle"), engine.clock.nowMs());
  if (deleted !== undefined) troubleOf(engine, queue).onDeleted?.(queue, deleted);
  return {};
};
