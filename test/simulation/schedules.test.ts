// Random schedules of the real runtime: copies of messages, overlapping deliveries, up to 8 faults, dying workers, answers
// that are lost or applied later, handlers that give a message up for good, and come to another view later. Invariants I1, I2,
// I3 and what rejections promise (RE2, P4) after every round, I11 at the end. Under strategy claim with leases that run out
// while handlers run, and a step: what is outside DynamoDB has one idempotency key, and is not done again once it is kept.
//
// A bug that needs d particular events among k steps of n tasks is met by one run with a probability of at least
// 1/(n k^(d-1)) under random priorities: for n = 3, k = 16, d = 2 that is 1/48, so 2,500 runs miss it with e^-52.

import fc from "fast-check";
import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { expect, it } from "vitest";
import { FAULTS } from "../support/faulty-send.ts";
import { type Consumer, createWorld, type SimulatedMessage, type Trouble } from "./world.ts";

const trouble = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Trouble>("none") },
  { weight: 4, arbitrary: fc.constantFrom<Trouble>(...FAULTS) },
  { weight: 1, arbitrary: fc.constantFrom<Trouble>("dies-before", "dies-after") },
);
/** A message may be a copy of another with the same key. Keys a and b share a guarded item, c and d a counter that folds. */
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

const CONSUMERS: readonly (readonly [Consumer, number])[] = [
  [{ strategy: "commit" }, 2_500],
  [{ strategy: "claim", leaseSeconds: 1 }, 2_500],
];

it.each(CONSUMERS)(
  "effects happen exactly once under every schedule: %o",
  { timeout: 120_000 },
  async (consumer, numRuns) => {
    await fc.assert(
      fc.asyncProperty(
        messages,
        fc.array(trouble, { maxLength: 8, size: "max" }),
        fc.array(round, { minLength: 1, maxLength: 4 }),
        fc.noBias(fc.integer()),
        async (all, troubles, rounds, seed) => {
          const random = xoroshiro128plus(seed);
          const world = createWorld(troubles, () => uniformFloat64(random), consumer);
          for (const { split, handlerMs, rejects: flags, startMs } of rounds) {
            const rejects = new Set(all.filter((_, index) => flags[index]).map(({ messageId }) => messageId));
            const waiting = all.filter(({ messageId }) => !world.acknowledged.has(messageId));
            const batch = (worker: "first" | "second"): SimulatedMessage[] =>
              waiting.filter((_, index) => split[index] === worker || split[index] === "both");
            const invocations = [
              { messages: batch("first"), handlerMs: handlerMs[0], rejects },
              {
                messages: batch("second"),
                handlerMs: handlerMs[1],
                rejects: seed % 2 === 0 ? rejects : new Set<string>(),
                startMs,
              },
            ];
            await world.deliver(invocations.filter(({ messages: some }) => some.length > 0));
            world.check();
          }
          await world.host.drain(); // what was to be applied later
          world.check();
          await settle(world, all, troubles.length);
        },
      ),
      { numRuns },
    );
  },
);

/** Every invocation is over, and so is every lease. */
const QUIET_MS = 60_000;

/** I11: each further delivery uses up at least one trouble, so after as many and one more everything is acknowledged. */
async function settle(
  world: ReturnType<typeof createWorld>,
  all: readonly SimulatedMessage[],
  troubles: number,
): Promise<void> {
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
