// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
import { deadLetterSources, queueByArn, type SqsEngine } from "../engine.ts";
import { SqsError } from "../errors.ts";
import { optionalInteger, optionalText, requiredText } from "../input.ts";
import { MOVES_PER_SECOND_MAX } from "../limits.ts";
import { checkSameType, noSuchQueue, startMoveTask } from "../move-task.ts";
import type { Queue } from "../queue.ts";
import type { Action } from "./action.ts";

export const startMessageMoveTask: Action = (engine, input) => {
  const source = findByArn(engine, "SourceArn", requiredText(input, "SourceArn"));
  const destinationArn = optionalText(input, "DestinationArn");
  const perSecond = optionalInteger(input, "MaxNumberOfMessagesPerSecond", { min: 1, max: MOVES_PER_SECOND_MAX });
  if (destinationArn !== undefined) checkSameType(source, findByArn(engine, "DestinationArn", destinationArn));
  if (deadLetterSources(engine, source.arn).length === 0) {
    throw new SqsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
  }
  return { TaskHandle: startMoveTask(engine, source, { destinationArn, perSecond }).handle };
};

function findByArn(engine: SqsEngine, parameter: string, arn: string): Queue {
  const queue = queueByArn(engine, arn);
  if (queue === undefined) throw noSuchQueue(parameter);
  return queue;
}
