// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html
import { queueOf } from "../engine.ts";
import { textMap } from "../input.ts";
import { setTags } from "../tags.ts";
import type { Action } from "./action.ts";

export const tagQueue: Action = (engine, input) => {
  setTags(queueOf(engine, input), textMap(input, "Tags"));
  return {};
};
