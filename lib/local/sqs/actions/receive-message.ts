// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
// ReceiveRequestAttemptId is accepted, and has no effect: a receive whose answer was lost is not repeated.
import { LONG_POLL_SECONDS_MAX } from "../../../aws/event-source-mapping.ts";
import { QUEUE_BATCH_MESSAGES_MAX, VISIBILITY_TIMEOUT_SECONDS_MAX } from "../../../aws/limits.ts";
import type { JsonObject } from "../../values.ts";
import { queueByArn, queueOf } from "../engine.ts";
import { queueDoesNotExist } from "../errors.ts";
import { optionalInteger, textList } from "../input.ts";
import type { Answer } from "../long-poll.ts";
import { checkSystemNames, viewOf } from "../message.ts";
import { receive } from "../queue-receive.ts";
import { receiptHandle } from "../receipts.ts";
import { troubleOf } from "../trouble.ts";
import type { Action } from "./action.ts";

export const receiveMessage: Action = (engine, input, caller) => {
  const queue = queueOf(engine, input);
  const max = optionalInteger(input, "MaxNumberOfMessages", { min: 1, max: QUEUE_BATCH_MESSAGES_MAX }) ?? 1;
  const visibilitySeconds = optionalInteger(input, "VisibilityTimeout", {
    min: 0,
    max: VISIBILITY_TIMEOUT_SECONDS_MAX,
  });
  const waitSeconds =
    optionalInteger(input, "WaitTimeSeconds", { min: 0, max: LONG_POLL_SECONDS_MAX }) ??
    queue.attributes.ReceiveMessageWaitTimeSeconds;
  const view = {
    systemNames: [...textList(input, "AttributeNames"), ...textList(input, "MessageSystemAttributeNames")],
    attributeNames: textList(input, "MessageAttributeNames"),
  };
  checkSystemNames(view.systemNames);

  const attempt = (): Answer => {
    if (engine.queues.get(queue.name) !== queue) throw queueDoesNotExist(); // deleted while somebody waited
    troubleOf(engine, queue).onReceive?.(queue);
    const findQueue = (arn: string) => queueByArn(engine, arn);
    const received = receive(queue, { max, visibilitySeconds, nowMs: engine.clock.nowMs(), findQueue });
    return received.map((message) => viewOf(message, receiptHandle(queue, message), view));
  };
  const messages = attempt();
  if (messages.length > 0 || waitSeconds === 0) return answer(messages);
  const untilMs = engine.clock.nowMs() + waitSeconds * 1000;
  return engine.polls.wait({ queue, untilMs, attempt, onGone: caller.onGone }).then(answer);
};

function answer(messages: Answer): JsonObject {
  return messages.length === 0 ? {} : { Messages: messages };
}
