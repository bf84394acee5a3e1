// Random schedules of strategy insert: copies of messages, overlapping deliveries, up to 8 faults (of a whole call, or of some
// of its statements), dying workers, answers that are lost or applied later, handlers that give a message up for good, and
// come to another view later. Invariants I1, I2, IC4 and RE2 at every request and after every round, I11 at the end. How
// likely a bug is met: see schedules.test.ts.

import fc from "fast-check";
import { it } from "vitest";
import { createInsertWorld, STATEMENT_TROUBLES, type StatementTrouble } from "./insert-world.ts";
import { SOME_TROUBLE, simulate } from "./rounds.ts";
import type { Trouble } from "./world.ts";

const trouble = fc.oneof<fc.WeightedArbitrary<Trouble | StatementTrouble>[]>(...SOME_TROUBLE, {
  weight: 2,
  arbitrary: fc.constantFrom(...STATEMENT_TROUBLES),
});

it("every message is inserted once, or rejected, under every schedule that was drawn", {
  timeout: 120_000,
}, async () => {
  await simulate({ trouble, runs: 2_500, createWorld: createInsertWorld });
});
