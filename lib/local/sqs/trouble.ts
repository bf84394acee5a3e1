// What SQS may do and seldom does, on demand: a message that comes again after it was deleted, and messages out of turn.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
import type { SqsEngine } from "./engine.ts";
import type { StoredMessage } from "./message.ts";
import { advance, place, type Queue } from "./queue.ts";

/** Told what happens in the engine, by whoever wants to trouble it. */
export interface SqsTrouble {
  /** A message was deleted by its receiver. */
  readonly onDeleted?: (queue: Queue, message: StoredMessage) => void;
  /** Before messages are looked for. */
  readonly onReceive?: (queue: Queue) => void;
}

export function troubleOf(engine: SqsEngine, queue: Queue): SqsTrouble {
  return engine.troubles.get(queue) ?? engine.trouble;
}

/**
 * The message comes again under its old id, as from a server that missed its deletion, with the receives that it had. Only on a
 * standard queue, and unless the id is there. Gives what came.
 */
export function reappear(engine: SqsEngine, queue: Queue, message: StoredMessage): StoredMessage | undefined {
  if (queue.isFifo || queue.messages.has(message.id) || engine.queues.get(queue.name) !== queue) return undefined;
  advance(queue, engine.clock.nowMs());
  const copy = { ...message, previous: undefined, next: undefined, hiddenSlot: -1, retentionSlot: -1 };
  place(queue, copy);
  engine.polls.serve();
  return copy;
}

/** The first visible messages go to the end, as many as said. */
export function reorder(queue: Queue, messages: number): void {
  if (queue.isFifo) return;
  const { taken } = queue.order.select(messages, () => false);
  for (const message of taken) queue.order.received(message);
}
