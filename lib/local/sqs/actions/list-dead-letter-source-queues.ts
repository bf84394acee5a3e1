// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListDeadLetterSourceQueues.html
import { deadLetterSources, queueOf, queueUrl } from "../engine.ts";
import { page } from "../pages.ts";
import type { Action } from "./action.ts";

export const listDeadLetterSourceQueues: Action = (engine, input) => {
  const sources = deadLetterSources(engine, queueOf(engine, input).arn);
  const { names, nextToken } = page(
    sources.map(({ name }) => name),
    input,
  );
  return { queueUrls: names.map((name) => queueUrl(engine, name)), NextToken: nextToken };
};
