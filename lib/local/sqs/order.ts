// Which of a queue's messages a receive takes next: what standard and FIFO queues differ in.
import type { StoredMessage } from "./message.ts";

export interface Order {
  /** A message enters the queue; its state is set. */
  enter(message: StoredMessage): void;
  /** It leaves the queue; its state is still what it was. */
  leave(message: StoredMessage): void;
  /** Its state changed between hidden and visible. */
  turned(message: StoredMessage): void;
  /** It was received, whether or not that hides it: others get their turn. */
  received(message: StoredMessage): void;
  /** Up to `max` messages that may be received now, in order. Those that `isDead` says are dead don't count. Changes nothing. */
  select(max: number, isDead: (message: StoredMessage) => boolean): Selection;
  /** What it keeps: nothing when no message is left. */
  size(): number;
}

export interface Selection {
  readonly taken: readonly StoredMessage[];
  readonly dead: readonly StoredMessage[];
}
