// Order under faults: batches are delivered until nothing comes again, with requests that go wrong, handlers that fail and
// deadlines that come early. Attacks OR1 and OR2, CF1, I1 and I10: effects of a key in order, no gap, no repeat.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { ORDERED, type TestRecord, type TestSource } from "../support/source-events.ts";
import { append, orderedScene, records } from "./ordered.ts";

/** Deliveries of a batch before the outside world is well again. */
const TROUBLED = 6;
const DELIVERIES_MAX = 12;

interface Trouble {
  readonly keys: readonly string[];
  /** By number of the request. */
  readonly faults: readonly Fault[];
  /** By number of the handler's run: does it fail? */
  readonly fails: readonly boolean[];
  readonly timesLeftMs: readonly number[];
  readonly strategy: "commit" | "claim";
  readonly concurrency: number;
  /** By number of the delivery: old invocations that are still at work on the same messages. */
  readonly zombies: readonly number[];
  /** Whether a batch comes once more, though all of it is done: a consumer that took long. */
  readonly twice: boolean;
}

const trouble: fc.Arbitrary<Trouble> = fc.record({
  keys: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 9 }),
  faults: fc.array(
    fc.oneof({ weight: 3, arbitrary: fc.constant<Fault>("none") }, fc.constantFrom<Fault>("slow", ...FAULTS)),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  fails: fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)), {
    minLength: 1,
    maxLength: 9,
  }),
  timesLeftMs: fc.array(fc.constantFrom(600, 3_000, 30_000), { minLength: 1, maxLength: 4 }),
  strategy: fc.constantFrom("commit", "claim"),
  concurrency: fc.constantFrom(1, 2, 10),
  zombies: fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 4 }),
  twice: fc.boolean(),
});

/** What comes again: what the response says, and all that the source has not been told is done. */
async function deliverAll(source: TestSource, given: Trouble): Promise<void> {
  const { keys, faults, fails, timesLeftMs, strategy, concurrency, zombies, twice } = given;
  let [requests, runs, troubled] = [0, 0, true];
  const scene = orderedScene(source, {
    options: { strategy, concurrency, ...(strategy === "claim" ? { leaseSeconds: 1 } : {}) },
    nextFault: () => (troubled ? (faults[requests++ % faults.length] ?? "none") : "none"),
  });
  const all = records(keys.join(" "));
  let left: readonly TestRecord[] = all;
  const acknowledged = new Map<string, number[]>();
  for (let deliveries = 1; left.length > 0; deliveries++) {
    if (deliveries > DELIVERIES_MAX) throw new Error(`${left.length} messages come again and again`);
    troubled = deliveries <= TROUBLED;
    const timeLeftMs = troubled ? timesLeftMs[deliveries % timesLeftMs.length] : 30_000;
    const again = await scene.deliver(
      left,
      (message, tx) => {
        if (troubled && fails[runs++ % fails.length]) throw new Error("this time");
        append(message, tx);
      },
      { timeLeftMs: timeLeftMs ?? 30_000, zombies: zombies[deliveries % zombies.length] ?? 0 },
    );
    for (const { key, at } of left) {
      if (again.some((one) => one.at === at)) continue;
      // Acknowledged: its effect is there, and it is the next one of its key.
      expect(scene.log(key)).toContain(at);
      const done = acknowledged.get(key) ?? [];
      if (!done.includes(at)) acknowledged.set(key, [...done, at]);
    }
    left = again;
    await scene.host.run(new Promise<void>((resolve) => scene.host.after(120_000, resolve))); // leases lapse, late ones land
  }
  troubled = false;
  if (twice) expect(await scene.deliver(all)).toEqual([]);
  await scene.host.drain();
  for (const key of new Set(keys)) {
    const places = all.filter((one) => one.key === key).map(({ at }) => at);
    expect(scene.log(key)).toEqual(places); // in order, no gap, no repeat
    expect(acknowledged.get(key)).toEqual(places);
  }
}

describe.each(ORDERED)("$name", (source) => {
  it("effects of a key in order, no gap, no repeat, and everything ends", async () => {
    await fc.assert(
      fc.asyncProperty(trouble, async (given) => {
        await deliverAll(source, given);
      }),
      { numRuns: 60 },
    );
  });
});
