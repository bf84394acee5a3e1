// The letters that a redrive has received and not yet done with: hidden from others, and given back in the end.
//
//   HL1. What is held stays hidden: it is hidden again long before its time is over. Where that fails it may be received once
//        more, by us or by somebody else, which costs a send and loses nothing.
//   HL2. What is given back is visible at once, not when its time is over.

import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import type { Host } from "../host.ts";
import { isFailure, pauseAfter, type QueueCalls, TRIES_MAX } from "./queue-calls.ts";

/** A killed redrive's letters are back after this time. */
export const HIDE_SECONDS = 120;
const AGAIN_AFTER_MS: number = (HIDE_SECONDS * 1_000) / 3;
/** Calls under way at a time. */
const CALLS_MAX = 10;

export interface HeldLetters {
  readonly size: number;
  /** Just received, and hidden for HIDE_SECONDS; again: its older receipt is worth nothing any more. */
  hold(messageId: string, receiptHandle: string): void;
  /** Deletes them, and says which SQS did not. */
  remove(messageIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** HL1. To be called now and then. */
  keep(): Promise<void>;
  /** HL2. Never rejects: what is not given back comes back by itself. */
  giveBack(): Promise<void>;
}

interface Held {
  receiptHandle: string;
  hiddenAtMs: number;
}

export function heldLetters(calls: QueueCalls, url: string, host: Host): HeldLetters {
  const held = new Map<string, Held>();

  async function hideAll(messageIds: readonly string[], seconds: number): Promise<void> {
    const lots = inLots(messageIds);
    for (let first = 0; first < lots.length; first += CALLS_MAX) {
      await Promise.all(lots.slice(first, first + CALLS_MAX).map((lot) => hide(lot, seconds)));
    }
  }

  async function hide(messageIds: readonly string[], seconds: number): Promise<void> {
    const letters = messageIds.flatMap((id) => held.get(id) ?? []);
    const hiddenAtMs = host.nowMs();
    const handles = letters.map(({ receiptHandle }) => receiptHandle);
    try {
      await calls.hide(url, handles, seconds);
    } catch {} // HL1
    for (const letter of letters) letter.hiddenAtMs = hiddenAtMs; // it is not tried again at once
  }

  /** What SQS could not do now is asked for again. Gives those that are still there. */
  async function removeLot(messageIds: readonly string[]): Promise<readonly string[]> {
    let left = messageIds.filter((id) => held.has(id));
    for (let tries = 1; left.length > 0; tries++) {
      const handles = left.flatMap((id) => held.get(id)?.receiptHandle ?? []);
      const answers = await calls.remove(url, handles);
      for (const [index, id] of left.entries()) if (!isFailure(answers[index])) held.delete(id);
      const mayGoBetter = answers.some((answer) => isFailure(answer) && !answer.isFinal);
      left = left.filter((id) => held.has(id));
      if (tries === TRIES_MAX || !mayGoBetter) break;
      await pauseAfter(tries, host);
    }
    return left;
  }

  return {
    get size() {
      return held.size;
    },
    hold: (messageId, receiptHandle) => void held.set(messageId, { receiptHandle, hiddenAtMs: host.nowMs() }),
    async remove(messageIds) {
      const left = new Set<string>();
      for (const lot of inLots(messageIds)) for (const id of await removeLot(lot)) left.add(id);
      return left;
    },
    async keep() {
      const dueMs = host.nowMs() - AGAIN_AFTER_MS;
      const due = [...held].filter(([, { hiddenAtMs }]) => hiddenAtMs <= dueMs).map(([id]) => id);
      await hideAll(due, HIDE_SECONDS);
    },
    async giveBack() {
      await hideAll([...held.keys()], 0);
      held.clear();
    },
  };
}

function inLots(messageIds: readonly string[]): string[][] {
  const size = QUEUE_BATCH_MESSAGES_MAX;
  return Array.from({ length: Math.ceil(messageIds.length / size) }, (_, index) =>
    messageIds.slice(index * size, (index + 1) * size),
  );
}
