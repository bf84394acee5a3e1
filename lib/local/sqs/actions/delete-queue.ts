// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html
// At once, and its name is free at once; AWS takes up to 60 seconds.
import { queueOf } from "../engine.ts";
import type { Action } from "./action.ts";

export const deleteQueue: Action = (engine, input) => {
  const { name, arn } = queueOf(engine, input);
  engine.queues.delete(name);
  for (const task of engine.moveTasks.get(arn) ?? []) task.cancelTimer();
  engine.moveTasks.delete(arn);
  return {};
};
