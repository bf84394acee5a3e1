import { expect, it } from "vitest";
import { scenarioFigures } from "../../bench/figures.ts";
import type { Sample } from "../../bench/measure.ts";
import type { Contender } from "../../bench/names.ts";
import { repeats, type Scenario, scenarios } from "../../bench/plan.ts";

const scenario: Scenario = { model: "R5", variant: "distinct", messages: 10 };
const sample = (contender: Contender, round: number, batchMs: number): Sample => {
  return { contender, scenario: { ...scenario }, round, batchMs, cpuUs: 1, givenBack: 0 };
};

it("samples of one scenario come together, and each round is compared with itself, whatever its order", () => {
  const [first, ...others] = scenarioFigures([
    sample("semel", 1, 40),
    sample("semel", 0, 10),
    sample("powertools", 0, 100),
    sample("powertools", 1, 200),
    sample("semel", 2, 15),
    sample("powertools", 2, 100),
  ]);
  expect(others).toEqual([]);
  expect(first?.scenario).toEqual(scenario);
  expect(first?.contenders.semel?.batchMs).toEqual({
    median: 15,
    min: 10,
    max: 40,
    ratio: { median: 0.15, min: 0.1, max: 0.2 },
  });
  expect(first?.contenders.powertools?.batchMs?.ratio?.median).toBe(1);
  expect(first?.contenders.semel?.requests).toBeUndefined(); // the embedded engine counts none
});

it("every model runs every batch size, and the variants run once, where transactions cost what they do", () => {
  const all = scenarios(["U0", "R5", "embedded"], [10, 100, 1_000]);
  expect(all.filter(({ variant }) => variant === "distinct")).toHaveLength(9);
  expect(all.slice(9)).toEqual(
    ["pairs", "hot", "redelivered"].map((variant) => ({ model: "R5", variant, messages: 100 })),
  );
  expect(scenarios(["embedded"], [10])).toEqual([{ model: "embedded", variant: "distinct", messages: 10 }]);
});

it("small batches are repeated", () => {
  const times = [1, 10, 100, 1_000].map((messages) => repeats({ ...scenario, messages }));
  expect(times).toEqual([10, 10, 2, 1]);
});
