// Random schedules of strategy insert: copies of messages, overlapping deliveries, up to 8 faults (of a whole call, or of some
// of its statements), dying workers, answers that are lost or applied later, handlers that give a message up for good, and
// come to another view later. Invariants I1, I2, IC4 and RE2 at every request and after every round, I11 at the end. How
// likely a bug is met: see schedules.test.ts.

import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, it } from "vitest";
import { FAULTS } from "../support/faulty-send.ts";
import { createInsertWorld, STATEMENT_TROUBLES, type StatementTrouble } from "./insert-world.ts";
import type { SimulatedMessage, Trouble } from "./world.ts";

const trouble = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Trouble>("none") },
  { weight: 4, arbitrary: fc.constantFrom<Trouble>(...FAULTS) },
  { weight: 2, arbitrary: fc.constantFrom<StatementTrouble>(...STATEMENT_TROUBLES) },
  { weight: 1, arbitrary: fc.constantFrom<Trouble>("dies-before", "dies-after") },
);
/** A message may be a copy of another with the same key. */
const messages = fc
  .array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 })
  .map((keys) => keys.map((key, index): SimulatedMessage => ({ messageId: `m${index}`, key })));
/** Which workers get each message in a round: one, or both at once. */
const round = fc.record({
  split: fc.array(fc.constantFrom("first", "second", "both"), { minLength: 6, maxLength: 6 }),
  rejects: fc.array(fc.constantFrom(false, false, true), { minLength: 6, maxLength: 6 }),
  handlerMs: fc.tuple(fc.constantFrom(0, 50, 3_300, 3_450, 3_900), fc.constantFrom(0, 50, 3_400)),
});

const RUNS = 2_500;

it("every message is inserted once, or rejected, under every schedule that was drawn", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      messages,
      fc.array(trouble, { maxLength: 8, size: "max" }),
      fc.array(round, { minLength: 1, maxLength: 4 }),
      fc.noBias(fc.integer()),
      async (all, troubles, rounds, seed) => {
        const random = xoroshiro128plus(seed);
        const world = createInsertWorld(troubles, () => uniformFloat64(random));
        for (const { split, handlerMs, rejects: flags } of rounds) {
          const rejects = new Set(all.filter((_, index) => flags[index]).map(({ messageId }) => messageId));
          const waiting = all.filter(({ messageId }) => !world.acknowledged.has(messageId));
          const batch = (worker: "first" | "second"): SimulatedMessage[] =>
            waiting.filter((_, index) => split[index] === worker || split[index] === "both");
          const other = seed % 2 === 0 ? rejects : new Set<string>();
          const invocations = [
            { messages: batch("first"), handlerMs: handlerMs[0], rejects },
            { messages: batch("second"), handlerMs: handlerMs[1], rejects: other },
          ];
          await world.deliver(invocations.filter(({ messages: some }) => some.length > 0));
          world.check();
        }
        await world.host.drain(); // what was to be applied later
        world.check();
        await settle(world, all, troubles.length);
      },
    ),
    { numRuns: RUNS },
  );
});

/** I11: each further delivery uses up at least one trouble, so after as many and one more everything is acknowledged. */
async function settle(
  world: ReturnType<typeof createInsertWorld>,
  all: readonly SimulatedMessage[],
  troubles: number,
): Promise<void> {
  for (let deliveries = 0; deliveries <= troubles; deliveries++) {
    const waiting = all.filter(({ messageId }) => !world.acknowledged.has(messageId));
    if (waiting.length === 0) break;
    await world.deliver([{ messages: waiting, handlerMs: 0 }]);
    await world.host.drain();
    world.check();
  }
  expect([...world.acknowledged].sort()).toEqual(all.map(({ messageId }) => messageId).sort());
}
