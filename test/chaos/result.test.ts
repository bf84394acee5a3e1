import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latencyOf } from "../../chaos/result.ts";

/** Powers of ten are not exact. */
const NUDGE = 1 + 1e-9;
const latencies = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1, maxLength: 200 });

describe("latency", () => {
  it("counts every message in one bin, and the bins touch", () => {
    fc.assert(
      fc.property(latencies, (all) => {
        const { bins } = latencyOf(all);
        expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(all.length);
        for (const [index, bin] of bins.entries()) {
          const within = all.filter(
            (ms) => Math.max(1, ms) * NUDGE >= bin.fromMs && Math.max(1, ms) * NUDGE < bin.toMs,
          );
          expect(bin.count).toBe(within.length);
          if (index > 0) expect(bin.fromMs).toBeCloseTo(bins[index - 1]?.toMs ?? 0);
        }
      }),
    );
  });

  it("names the smallest latency that so many messages kept within", () => {
    const ms = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
    expect(latencyOf(ms)).toMatchObject({ p50: 500, p90: 900, p99: 990, max: 1_000 });
  });

  it("has no bins without messages", () => {
    expect(latencyOf([])).toEqual({ p50: 0, p90: 0, p99: 0, max: 0, bins: [] });
  });
});
