import { expect, it } from "vitest";
import { median, ratios, summary } from "../../bench/statistics.ts";

it("medians of odd and even counts, whatever their order, and the values stay as they are", () => {
  const values = [9, 1, 5];
  expect(median(values)).toBe(5);
  expect(median([10, 9, 1, 2])).toBe(5.5); // as numbers, not as texts
  expect(values).toEqual([9, 1, 5]);
  expect(() => median([])).toThrow(RangeError);
});

it("a summary has the extremes", () => {
  expect(summary([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(() => summary([])).toThrow(RangeError);
});

it("ratios are taken within a round, so a slow round changes none", () => {
  expect(ratios([1, 10, 1], [2, 20, 4])).toEqual({ median: 0.5, min: 0.25, max: 0.5 });
});

it("has no ratio to nothing", () => {
  expect(ratios([1, 2], [0, 4])).toEqual({ median: 0.5, min: 0.5, max: 0.5 });
  expect(ratios([1], [])).toBeUndefined();
});
