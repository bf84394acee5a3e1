// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_UntagQueue.html
import { queueOf } from "../engine.ts";
import { textList } from "../input.ts";
import type { Action } from "./action.ts";

export const untagQueue: Action = (engine, input) => {
  const { tags } = queueOf(engine, input);
  for (const key of textList(input, "TagKeys")) tags.delete(key);
  return {};
};
