// The engine without HTTP, on a clock that the test turns.

import { call } from "../../../lib/local/sqs/call.ts";
import { createSqsEngine, queueUrl, type SqsEngine } from "../../../lib/local/sqs/engine.ts";
import type { Queue } from "../../../lib/local/sqs/queue.ts";
import type { JsonObject } from "../../../lib/local/values.ts";

export interface Driver {
  readonly engine: SqsEngine;
  nowMs(): number;
  /** Lets time pass; timers fire in order, each at its time. */
  turn(ms: number): void;
  /** How many timers are set. */
  timers(): number;
  /** Throws what the action refuses with. */
  act(action: string, input: JsonObject): JsonObject;
  /** For a receive that waits. `leave` is what happens when the caller goes. */
  wait(input: JsonObject): { answer: Promise<JsonObject>; leave: () => void };
  /** Creates a queue and gives its URL. */
  create(name: string, attributes?: Record<string, string>): string;
  queue(name: string): Queue;
}

export type Received = Record<"MessageId" | "ReceiptHandle" | "Body", string> & {
  readonly Attributes: Record<string, string>;
};

export const messagesOf = (answer: JsonObject): Received[] => (answer["Messages"] ?? []) as Received[];

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export function createDriver(): Driver {
  const timers = new Set<Timer>();
  let [nowMs, ids] = [1_767_600_000_000, 0];
  const clock = {
    nowMs: () => nowMs,
    after(delayMs: number, callback: () => void) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  const engine = createSqsEngine({ region: "eu-west-1", clock, newId: () => `id-${++ids}` });
  const earliest = (): Timer | undefined => [...timers].sort((a, b) => a.atMs - b.atMs)[0];

  const driver: Driver = {
    engine,
    nowMs: () => nowMs,
    turn(ms) {
      const endMs = nowMs + ms;
      for (let timer = earliest(); timer !== undefined && timer.atMs <= endMs; timer = earliest()) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.callback();
      }
      nowMs = endMs;
    },
    timers: () => timers.size,
    act(action, input) {
      const answer = call(engine, { action, input }, { onGone: () => {} });
      if (answer instanceof Promise) throw new Error(`${action} waits`);
      return answer;
    },
    wait(input) {
      const listeners: (() => void)[] = [];
      const caller = { onGone: (listener: () => void) => void listeners.push(listener) };
      const answer = Promise.resolve(call(engine, { action: "ReceiveMessage", input }, caller));
      return { answer, leave: () => listeners.forEach((listener) => void listener()) };
    },
    create(name, attributes = {}) {
      driver.act("CreateQueue", { QueueName: name, Attributes: attributes });
      return queueUrl(engine, name);
    },
    queue(name) {
      const queue = engine.queues.get(name);
      if (queue === undefined) throw new Error(`no queue ${name}`);
      return queue;
    },
  };
  return driver;
}
