// Dead-letter queues: what is in them, and its way back.

import { setTimeout as sleep } from "node:timers/promises";
import {
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import type { SqsMessageAttribute } from "../../aws/lambda.ts";
import type { LocalQueue, QueuedMessage } from "../../local/index.ts";
import { localError } from "../../local/local-error.ts";
import { FAILURE_ATTRIBUTE, type Failure } from "../../protocol/rejection.ts";
import type { DeadLetter } from "./types.ts";

export interface Queues {
  readonly queues: readonly LocalQueue[];
  readonly client: SQSClient;
}

const LOOK_EVERY_MS = 20;
const MOVE_MS_MAX = 60_000;

export interface DeadLetterQueue {
  readonly queue: LocalQueue;
  /** Whose messages come here. Named by its source, it is this one alone. */
  readonly sources: readonly LocalQueue[];
}

/** The queue, if it is a dead-letter queue; else the one that it has. */
export async function deadLetterQueueOf(named: LocalQueue, { queues, client }: Queues): Promise<DeadLetterQueue> {
  const targets = new Map<LocalQueue, string>();
  for (const queue of queues) {
    const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ["RedrivePolicy"] });
    const policy = (await client.send(command)).Attributes?.["RedrivePolicy"];
    const target: unknown = policy === undefined ? undefined : JSON.parse(policy)["deadLetterTargetArn"];
    if (typeof target === "string") targets.set(queue, target);
  }
  const sources = queues.filter((queue) => targets.get(queue) === named.arn);
  if (sources.length > 0) return { queue: named, sources };
  const target = targets.get(named);
  const found = queues.find(({ arn }) => arn === target);
  if (found !== undefined) return { queue: found, sources: [named] };
  const known = queues.filter(({ arn }) => [...targets.values()].includes(arn)).map(({ logicalId }) => logicalId);
  const seen = target === undefined ? "has no dead-letter queue and is none" : `has ${target}, which does not run here`;
  throw localError(
    `Cannot find the dead letters of "${named.logicalId}": it ${seen}; dead-letter queues: ${known.join(", ") || "none"}`,
  );
}

export function toDeadLetter({ messageId, body, messageAttributes, attributes }: QueuedMessage): DeadLetter {
  const own = Object.entries(messageAttributes).filter(([name]) => name !== FAILURE_ATTRIBUTE);
  const failure = messageAttributes[FAILURE_ATTRIBUTE]?.stringValue;
  return {
    messageId,
    body: parsed(body),
    attributes: Object.fromEntries(own.map(([name, attribute]) => [name, plainValue(attribute)])),
    failure: failure === undefined ? undefined : (JSON.parse(failure) as Failure),
    receiveCount: Number(attributes["ApproximateReceiveCount"] ?? 0),
  };
}

function plainValue({ dataType, stringValue = "", binaryValue }: SqsMessageAttribute): string | number | Uint8Array {
  if (binaryValue !== undefined) return new Uint8Array(Buffer.from(binaryValue, "base64"));
  return dataType === "Number" || dataType.startsWith("Number.") ? Number(stringValue) : stringValue;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

/**
 * Resolves when all are moved. A message that semel has rejected does not tell SQS where it came from, so the source is named
 * where there is one; of several, each gets its own back.
 */
export async function redriveQueue({ queue, sources }: DeadLetterQueue, client: SQSClient): Promise<number> {
  const { arn, name } = queue;
  const [source, other] = sources;
  const destination = source === undefined || other !== undefined ? {} : { DestinationArn: source.arn };
  const start = new StartMessageMoveTaskCommand({ SourceArn: arn, ...destination });
  const { TaskHandle: handle } = await client.send(start);
  for (let waitedMs = 0; waitedMs < MOVE_MS_MAX; waitedMs += LOOK_EVERY_MS) {
    const { Results: tasks = [] } = await client.send(new ListMessageMoveTasksCommand({ SourceArn: arn }));
    const [task] = tasks; // the latest; a task that runs has its handle
    const moved = Number(task?.ApproximateNumberOfMessagesMoved ?? 0);
    if (task?.Status === "COMPLETED") return moved;
    if (task !== undefined && task.TaskHandle !== handle) {
      const why = task.FailureReason ?? "no reason given";
      throw localError(`Cannot redrive ${name}: the move task is ${task.Status} (${why}) after ${moved} messages`);
    }
    await sleep(LOOK_EVERY_MS);
  }
  throw localError(`Cannot redrive ${name}: its move task did not end within ${MOVE_MS_MAX} ms`);
}
