// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueueTags.html
import { queueOf } from "../engine.ts";
import type { Action } from "./action.ts";

export const listQueueTags: Action = (engine, input) => {
  const { tags } = queueOf(engine, input);
  return tags.size === 0 ? {} : { Tags: Object.fromEntries(tags) };
};
