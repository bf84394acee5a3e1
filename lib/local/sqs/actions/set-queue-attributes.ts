// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
import { checkRedrivePolicy } from "../check-redrive.ts";
import { queueOf } from "../engine.ts";
import { SqsError } from "../errors.ts";
import { textMap } from "../input.ts";
import { setAttributes } from "../queue.ts";
import { applyAttributes, unknownAttribute } from "../queue-attributes.ts";
import type { Action } from "./action.ts";

export const setQueueAttributes: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const { FifoQueue: fifo, ...changes } = textMap(input, "Attributes");
  if (fifo !== undefined && !queue.isFifo) throw unknownAttribute("FifoQueue");
  if (fifo !== undefined && fifo !== "true") {
    throw new SqsError("InvalidAttributeValue", "The type of a queue can't be changed after it was created.");
  }
  const attributes = applyAttributes(queue.attributes, changes, queue.isFifo);
  if (changes["RedrivePolicy"] !== undefined && attributes.RedrivePolicy) {
    checkRedrivePolicy(engine, queue, attributes.RedrivePolicy);
  }
  setAttributes(queue, attributes, engine.clock.nowMs());
  return {};
};
