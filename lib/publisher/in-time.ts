// A request with an end of its own.

import type { Host } from "../host.ts";

export interface Limits {
  readonly host: Host;
  /** For errors. */
  readonly service: "SQS" | "S3";
  readonly timeoutMs: number;
}

/** Rejects when it is over or takes too long, whether or not the client heeds its signal. */
export function inTime<T>(
  act: (signal: AbortSignal) => Promise<T>,
  over: AbortSignal,
  { host, service, timeoutMs }: Limits,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const giveUp = (why: string, cause?: unknown): void => {
      const error = new Error(`no answer of ${service} ${why}`, { cause });
      reject(error); // before the client does, whose words may be anything
      stop.abort(error);
    };
    const cancel = host.after(timeoutMs, () => giveUp(`within ${timeoutMs} ms`));
    const onOver = (): void => giveUp("before the end", over.reason);
    over.addEventListener("abort", onOver, { once: true });
    const done = (): void => {
      cancel();
      over.removeEventListener("abort", onOver);
    };
    act(stop.signal).then(resolve, reject).finally(done);
  });
}
