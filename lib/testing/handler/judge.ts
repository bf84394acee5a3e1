// What an explored handler promises, and how often the effect of an event is there. Pure.
//
//   J1. At every step the effect of an event is there at most once.
//   J2. A message that was acknowledged has its effect, or is in the dead-letter queue.
//   J3. After a delivery in which nothing goes wrong, every event has its effect once, or is in the dead-letter queue, and its
//       message is acknowledged.

import { fromItem } from "../../consumer/marshalling.ts";
import { SemelError } from "../../errors.ts";
import { type OutboxMessage, readOutboxItem } from "../../protocol/outbox.ts";
import type { HandlerEngine, Sent } from "./engine.ts";
import type { Stub } from "./stub.ts";

/** What `effects` reads. */
export interface World {
  /** The items of a table as plain objects. */
  items(tableName: string): Record<string, unknown>[];
  /** The arguments of every call of a stub that reached the other system. */
  calls<Args extends readonly unknown[]>(stub: Stub<Args, never> | Stub<Args, unknown>): Args[];
  /** Messages that were sent, to all queues or to one. */
  sent(queueUrl?: string): Sent[];
  /** What `tx.send` and `tx.publish` left in an outbox table, `{ partitionKey: "pk", sortKey: "sk" }`: no relay takes it. */
  outbox(tableName: string): OutboxMessage[];
}

/** A message of the exploration. */
export interface ExploredEvent<Body = unknown> {
  readonly messageId: string;
  readonly body: Body;
}

export type Effects<Body> = (world: World, event: ExploredEvent<Body>) => number;

export interface QueuedState<Body> extends ExploredEvent<Body> {
  readonly deleted: boolean;
}

export interface Judged {
  readonly complaints: readonly string[];
  /** By message. */
  readonly counts: ReadonlyMap<string, number>;
}

export function worldOf(engine: HandlerEngine): World {
  return {
    items: (tableName) => engine.items(tableName).map(fromItem),
    calls: <Args extends readonly unknown[]>({ stubName }: { readonly stubName: string }) =>
      engine.landed().flatMap(({ name, args }) => (name === stubName ? [structuredClone(args) as Args] : [])),
    outbox: (tableName) =>
      engine.items(tableName).flatMap((item) => {
        const found = readOutboxItem(item);
        return found.kind === "messages" ? found.item.messages : [];
      }),
    sent: (queueUrl) => engine.sent().filter((one) => queueUrl === undefined || one.queueUrl === queueUrl),
  };
}

export interface Case<Body> {
  readonly queue: readonly QueuedState<Body>[];
  readonly effects: Effects<Body>;
  /** Nothing more comes. */
  readonly ended: boolean;
}

export function judge<Body>(engine: HandlerEngine, { queue, effects, ended }: Case<Body>): Judged {
  const [world, deadLetters] = [worldOf(engine), engine.deadLetters()];
  const complaints: string[] = [];
  const counts = new Map<string, number>();
  for (const { messageId, body, deleted } of queue) {
    const count = countOf(effects(world, { messageId, body }));
    counts.set(messageId, count);
    const wrong = verdict(count, { deleted, ended, dead: deadLetters.has(messageId) });
    if (wrong !== undefined) complaints.push(`${wrong} (${messageId}, ${JSON.stringify(body)})`);
  }
  return { complaints, counts };
}

function verdict(
  count: number,
  { deleted, ended, dead }: { readonly deleted: boolean; readonly ended: boolean; readonly dead: boolean },
): string | undefined {
  if (count > 1) return `doubled: the effect of the event is there ${count} times`; // J1
  if (count === 1)
    return ended && !deleted ? "stuck: the message is not acknowledged, though nothing went wrong any more" : undefined;
  if (dead && count === 0) return undefined;
  if (deleted && ended) return count === 0 ? LOST : HALF;
  if (deleted) return count === 0 ? UNDONE : HALF; // J2
  return ended ? "stuck: the event has no effect, though nothing went wrong any more" : undefined; // J3
}

const LOST = "lost: the message is gone, and its effect never was";
const UNDONE = "acknowledged without effect: the message is gone, and its effect is not there";
const HALF = "half: the message is gone, and only a part of its effect is there";

function countOf(count: unknown): number {
  if (typeof count === "number" && Number.isFinite(count) && count >= 0) return count;
  throw new SemelError(
    `Cannot judge: effects gave ${String(count)}. Give a number: 0 where the effect of the event is not there, 1 where it is, ` +
      "more where it is there more than once, and one between 0 and 1 where a part of it is missing",
    { code: "SEMEL_OPTIONS", retryable: false },
  );
}
