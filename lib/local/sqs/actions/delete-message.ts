// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
import { queueOf } from "../engine.ts";
import { requiredText } from "../input.ts";
import { deleteByReceipt } from "../receipts.ts";
import type { Action } from "./action.ts";

export const deleteMessage: Action = (engine, input) => {
  deleteByReceipt(queueOf(engine, input), requiredText(input, "ReceiptHandle"), engine.clock.nowMs());
  return {};
};
