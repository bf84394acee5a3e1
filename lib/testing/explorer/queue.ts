// The queue of the explored world, or the caller who asks until there is an answer: what may be delivered next.

import { shardOf } from "./events.ts";
import type { QueuedMessage, Scenario } from "./scenario.ts";
import type { Event } from "./schedule.ts";

export interface QueuedState extends QueuedMessage {
  /** The message as it was sent first: a redrive gives it another id. */
  readonly origin: string;
  /** It was redriven when its key was committed. */
  readonly redundant: boolean;
  received: boolean;
  /** Of a caller: answered. */
  deleted: boolean;
}

/** What else of the world it depends on. */
export interface Surroundings {
  /** Nothing was delivered yet. */
  readonly first: boolean;
  /** Is there a lease in force? */
  readonly isLeased: () => boolean;
  /** Sandboxes whose invocation is over, and that may be used again. */
  readonly idle: readonly number[];
}

type Delivery = Extract<Event, { kind: "deliver" }>;

export interface Queue {
  readonly messages: readonly QueuedState[];
  /** Messages that wait, and deleted ones with them: the start of an invocation is put off. */
  deliverable(surroundings: Surroundings): Delivery[];
  /** As a queue would have it, where nothing is put off. */
  redeliverable(surroundings: Surroundings): Delivery[];
  /** Everything that waits. */
  left(): string[][];
  redrives(deadLetters: ReadonlyMap<string, unknown>): Event[];
  redrive(messageId: string, isCommitted: (message: QueuedState) => boolean): void;
}

export function createQueue({ messages: sent, options, redrives = 0, source, together }: Scenario): Queue {
  const messages = sent.map(
    (one): QueuedState => ({ ...one, origin: one.messageId, redundant: false, received: false, deleted: false }),
  );
  const waiting = (): QueuedState[] => messages.filter(({ deleted }) => !deleted);

  function batchesOf(some: readonly QueuedState[]): string[][] {
    const ids = some.map(({ messageId }) => messageId);
    if (!together) return ids.map((messageId) => [messageId]);
    if (source !== "stream") return ids.length > 0 ? [ids] : [];
    return [...Map.groupBy(some, shardOf).values()].map((shard) => shard.map(({ messageId }) => messageId));
  }

  /** Of a stream: a batch that failed may be halved, and its first half comes first. */
  function halved(batches: readonly string[][]): string[][] {
    if (source !== "stream") return [...batches];
    const halves = batches.map((ids) => ids.slice(0, Math.ceil(ids.length / 2)));
    return [...new Map([...batches, ...halves].map((ids) => [ids.join("+"), ids])).values()];
  }

  function isKnown(messageIds: readonly string[]): boolean {
    return messages.some(({ messageId, received }) => received && messageIds.includes(messageId));
  }

  function ways(messageIds: string[], natural: boolean, isLeased: () => boolean): Delivery[] {
    const now: Delivery = { kind: "deliver", messageIds };
    // Only acquisitions look at the clock of another sandbox, and only at a lease in force.
    if (options.strategy === "claim") return isLeased() ? [now, { ...now, how: "late" }] : [now];
    if (source === "caller" || options.strategy === "watermark") return [now]; // nobody counts, or nobody asks
    const again: Delivery = { ...now, how: "again" };
    // Its start is put off, so the first receipt may come after the second. No other strategy asks how often it was received.
    if (isKnown(messageIds)) return [again];
    return natural ? [now] : [now, again];
  }

  function everywhere(deliveries: readonly Delivery[], idle: readonly number[]): Delivery[] {
    return deliveries.flatMap((one) => [one, ...idle.map((sandbox): Delivery => ({ ...one, sandbox }))]);
  }

  return {
    messages,
    deliverable({ first, isLeased, idle }) {
      const left = waiting(); // at work, or deleted: it is delivered at least once
      const batches = batchesOf(messages);
      if (together && left.length > 0 && left.length < messages.length) batches.push(...batchesOf(left));
      // Messages differ in their names only, so whichever is first may be called the first.
      const offered = first && source !== "stream" ? batches.slice(0, 1) : halved(batches);
      return everywhere(
        offered.flatMap((messageIds) => ways(messageIds, false, isLeased)),
        idle,
      );
    },
    redeliverable({ isLeased, idle }) {
      return everywhere(
        halved(batchesOf(waiting())).flatMap((messageIds) => ways(messageIds, true, isLeased)),
        idle,
      );
    },
    left: () => batchesOf(waiting()),
    redrives(deadLetters) {
      const redriven = messages.length - sent.length;
      if (redriven >= redrives) return [];
      return messages
        .filter(({ messageId }) => deadLetters.has(messageId) && !messages.some(isRedriveOf(messageId)))
        .map(({ messageId }): Event => ({ kind: "redrive", messageId }));
    },
    redrive(messageId, isCommitted) {
      const found = messages.find((one) => one.messageId === messageId);
      if (!found) throw new Error(`Cannot go on: message ${messageId} is not known`);
      const redundant = isCommitted(found);
      messages.push({ ...found, messageId: redriveOf(messageId), redundant, received: false, deleted: false });
    },
  };
}

/** Its id after a redrive. */
export function redriveOf(messageId: string): string {
  return `${messageId}r`;
}

function isRedriveOf(messageId: string): (one: QueuedState) => boolean {
  return (one) => one.messageId === redriveOf(messageId);
}
