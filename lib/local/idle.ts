// Waits until the queues and streams that feed functions are drained and nothing runs.
import { localError } from "./local-error.ts";
import type { IdleOptions, LocalQueue } from "./types.ts";

export interface MessageCounts {
  readonly visible: number;
  readonly delayed: number;
  readonly inFlight: number;
}

export interface IdleInput {
  readonly queues: readonly LocalQueue[];
  readonly count: (queue: LocalQueue) => Promise<MessageCounts>;
  /** What the streams have left; undefined: nothing. */
  readonly streams?: () => Promise<string | undefined>;
  /** Grows with each invocation that starts. */
  readonly invocationsStarted: () => number;
  readonly invocationsRunning: () => number;
  /** What faults keep back: it comes later. */
  readonly heldBack?: () => number;
  /** An engine is down by a fault, or was until now. */
  readonly isShaken?: () => boolean;
  /** Why nothing can come any more: a dead engine, a stopped cloud. */
  readonly failure: () => Error | undefined;
}

const TIMEOUT_MS_DEFAULT = 600_000;
const QUIET_MS_DEFAULT = 200;
const LOOK_EVERY_MS = 50;

/**
 * Quiet means two looks at least, with no message in any queue and no invocation since the first: a function may send
 * to a queue that was seen empty a moment before.
 */
export async function waitUntilIdle(input: IdleInput, options: IdleOptions): Promise<void> {
  const { timeoutMs = TIMEOUT_MS_DEFAULT, quietMs = QUIET_MS_DEFAULT, signal } = options;
  const startedMs = Date.now();
  let quietSinceMs: number | undefined;
  let invocationsThen = -1;
  for (;;) {
    signal?.throwIfAborted();
    const failure = input.failure();
    if (failure !== undefined) throw failure;
    const invocations = input.invocationsStarted();
    const busy = await whatIsBusy(input);
    const nowMs = Date.now();
    if (busy !== undefined || invocations !== invocationsThen) quietSinceMs = undefined;
    invocationsThen = invocations;
    if (busy === undefined) {
      if (quietSinceMs !== undefined && nowMs - quietSinceMs >= quietMs) return;
      quietSinceMs ??= nowMs;
    }
    if (nowMs - startedMs > timeoutMs) {
      throw localError(`Waited ${timeoutMs} ms for the local cloud to be idle: ${busy ?? "it was busy a moment ago"}`);
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY_MS, Math.max(quietMs, 1))));
  }
}

async function whatIsBusy(input: IdleInput): Promise<string | undefined> {
  if (input.invocationsRunning() > 0) return `${input.invocationsRunning()} invocations run`;
  const heldBack = input.heldBack?.() ?? 0;
  if (heldBack > 0) return `${heldBack} requests or messages are held back by faults`;
  for (const queue of input.queues) {
    const counts = await countMessages(input, queue);
    if (counts !== undefined) return `queue ${queue.name} has ${counts}`;
  }
  const left = await input.streams?.();
  if (left !== undefined) return left;
  return input.invocationsRunning() > 0 ? "an invocation runs" : undefined;
}

/** Undefined when there are none. */
async function countMessages(input: IdleInput, queue: LocalQueue): Promise<string | undefined> {
  try {
    const { visible, delayed, inFlight } = await input.count(queue);
    if (visible === 0 && delayed === 0 && inFlight === 0) return undefined;
    return `${visible} visible, ${delayed} delayed, ${inFlight} in flight`;
  } catch (thrown) {
    if (input.failure() === undefined && input.isShaken?.() === true) return "a count unknown: the engine restarts";
    // The reason for a call that failed is rather the engine's death than the broken connection.
    throw input.failure() ?? thrown;
  }
}
