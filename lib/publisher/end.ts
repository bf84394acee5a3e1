// When a call of the publisher ends, whatever is left: its time is up, or its caller wants no more.
//
//   PE1. The time is up by the clock as well as by the timer: a process may be frozen before the timer fires, and a FIFO queue
//        forgets after 5 minutes what it has.

import type { Host } from "../host.ts";

export interface End {
  /** Aborts at the end. */
  readonly signal: AbortSignal;
  isUp(): boolean;
  /** Of what is up. */
  reason(): string;
  /** Nothing is left to end. */
  release(): void;
}

export interface EndOptions {
  readonly host: Host;
  readonly timeoutMs: number;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

export function createEnd({ host, timeoutMs, signal }: EndOptions): End {
  const end = new AbortController();
  const endMs = host.nowMs() + timeoutMs;
  const abort = (): void => end.abort(new Error("the caller's signal aborted", { cause: signal?.reason }));
  const timeUp = new Error(`the time for sending, ${timeoutMs} ms, is up`);
  const cancel = host.after(timeoutMs, () => end.abort(timeUp));
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  return {
    signal: end.signal,
    isUp: () => end.signal.aborted || host.nowMs() >= endMs, // PE1
    reason: () => ((end.signal.reason as Error | undefined) ?? timeUp).message,
    release() {
      cancel();
      signal?.removeEventListener("abort", abort);
    },
  };
}
