// A queue and the life of its messages: visible, delayed or in flight, until they leave. No HTTP, no timers: every call says
// what time it is, and what became due by then happens first.
//
//   SQ1. A message leaves by being deleted, expired, purged, or moved into another queue, and by nothing else.
//   SQ2. A hidden message, delayed or in flight, is not received before its time.
//   SQ3. Nothing is kept of a message that left, but its deduplication id for 5 minutes.
import { createDedupWindow, type DedupWindow } from "./dedup.ts";
import { createFifoOrder } from "./fifo-order.ts";
import type { StoredMessage } from "./message.ts";
import type { Order } from "./order.ts";
import { DEFAULT_ATTRIBUTES, type QueueAttributes } from "./queue-attributes.ts";
import { createStandardOrder } from "./standard-order.ts";
import { createTimetable, type Timetable } from "./timetable.ts";

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly isFifo: boolean;
  /** Tells this queue from others, also from one of its name that was deleted. */
  readonly serial: number;
  readonly createdAtMs: number;
  readonly tags: Map<string, string>;
  readonly messages: Map<string, StoredMessage>;
  readonly order: Order;
  readonly hidden: Timetable;
  readonly retention: Timetable;
  readonly dedup: DedupWindow;
  /** How many messages are in each state. */
  readonly counts: { visible: number; delayed: number; inFlight: number };
  attributes: QueueAttributes;
  modifiedAtMs: number;
  purgedAtMs: number;
  /** Sequence numbers given so far. */
  sequence: number;
}

export interface QueueIdentity {
  readonly name: string;
  readonly arn: string;
  readonly serial: number;
}

export function createQueue(identity: QueueIdentity, isFifo: boolean, nowMs: number): Queue {
  return {
    ...identity,
    isFifo,
    createdAtMs: nowMs,
    tags: new Map(),
    messages: new Map(),
    order: isFifo ? createFifoOrder() : createStandardOrder(),
    hidden: createTimetable({ slot: "hiddenSlot", time: "visibleAtMs" }),
    retention: createTimetable({ slot: "retentionSlot", time: "sentAtMs" }),
    dedup: createDedupWindow(),
    counts: { visible: 0, delayed: 0, inFlight: 0 },
    attributes: DEFAULT_ATTRIBUTES,
    modifiedAtMs: nowMs,
    purgedAtMs: Number.NEGATIVE_INFINITY,
    sequence: 0,
  };
}

/** Lets happen what became due. Each function here that takes a time does it first. */
export function advance(queue: Queue, nowMs: number): void {
  for (let one = queue.retention.first(); one && expiryMs(queue, one) <= nowMs; one = queue.retention.first()) {
    take(queue, one);
  }
  for (let one = queue.hidden.first(); one && one.visibleAtMs <= nowMs; one = queue.hidden.first()) show(queue, one);
  queue.dedup.prune(nowMs);
}

/** When the next message becomes visible, or expires, which may let one behind it through. */
export function nextChangeMs(queue: Queue): number {
  const [hidden, oldest] = [queue.hidden.first(), queue.retention.first()];
  const expiresMs = oldest === undefined ? Number.POSITIVE_INFINITY : expiryMs(queue, oldest);
  return Math.min(hidden?.visibleAtMs ?? Number.POSITIVE_INFINITY, expiresMs);
}

function expiryMs(queue: Queue, message: StoredMessage): number {
  return message.sentAtMs + queue.attributes.MessageRetentionPeriod * 1000;
}

/** Adds a message that is in no queue. It is delayed by what the queue or the sender says, or not at all. */
export function place(queue: Queue, message: StoredMessage, delayMs = 0): void {
  message.sequenceNumber = queue.isFifo ? nextSequenceNumber(queue) : undefined;
  message.state = delayMs > 0 ? "delayed" : "visible";
  queue.messages.set(message.id, message);
  queue.counts[message.state] += 1;
  queue.retention.add(message);
  if (message.state === "delayed") {
    message.visibleAtMs = message.sentAtMs + delayMs;
    queue.hidden.add(message);
  }
  queue.order.enter(message);
}

/** Takes a message out (SQ1): whoever calls this deletes, expires, purges or moves it. */
export function take(queue: Queue, message: StoredMessage): void {
  queue.order.leave(message);
  queue.hidden.remove(message);
  queue.retention.remove(message);
  queue.counts[message.state] -= 1;
  queue.messages.delete(message.id); // SQ3
}

/** Puts a visible message in flight until then, or sets another time for one that is hidden. */
export function hide(queue: Queue, message: StoredMessage, untilMs: number): void {
  const wasVisible = message.state === "visible";
  if (wasVisible) {
    queue.counts.visible -= 1;
    message.state = "inFlight";
    queue.counts.inFlight += 1;
  } else queue.hidden.remove(message);
  message.visibleAtMs = untilMs;
  queue.hidden.add(message); // SQ2
  if (wasVisible) queue.order.turned(message);
}

export function show(queue: Queue, message: StoredMessage): void {
  queue.hidden.remove(message);
  queue.counts[message.state] -= 1;
  message.state = "visible";
  queue.counts.visible += 1;
  queue.order.turned(message);
}

export function purge(queue: Queue): void {
  for (const message of [...queue.messages.values()]) take(queue, message);
}

/** On a FIFO queue a new delay counts for the messages that are there, too; on a standard queue it does not. */
export function setAttributes(queue: Queue, attributes: QueueAttributes, nowMs: number): void {
  advance(queue, nowMs);
  const delayMs = attributes.DelaySeconds * 1000;
  const isRetroactive = queue.isFifo && attributes.DelaySeconds !== queue.attributes.DelaySeconds;
  queue.attributes = attributes;
  queue.modifiedAtMs = nowMs;
  if (isRetroactive) {
    const delayed = [...queue.messages.values()].filter(({ state }) => state === "delayed");
    for (const message of delayed) hide(queue, message, message.sentAtMs + delayMs);
  }
  advance(queue, nowMs);
}

/** 20 digits, not consecutive, larger with each message of the queue, as AWS's are. */
function nextSequenceNumber(queue: Queue): string {
  queue.sequence += 256;
  return `188${String(queue.sequence).padStart(17, "0")}`;
}
