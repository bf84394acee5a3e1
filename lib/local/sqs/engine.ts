// The engine without its HTTP: queues, those who wait, move tasks, one clock for all.

import { randomUUID } from "node:crypto";
import type { JsonObject } from "../values.ts";
import { type SqsClock, systemClock } from "./clock.ts";
import { queueDoesNotExist } from "./errors.ts";
import { requiredText } from "./input.ts";
import { createLongPolls, type LongPolls } from "./long-poll.ts";
import type { MoveTask } from "./move-task.ts";
import type { Queue } from "./queue.ts";
import type { SqsTrouble } from "./trouble.ts";

/** As fauxqs, LocalStack and others have it. */
export const ACCOUNT_ID = "000000000000";

export interface SqsEngine {
  readonly region: string;
  readonly clock: SqsClock;
  readonly newId: () => string;
  readonly queues: Map<string, Queue>;
  readonly polls: LongPolls;
  /** The latest of each source, by its ARN. */
  readonly moveTasks: Map<string, MoveTask[]>;
  /** Nothing unless somebody asks for trouble. */
  trouble: SqsTrouble;
  /** In place of it, for a queue that has its own. */
  readonly troubles: WeakMap<Queue, SqsTrouble>;
  /** Beginning of the queues' URLs. */
  endpoint: string;
  /** Queues created so far. */
  serial: number;
}

export interface SqsEngineOptions {
  readonly region: string;
  /** @default - the process's */
  readonly clock?: SqsClock;
  /** @default - random UUIDs */
  readonly newId?: () => string;
}

export function createSqsEngine(options: SqsEngineOptions): SqsEngine {
  const clock = options.clock ?? systemClock;
  return {
    region: options.region,
    clock,
    newId: options.newId ?? randomUUID,
    queues: new Map(),
    polls: createLongPolls(clock),
    moveTasks: new Map(),
    trouble: {},
    troubles: new WeakMap(),
    endpoint: "http://127.0.0.1",
    serial: 0,
  };
}

export function queueUrl(engine: SqsEngine, name: string): string {
  return `${engine.endpoint}/${ACCOUNT_ID}/${name}`;
}

export function queueArn(engine: SqsEngine, name: string): string {
  return `arn:aws:sqs:${engine.region}:${ACCOUNT_ID}:${name}`;
}

/** By QueueUrl, whatever its host: the same port may have several names. */
export function queueOf(engine: SqsEngine, input: JsonObject): Queue {
  const { QueueUrl: url } = input;
  if (typeof url !== "string") throw queueDoesNotExist();
  const [account, name = ""] = url.split("/").slice(-2);
  const queue = account === ACCOUNT_ID ? engine.queues.get(name) : undefined;
  if (queue === undefined) throw queueDoesNotExist();
  return queue;
}

export function queueNamed(engine: SqsEngine, input: JsonObject): Queue {
  const queue = engine.queues.get(requiredText(input, "QueueName"));
  if (queue === undefined) throw queueDoesNotExist();
  return queue;
}

export function queueByArn(engine: SqsEngine, arn: string): Queue | undefined {
  const queue = engine.queues.get(arn.slice(arn.lastIndexOf(":") + 1));
  return queue?.arn === arn ? queue : undefined;
}

/** Queues whose messages go to this one when they were received too often. */
export function deadLetterSources(engine: SqsEngine, arn: string): Queue[] {
  return [...engine.queues.values()].filter(({ attributes }) => attributes.RedrivePolicy?.deadLetterTargetArn === arn);
}

/** Ends what runs: nobody waits any more, no timer is left. */
export function endEngine(engine: SqsEngine): void {
  engine.polls.end();
  for (const task of [...engine.moveTasks.values()].flat()) task.cancelTimer();
}
