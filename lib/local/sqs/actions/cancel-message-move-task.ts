// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CancelMessageMoveTask.html
import { requiredText } from "../input.ts";
import { cancelMoveTask } from "../move-task.ts";
import type { Action } from "./action.ts";

export const cancelMessageMoveTask: Action = (engine, input) => {
  const { moved } = cancelMoveTask(engine, requiredText(input, "TaskHandle"));
  return { ApproximateNumberOfMessagesMoved: moved };
};
