// A slice of the seeded simulation (npm run sim runs more): batches of up to 100, many keys, four workers side by side, real
// queue semantics, virtual time; what may happen is in steps.ts and faults.ts, what must hold in ledger.ts.
//
// PCT: a bug that needs d particular events among k steps of n tasks is met by one run with a probability of at least
// 1/(n k^(d-1)) under random priorities. The latencies drawn here are not PCT's priorities, so the bound is a yardstick, not a
// proof: with n = 4 workers and k = 16 requests of those that meet on one key, d = 2 gives 1/64, d = 3 gives 1/1024 for one
// meeting. A run of 120 steps has some 20 such meetings (deliveries beyond the first of a key), the slice below of 18 runs
// 360: d = 2 is missed with e^-5.6, d = 3 with e^-0.35, so bugs of depth 3 are for the explorer and for npm run sim.

import { describe, expect, it } from "vitest";
import { addFigures, createFigures, figuresText } from "./figures.ts";
import { PROFILES } from "./profiles.ts";
import { violationText } from "./report.ts";
import { STRATEGIES } from "./setup.ts";
import { type Simulation, simulate } from "./simulate.ts";

const SEEDS = 6;
const STEPS = 120;
const PROFILE_STEPS = 20;

async function violationOf(simulation: Simulation): Promise<string | undefined> {
  const { violation } = await simulate(simulation);
  return violation && violationText(simulation, violation);
}

describe("effects happen exactly once in every simulation", () => {
  it.each(STRATEGIES)("%s", { timeout: 60_000 }, async (strategy) => {
    const sum = createFigures();
    for (let seed = 1; seed <= SEEDS; seed++) {
      const simulation = { seed, steps: STEPS, strategy };
      const { figures, violation } = await simulate(simulation);
      if (violation) expect.fail(violationText(simulation, violation));
      addFigures(sum, figures);
    }
    console.log(`${strategy}: ${SEEDS} seeds of ${STEPS} steps, twice\n  ${figuresText(sum)}`);
    // Else it was about nothing.
    for (const what of [
      "duplicates suppressed",
      "redrives",
      "fault dies-after",
      "fault applied-later",
      "fault frozen",
    ]) {
      expect(sum.of(what), what).toBeGreaterThan(0);
    }
  });
});

it.each(Object.entries(PROFILES))("nor in the profile %s", { timeout: 60_000 }, async (profileName, profile) => {
  for (const strategy of profile.strategies) {
    const found = await violationOf({ seed: 1, steps: PROFILE_STEPS, strategy, profile, profileName });
    expect(found).toBeUndefined();
  }
});

/** Not every history has a message that comes again so late. */
const SEEDS_UNTIL_SEEN = 60;

it("records that live shorter than the dedup horizon let an effect happen twice, and it is seen", {
  timeout: 60_000,
}, async () => {
  let seen = false;
  for (let seed = 1; !seen && seed <= SEEDS_UNTIL_SEEN; seed++) {
    const simulation: Simulation = { seed, steps: STEPS, strategy: "commit", adjust: { retentionDays: 0.01 } };
    const violation = (await violationOf(simulation)) ?? "";
    seen = violation.split("\n").some((line) => /^ {2}I1: .*twice|2 times/.test(line));
  }
  expect(seen).toBe(true);
});
