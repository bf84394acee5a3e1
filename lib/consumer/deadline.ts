// The end of an invocation, in two steps before Lambda's own: first nothing new is started or committed, then the
// response goes out, whatever is still under way. A hard timeout would run the whole batch again.
//
//   L1. After the gate is closed no commit is sent, by this invocation or by what is left of it in a thawed sandbox.
//   L2. Nor does a handler start: also where those before it computed, and no timer fired.

import type { LambdaContext } from "../aws/lambda.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { CallControl } from "../store/record-store.ts";

export interface Deadline {
  /** Aborts when nothing new may start: handlers get it as `tx.signal`. */
  readonly gate: AbortSignal;
  /** Aborts when the response goes out: requests under way are given up. */
  readonly answer: AbortSignal;
  /** Time until the gate closes, ms. */
  timeLeftMs(): number;
  /** Throws the gate's reason where it is closed, and closes it where it is late. */
  throwIfOver(): void;
  /** Closes both at once: the invocation is over. */
  end(): void;
}

const NEAR = "the function's deadline is near";
/** One for all invocations, each of which ends: to make an error, with its stack, takes longer than a message. */
const OVER = new Error("the invocation is over");

/** `marginMs` before the timeout the gate closes; half of it is left for answers under way. */
export function openDeadline(context: LambdaContext, marginMs: number, host: Host): Deadline {
  if (typeof context?.getRemainingTimeInMillis !== "function") {
    throw noTime("the context has no getRemainingTimeInMillis");
  }
  const leftMs = context.getRemainingTimeInMillis();
  if (typeof leftMs !== "number" || Number.isNaN(leftMs))
    throw noTime(`getRemainingTimeInMillis gave ${String(leftMs)}`);
  const gate = new AbortController();
  const answer = new AbortController();
  const closesAtMs = host.nowMs() + leftMs - marginMs;
  const timeLeftMs = (): number => (gate.signal.aborted ? 0 : Math.max(0, closesAtMs - host.nowMs()));
  const closeGate = (): void => gate.abort(new Error(NEAR));
  const cancelGate = host.after(timeLeftMs(), closeGate);
  const cancelAnswer = host.after(timeLeftMs() + marginMs / 2, () => end());
  const end = (): void => {
    cancelGate();
    cancelAnswer();
    gate.abort(OVER); // L1
    answer.abort(OVER);
  };
  const throwIfOver = (): void => {
    if (timeLeftMs() === 0) closeGate(); // L2
    gate.signal.throwIfAborted();
  };
  if (timeLeftMs() === 0) closeGate();
  return { gate: gate.signal, answer: answer.signal, timeLeftMs, throwIfOver, end };
}

export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function noTime(what: string): SemelError {
  return new SemelError(
    `Cannot take the event: ${what}, so the time left is not known. ` +
      "Pass Lambda's context on; in a test, pass { getRemainingTimeInMillis: () => 30_000 }",
    { code: "SEMEL_EVENT", retryable: false },
  );
}

/** For what may not start after the gate closed. */
export function controlOf({ timeLeftMs, answer }: Deadline): CallControl {
  return { timeLeftMs, signal: answer };
}

/** For what commits nothing, and may still go out when the gate is closed: a release, the result of a step that was done. */
export function untilTheAnswer({ answer }: Deadline): CallControl {
  return { timeLeftMs: () => (answer.aborted ? 0 : WAIT_MS_MAX), signal: answer };
}

/** Longest wait between two tries then. */
const WAIT_MS_MAX = 1_000;
