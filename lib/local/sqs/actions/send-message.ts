// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
import { queueOf } from "../engine.ts";
import { send } from "../queue-send.ts";
import { readSend, sendAnswer } from "../send-input.ts";
import type { Action } from "./action.ts";

export const sendMessage: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const { draft, delaySeconds } = readSend(queue, input);
  const sent = send(queue, draft, { delaySeconds, newId: engine.newId, nowMs: engine.clock.nowMs() });
  return sendAnswer(draft, sent);
};
