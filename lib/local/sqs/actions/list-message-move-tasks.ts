// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html
import { queueByArn } from "../engine.ts";
import { optionalInteger, requiredText } from "../input.ts";
import { MOVE_TASKS_LISTED_MAX } from "../limits.ts";
import { noSuchQueue } from "../move-task.ts";
import type { Action } from "./action.ts";

export const listMessageMoveTasks: Action = (engine, input) => {
  const sourceArn = requiredText(input, "SourceArn");
  const most = optionalInteger(input, "MaxResults", { min: 1, max: MOVE_TASKS_LISTED_MAX }) ?? 1;
  if (queueByArn(engine, sourceArn) === undefined) throw noSuchQueue("SourceArn");
  const tasks = engine.moveTasks.get(sourceArn) ?? [];
  return {
    Results: tasks.slice(0, most).map((task) => ({
      TaskHandle: task.status === "RUNNING" ? task.handle : undefined, // only then, as on AWS
      Status: task.status,
      SourceArn: task.sourceArn,
      DestinationArn: task.destinationArn,
      MaxNumberOfMessagesPerSecond: task.perSecond,
      ApproximateNumberOfMessagesMoved: task.moved,
      ApproximateNumberOfMessagesToMove: task.toMove,
      FailureReason: task.failureReason,
      StartedTimestamp: task.startedAtMs,
    })),
  };
};
