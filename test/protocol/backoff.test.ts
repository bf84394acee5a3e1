import fc from "fast-check";
import { expect, it } from "vitest";
import { fullJitterMs } from "../../lib/protocol/backoff.ts";

const backoff = { baseMs: 20, capMs: 1_000 };

it("a delay lies between zero and the bound, which grows by two up to the cap", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (tries, random) => {
      const delayMs = fullJitterMs(backoff, tries, random);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(Math.min(1_000, 20 * 2 ** Math.min(tries, 20)));
    }),
  );
  expect([1, 2, 3, 9].map((tries) => fullJitterMs(backoff, tries, 0.999))).toEqual([39, 79, 159, 999]);
  expect(fullJitterMs(backoff, 5, 0)).toBe(0);
});
