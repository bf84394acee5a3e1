// A request that ends with its time, or with what is around it, also where the client does not heed its signal.

import type { Host } from "../host.ts";

/** A body of 16 MiB, tried thrice by the client, ms. */
export const OBJECT_TIMEOUT_MS = 20_000;

export interface Limits {
  readonly host: Host;
  /** For errors. */
  readonly service: string;
  /** Nothing goes on after it. */
  readonly outer: AbortSignal;
}

export async function inTime<T>(
  act: (signal: AbortSignal) => Promise<T>,
  { host, service, outer }: Limits,
): Promise<T> {
  const timeout = new AbortController();
  const late = new Error(`no answer of ${service} within ${OBJECT_TIMEOUT_MS} ms`);
  const cancel = host.after(OBJECT_TIMEOUT_MS, () => timeout.abort(late));
  const stop = AbortSignal.any([timeout.signal, outer]);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(stop.reason);
  stop.addEventListener("abort", giveUp, { once: true });
  try {
    stop.throwIfAborted();
    return await Promise.race([act(stop), stopped]);
  } finally {
    cancel();
    stop.removeEventListener("abort", giveUp);
  }
}
