// Full jitter: a delay drawn evenly from zero to an exponentially growing bound.
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

export interface Backoff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** A hot item is busy for one transaction, some 15 ms. */
export const CONFLICT_BACKOFF: Backoff = { baseMs: 20, capMs: 1_000 };
/** Capacity comes back within the second. */
export const THROTTLE_BACKOFF: Backoff = { baseMs: 50, capMs: 2_000 };
/** No answer: the engine or the way to it is in trouble. */
export const UNKNOWN_BACKOFF: Backoff = { baseMs: 50, capMs: 2_000 };

/** After an answer that may be another one next time. */
export function backoffAfter(answer: "conflict" | "throttled" | "unknown"): Backoff {
  if (answer === "conflict") return CONFLICT_BACKOFF;
  return answer === "throttled" ? THROTTLE_BACKOFF : UNKNOWN_BACKOFF;
}

/** `tries` counts those already made, 1 or more; `random` is in [0, 1). */
export function fullJitterMs(backoff: Backoff, tries: number, random: number): number {
  return Math.floor(random * Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(tries, 20)));
}
