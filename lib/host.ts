// Clock, timers, randomness and hashing of the process, injected everywhere, so that a simulator can drive them.

import { hash, randomUUID } from "node:crypto";

export interface Host {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Runs `callback` once, after the given time; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Runs `callback` when everything that is ready now has run. */
  endOfTick(callback: () => void): void;
  /** In [0, 1). */
  random(): number;
  /** A UUID: 36 characters, new for every call. */
  randomId(): string;
  /** Hex SHA-256 of a text. */
  sha256(text: string): string;
}

export const systemHost: Host = {
  nowMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  endOfTick: (callback) => void setImmediate(callback),
  random: () => Math.random(),
  randomId: () => randomUUID(),
  sha256: (text) => hash("sha256", text, "hex"),
};

/** Resolves when everything that is ready now has run. */
export function endOfTick(host: Host): Promise<void> {
  return new Promise((resolve) => host.endOfTick(resolve));
}

/** Runs `act` at the end of the tick in which it was asked for, once however often that was. */
export function oncePerTick(host: Host, act: () => void): () => void {
  let planned = false;
  return () => {
    if (planned) return;
    planned = true;
    host.endOfTick(() => {
      planned = false;
      act();
    });
  };
}

export interface RequestLimits {
  readonly host: Host;
  /** For errors. */
  readonly service: "SQS" | "S3";
  readonly timeoutMs: number;
}

/** Rejects when it takes too long, or `over` aborts, whether or not the client heeds its signal. */
export function inTime<T>(
  act: (signal: AbortSignal) => Promise<T>,
  over: AbortSignal,
  { host, service, timeoutMs }: RequestLimits,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const giveUp = (why: string, cause?: unknown): void => {
      const error = new Error(`no answer of ${service} ${why}`, { cause });
      reject(error); // before the client does, whose words may be anything
      stop.abort(error);
    };
    const onOver = (): void => giveUp(`before the end: ${(over.reason as Error).message}`, over.reason);
    if (over.aborted) return onOver();
    const cancel = host.after(timeoutMs, () => giveUp(`within ${timeoutMs} ms`));
    over.addEventListener("abort", onOver, { once: true });
    const done = (): void => {
      cancel();
      over.removeEventListener("abort", onOver);
    };
    act(stop.signal).then(resolve, reject).finally(done);
  });
}

/** Resolves after the delay, or at once when the signal aborts. Never rejects. */
export function sleep(host: Host, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = host.after(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
