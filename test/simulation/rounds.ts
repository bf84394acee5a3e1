// What every random schedule is made of: messages, troubles, rounds of overlapping deliveries, and a quiet time at the end.

import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect } from "vitest";
import { FAULTS } from "../support/faulty-send.ts";
import { type Consumer, createWorld, type SimulatedMessage, type Trouble, type World } from "./world.ts";

export const SOME_TROUBLE: readonly fc.WeightedArbitrary<Trouble>[] = [
  { weight: 5, arbitrary: fc.constant<Trouble>("none") },
  { weight: 4, arbitrary: fc.constantFrom<Trouble>(...FAULTS) },
  { weight: 1, arbitrary: fc.constantFrom<Trouble>("dies-before", "dies-after") },
];

/** A message may be a copy of another with the same key. */
const messages = fc
  .array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 })
  .map((keys) => keys.map((key, index): SimulatedMessage => ({ messageId: `m${index}`, key })));

/** Which workers get each message in a round: one, or both at once. */
const round = fc.record({
  split: fc.array(fc.constantFrom("first", "second", "both"), { minLength: 6, maxLength: 6 }),
  rejects: fc.array(fc.constantFrom(false, false, true), { minLength: 6, maxLength: 6 }),
  startMs: fc.constantFrom(0, 0, 1_500, 2_500),
  handlerMs: fc.tuple(fc.constantFrom(0, 50, 3_300, 3_450, 3_900), fc.constantFrom(0, 50, 3_400)),
});

export interface Simulation<T> {
  readonly trouble: fc.Arbitrary<T>;
  readonly runs: number;
  createWorld(troubles: readonly T[], random: () => number): World;
}

/** Draws schedules, plays them, and holds the world to its invariants after every round, and to I11 at the end. */
export async function simulate<T>({ trouble, runs, createWorld }: Simulation<T>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      messages,
      fc.array(trouble, { maxLength: 8, size: "max" }),
      fc.array(round, { minLength: 1, maxLength: 4 }),
      fc.noBias(fc.integer()),
      async (all, troubles, rounds, seed) => {
        const random = xoroshiro128plus(seed);
        const world = createWorld(troubles, () => uniformFloat64(random));
        for (const { split, handlerMs, rejects: flags, startMs } of rounds) {
          const rejects = new Set(all.filter((_, index) => flags[index]).map(({ messageId }) => messageId));
          const waiting = all.filter(({ messageId }) => !world.acknowledged.has(messageId));
          const batch = (worker: "first" | "second"): SimulatedMessage[] =>
            waiting.filter((_, index) => split[index] === worker || split[index] === "both");
          const other = seed % 2 === 0 ? rejects : new Set<string>();
          const invocations = [
            { messages: batch("first"), handlerMs: handlerMs[0], rejects },
            { messages: batch("second"), handlerMs: handlerMs[1], rejects: other, startMs },
          ];
          await world.deliver(invocations.filter(({ messages: some }) => some.length > 0));
          world.check();
        }
        await world.host.drain(); // what was to be applied later
        world.check();
        await settle(world, all, troubles.length);
      },
    ),
    { numRuns: runs },
  );
}

/** Random schedules of a consumer of orders. */
export async function simulateOrders(consumer: Consumer, runs: number): Promise<void> {
  await simulate({
    trouble: fc.oneof(...SOME_TROUBLE),
    runs,
    createWorld: (troubles, random) => createWorld(troubles, random, consumer),
  });
}

/** Every invocation is over, and so is every lease. */
const QUIET_MS = 60_000;

/** I11: each further delivery uses up at least one trouble, so after as many and one more everything is acknowledged. */
async function settle(world: World, all: readonly SimulatedMessage[], troubles: number): Promise<void> {
  for (let deliveries = 0; deliveries <= troubles; deliveries++) {
    const waiting = all.filter(({ messageId }) => !world.acknowledged.has(messageId));
    if (waiting.length === 0) break;
    await world.elapse(QUIET_MS);
    await world.deliver([{ messages: waiting, handlerMs: 0 }]);
    await world.host.drain();
    world.check();
  }
  expect([...world.acknowledged].sort()).toEqual(all.map(({ messageId }) => messageId).sort());
}
