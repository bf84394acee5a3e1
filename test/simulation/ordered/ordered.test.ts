// A slice of the seeded simulation of ordered sources (npm run sim -- --profile fifo runs more): FIFO queues, streams and topics, under
// commit, watermark and reduce. Attacks I1 to I5, I8, I10 to I12, I14, L1, L2, P4, RE1, RE2, Q1, WM1 to WM3, LN1 to LN3, LR1, LR2, KS1, KS2.

import { describe, expect, it } from "vitest";
import { addFigures, createFigures } from "../seeded/figures.ts";
import { violationText } from "../seeded/report.ts";
import { ORDERED_PROFILES } from "./profiles.ts";
import { type OrderedSimulation, simulateOrdered } from "./simulate.ts";

const STEPS = 25;
const all = createFigures();

describe.each(Object.entries(ORDERED_PROFILES))("%s", (profileName, { kind, strategies, adjust }) => {
  it("effects of each ordering key in order, no gap, no repeat, no loss", { timeout: 60_000 }, async () => {
    const sum = createFigures();
    for (const strategy of strategies) {
      const simulation: OrderedSimulation = { seed: 1, steps: STEPS, strategy, kind, adjust, profileName };
      const { figures, violation } = await simulateOrdered(simulation);
      if (violation) expect.fail(violationText(simulation, violation));
      addFigures(sum, figures);
    }
    addFigures(all, sum);
    expect(sum.of("messages done")).toBeGreaterThan(0); // else it was about nothing
    expect(sum.of("messages left")).toBe(0);
  });
});

it("is about messages that come twice", () => {
  expect(all.of("fault delivered twice")).toBeGreaterThan(10);
});
