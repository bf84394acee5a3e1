// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
import { queueOf } from "../engine.ts";
import { textList } from "../input.ts";
import { advance, type Queue } from "../queue.ts";
import { attributeTexts, isAttributeName, unknownAttribute } from "../queue-attributes.ts";
import type { Action } from "./action.ts";

export const getQueueAttributes: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const names = textList(input, "AttributeNames");
  advance(queue, engine.clock.nowMs());
  const all = allAttributes(queue);
  const unknown = names.find((name) => name !== "All" && all[name] === undefined && !isAttributeName(name));
  if (unknown !== undefined) throw unknownAttribute(unknown);
  const chosen = names.includes("All") ? Object.keys(all) : names;
  const shown = chosen.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]] as const]));
  return shown.length === 0 ? {} : { Attributes: Object.fromEntries(shown) };
};

function allAttributes(queue: Queue): Readonly<Record<string, string>> {
  return {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(queue.counts.visible),
    ApproximateNumberOfMessagesNotVisible: String(queue.counts.inFlight),
    ApproximateNumberOfMessagesDelayed: String(queue.counts.delayed),
    CreatedTimestamp: String(Math.floor(queue.createdAtMs / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAtMs / 1000)),
    ...attributeTexts(queue.attributes, queue.isFifo),
  };
}
