// Random calls of orders.once() in two processes, at any time, with any faults: whatever happens, a key has one effect, and all
// who get a result get the same. Attacks I1, I6 and O1 to O3 of lib/consumer/process-once.ts.

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { post, STRATEGIES, waited } from "../support/direct.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { anotherProcess } from "../support/process.ts";

/** Nothing is known, or nothing was done: the caller may come again with the same key. */
const COME_AGAIN = new Set([
  "SEMEL_UNKNOWN_OUTCOME",
  "SEMEL_CONTENTION",
  "SEMEL_DEADLINE",
  "SEMEL_CONDITION",
  "SEMEL_KEY_IN_USE",
  "SEMEL_LEASE_LOST",
]);
const THROWN = new Error("the handler says no");

interface Run {
  readonly runsMs: number;
  readonly throws: boolean;
}
const call = fc.record({
  key: fc.constantFrom("a", "b"),
  process: fc.constantFrom(0, 1),
  atMs: fc.nat({ max: 12_000 }),
  timeLeftMs: fc.integer({ min: 400, max: 20_000 }),
  runsMs: fc.constantFrom(0, 0, 5, 300, 4_000),
  throws: fc.boolean(),
});
const schedule = fc.record({
  strategy: fc.constantFrom(...STRATEGIES),
  calls: fc.array(call, { minLength: 1, maxLength: 7 }),
  faults: fc.array(fc.constantFrom<Fault>("none", "none", "slow", ...FAULTS), { maxLength: 14 }),
});

it("one effect and one result for a key", async () => {
  let [results, errors] = [0, 0];
  await fc.assert(
    fc.asyncProperty(schedule, async ({ strategy, calls, faults }) => {
      const left = [...faults];
      const next = (): Fault => left.shift() ?? "none";
      const scene = testConsumer({ strategy }, next);
      const { host, memory, context } = scene;
      const processes = [scene, anotherProcess(scene, { strategy }, next)];
      let runs = 0;
      const handler = async ({ runsMs, throws }: Run, tx: Tx): Promise<unknown> => {
        const receipt = ++runs;
        tx.increment({ TableName: "Counters", Key: { id: tx.key } }, { n: 1 });
        await waited(scene, runsMs);
        if (throws) throw THROWN;
        return { receipt };
      };
      const ended = calls.map(async (one) => {
        await waited(scene, one.atMs);
        const once = processes[one.process]?.orders.once((_message, tx) => handler(one, tx));
        return once?.(post(one.key), context(one.timeLeftMs));
      });
      const outcomes = await host.run(Promise.allSettled(ended));
      await host.run(waited(scene, 120_000)); // all that is under way arrives, every lease is over
      const last = anotherProcess(scene, { strategy }).orders.once((_message, tx) =>
        handler({ runsMs: 0, throws: false }, tx),
      );
      for (const key of new Set(calls.map((one) => one.key))) {
        const result = await host.run(last(post(key), context()));
        expect(result).toMatchObject({ receipt: expect.any(Number) });
        for (const [index, outcome] of outcomes.entries()) {
          if (calls[index]?.key !== key) continue;
          if (outcome.status === "fulfilled") {
            results++;
            expect(outcome.value).toEqual(result);
          } else if (outcome.reason !== THROWN) {
            errors++;
            expect(COME_AGAIN).toContain((outcome.reason as { code?: unknown }).code);
          }
        }
      }
      for (const { n } of memory.items("Counters")) expect(n).toEqual({ N: "1" });
      expect(memory.items("Counters")).toHaveLength(new Set(calls.map((one) => one.key)).size);
    }),
    { numRuns: 200 },
  );
  expect(Math.min(results, errors)).toBeGreaterThan(20);
});
