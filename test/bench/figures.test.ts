import { expect, it } from "vitest";
import { scenarioFigures } from "../../bench/figures.ts";
import type { Sample } from "../../bench/measure.ts";
import type { Contender } from "../../bench/names.ts";
import { competes, orderedScenarios, repeats, type Scenario, scenarios } from "../../bench/plan.ts";

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

it("what runs on ordered sources is compared with who keeps the order", () => {
  const [only] = scenarioFigures([sample("semel-reduce", 0, 10), sample("powertools-in-order", 0, 200)]);
  expect(only?.contenders["semel-reduce"]?.batchMs?.ratio?.median).toBe(0.05);
});

it("FIFO queues and a stream, for time and for processors; each with contenders of its own", () => {
  const all = orderedScenarios(["U0", "U5", "R5", "embedded"], 1_000);
  const variants = ["one-group 10", "ten-groups 10", "stream 1000"];
  expect(all.map(({ variant, messages }) => `${variant} ${messages}`)).toEqual([...variants, ...variants]);
  expect(all.map(({ model }) => model)).toEqual(["U0", "U0", "U0", "R5", "R5", "R5"]);
  expect(all.every((one) => competes("semel-reduce", one) && !competes("semel", one))).toBe(true);
  expect(competes("semel", scenario) && !competes("semel-watermark", scenario)).toBe(true);
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
  const ordered = [10, 1_000].map((messages) => repeats({ model: "U0", variant: "stream", messages }));
  expect(ordered).toEqual([50, 3]);
});
