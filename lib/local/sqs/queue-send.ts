// Sending: deduplication, delay, a new message.
import { hash } from "node:crypto";
import { SqsError } from "./errors.ts";
import { type Draft, newMessage } from "./message.ts";
import { advance, place, type Queue } from "./queue.ts";

export interface SendOptions {
  /** What the sender asked for. @default - the queue's */
  readonly delaySeconds?: number | undefined;
  readonly newId: () => string;
  readonly nowMs: number;
}

export interface Sent {
  readonly messageId: string;
  readonly sequenceNumber?: string | undefined;
}

/** A duplicate is accepted, and answered as the message that is there or was (DD1). */
export function send(queue: Queue, draft: Draft, options: SendOptions): Sent {
  const { newId, nowMs } = options;
  advance(queue, nowMs);
  const delayMs = (options.delaySeconds ?? queue.attributes.DelaySeconds) * 1000;
  if (!queue.isFifo) {
    const message = newMessage(draft, newId(), nowMs);
    place(queue, message, delayMs);
    return { messageId: message.id };
  }
  const dedupId = dedupIdOf(queue, draft);
  // A line break is in no group id.
  const key = queue.attributes.DeduplicationScope === "queue" ? dedupId : `${draft.groupId}\n${dedupId}`;
  const before = queue.dedup.find(key, nowMs);
  if (before !== undefined) return before;
  const message = newMessage(draft, newId(), nowMs);
  message.dedupId = dedupId;
  place(queue, message, delayMs);
  const sent = { messageId: message.id, sequenceNumber: message.sequenceNumber ?? "" };
  queue.dedup.remember(key, sent, nowMs);
  return sent;
}

/** The hash is of the body alone: attributes don't make a message another one. */
export function dedupIdOf(queue: Queue, draft: Draft): string {
  if (draft.dedupId !== undefined) return draft.dedupId;
  if (queue.attributes.ContentBasedDeduplication) return hash("sha256", draft.body, "hex");
  throw new SqsError(
    "InvalidParameterValue",
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}
