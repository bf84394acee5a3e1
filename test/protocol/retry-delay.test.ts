// Attacks RD1 of lib/protocol/retry-delay.ts, and the bounds of the backoff.

import fc from "fast-check";
import { expect, it } from "vitest";
import { RETRY_BACKOFF_DEFAULT, retryDelaySeconds } from "../../lib/protocol/retry-delay.ts";

const input = {
  afterSeconds: undefined,
  backoff: RETRY_BACKOFF_DEFAULT,
  receiveCount: 1,
  secondsSinceReceipt: 0,
  random: 0,
};
const ALMOST_ONE = 1 - Number.EPSILON;

it("full jitter: from 1 s to a bound that doubles with every receipt, up to the cap", () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 1_000].map((receiveCount) => [
    retryDelaySeconds({ ...input, receiveCount }),
    retryDelaySeconds({ ...input, receiveCount, random: ALMOST_ONE }),
  ]);
  expect(bounds).toEqual([
    [1, 30],
    [1, 60],
    [1, 120],
    [1, 240],
    [1, 480],
    [1, 900],
    [1, 900],
    [1, 900],
  ]);
});

it("a receive count that is no number counts as the first", () => {
  for (const receiveCount of [Number.NaN, 0, -3]) {
    expect(retryDelaySeconds({ ...input, receiveCount, random: ALMOST_ONE })).toBe(30);
  }
});

it("what the handler asked for goes before the backoff, rounded up", () => {
  expect(retryDelaySeconds({ ...input, afterSeconds: 0 })).toBe(0);
  expect(retryDelaySeconds({ ...input, afterSeconds: 1.2, backoff: undefined })).toBe(2);
  expect(retryDelaySeconds({ ...input, backoff: undefined })).toBeUndefined();
});

it("RD1: never beyond 12 hours from the receipt, with time for the request, and never below zero", () => {
  expect(retryDelaySeconds({ ...input, afterSeconds: 43_200 })).toBe(43_170);
  expect(retryDelaySeconds({ ...input, afterSeconds: 43_200, secondsSinceReceipt: 7.1 })).toBe(43_162);
  expect(retryDelaySeconds({ ...input, afterSeconds: 43_200, secondsSinceReceipt: undefined })).toBe(41_970);
  fc.assert(
    fc.property(
      fc.option(fc.double({ min: 0, max: 43_200, noNaN: true }), { nil: undefined }),
      fc.option(fc.double({ min: -10, max: 50_000, noNaN: true }), { nil: undefined }),
      fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
      fc.nat(50),
      (afterSeconds, secondsSinceReceipt, random, receiveCount) => {
        const seconds = retryDelaySeconds({ ...input, afterSeconds, secondsSinceReceipt, random, receiveCount }) ?? -1;
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds + Math.max(0, secondsSinceReceipt ?? 0)).toBeLessThanOrEqual(
          Math.max(43_170, secondsSinceReceipt ?? 0),
        );
      },
    ),
  );
});
