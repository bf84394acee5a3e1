// Attacks lib/consumer/concurrency.ts where a signal aborts between two microtasks: a handler's start closes the gate when it is late.

import { expect, it } from "vitest";
import { createSlots, createWait } from "../../lib/consumer/concurrency.ts";

it("a task whose place comes free does not start when the signal aborted meanwhile", async () => {
  const closed = new AbortController();
  const slots = createSlots(1, closed.signal);
  const first = Promise.withResolvers<void>();
  const started: string[] = [];
  const running = slots.run(() => first.promise);
  const next = slots.run(async () => started.push("next"));
  void first.promise.then(() => closed.abort(new Error("closed"))); // behind the end of the first, before the start of the next
  first.resolve();
  await running;
  await expect(next).rejects.toThrow("closed");
  expect(started).toEqual([]);
});

it("nobody begins to wait when it is too late", async () => {
  const stop = new AbortController();
  const wait = createWait(stop.signal, () => "too late");
  stop.abort();
  await expect(wait(new Promise(() => {}))).rejects.toBe("too late");
  await expect(wait(Promise.reject(new Error("nobody hears it")))).rejects.toBe("too late");
});
