// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
import { queueUrl } from "../engine.ts";
import { optionalText } from "../input.ts";
import { page } from "../pages.ts";
import type { Action } from "./action.ts";

export const listQueues: Action = (engine, input) => {
  const prefix = optionalText(input, "QueueNamePrefix") ?? "";
  const names = [...engine.queues.keys()].filter((name) => name.startsWith(prefix));
  const { names: shown, nextToken } = page(names, input);
  // Without any, AWS answers with no list.
  return {
    QueueUrls: shown.length === 0 ? undefined : shown.map((name) => queueUrl(engine, name)),
    NextToken: nextToken,
  };
};
