// Ids that grow, whatever the clock does.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemHost } from "../../lib/host.ts";
import { idsOf } from "../../lib/publisher/ids.ts";
import { SNOWFLAKE_EPOCH_MS, snowflake } from "../../lib/publisher/snowflake.ts";
import { type NewId, uuidV7 } from "../../lib/publisher/uuid-v7.ts";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const START_MS = Date.UTC(2026, 10, 22);
const FULL = `${"f".repeat(8)}-${"f".repeat(4)}-4fff-bfff-${"f".repeat(12)}`;
const EMPTY = "00000000-0000-4000-8000-000000000000";

const steps = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -5_000, max: 5_000 })), {
  maxLength: 60,
  size: "max",
});

/** Ids under a clock that moves by these steps before each. */
function idsUnder(clockSteps: readonly number[], maker: (nowMs: () => number) => NewId): string[] {
  let ms = START_MS;
  const next = maker(() => ms);
  return clockSteps.map((step) => {
    ms += step;
    return next();
  });
}

function isGrowing(ids: readonly string[]): boolean {
  return ids.every((id, index) => index === 0 || id > (ids[index - 1] ?? ""));
}

describe("a UUID of version 7", () => {
  const uuid = (nowMs: () => number) => uuidV7({ nowMs, randomId: systemHost.randomId });

  it("UU1, UU2: is greater than the one before, under a clock that goes back and stands still", () => {
    fc.assert(
      fc.property(steps, (clockSteps) => {
        const ids = idsUnder(clockSteps, uuid);
        expect(ids.every((id) => V7.test(id))).toBe(true);
        expect(isGrowing(ids)).toBe(true);
      }),
    );
  });

  it("holds the time in its first 48 bits, and nothing but random bits differ between processes", () => {
    const nowMs = () => 0x0123456789ab;
    expect(uuidV7({ nowMs, randomId: () => EMPTY })()).toBe("01234567-89ab-7000-8000-000000000000");
    // The counter begins in its lower half.
    expect(uuidV7({ nowMs, randomId: () => FULL })()).toBe("01234567-89ab-77ff-bfff-ffffffffffff");
  });

  it("UU1: counts within a millisecond, and UU2: goes on in the next one when it has counted to the end", () => {
    let ms = 7;
    const next = uuidV7({ nowMs: () => ms, randomId: () => EMPTY });
    expect([next(), next(), next()]).toEqual([
      "00000000-0007-7000-8000-000000000000",
      "00000000-0007-7000-8000-000100000000",
      "00000000-0007-7000-8000-000200000000",
    ]);
    ms = 6;
    expect(next()).toBe("00000000-0007-7000-8000-000300000000");
    ms = 8;
    expect(next()).toBe("00000000-0008-7000-8000-000000000000");
  });

  it("UU3: two processes that start in the same millisecond make different ids", () => {
    const ids = Array.from({ length: 1_000 }, () => uuid(() => START_MS)());
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("a Snowflake id", () => {
  const worker = (workerId: number) => (nowMs: () => number) => snowflake({ nowMs }, workerId);

  it("SF1, SF2: is greater than the one before, under a clock that goes back and stands still", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 1_023 }), (clockSteps, workerId) => {
        const ids = idsUnder(clockSteps, worker(workerId));
        expect(ids.every((id) => /^\d{19}$/.test(id))).toBe(true);
        expect(isGrowing(ids)).toBe(true);
        expect(ids.every((id) => Number((BigInt(id) >> 12n) & 1_023n) === workerId)).toBe(true);
      }),
    );
  });

  it("SF1: goes on in the next millisecond after 4,096 ids, and not before", () => {
    const next = worker(3)(() => SNOWFLAKE_EPOCH_MS + 5);
    const ids = Array.from({ length: 4_097 }, next);
    const partsOf = (id: string | undefined) => [BigInt(id ?? 0) >> 22n, BigInt(id ?? 0) & 4_095n];
    expect(partsOf(ids[4_095])).toEqual([5n, 4_095n]);
    expect(partsOf(ids[4_096])).toEqual([6n, 0n]);
    expect(isGrowing(ids)).toBe(true);
  });

  it("differs between workers, at any time", () => {
    fc.assert(
      fc.property(steps, steps, (some, others) => {
        const ids = [...idsUnder(some, worker(1)), ...idsUnder(others, worker(2))];
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("SF3: is never one of another time: before the epoch it counts from there, after its 41 bits there is none", () => {
    expect(worker(0)(() => 0)()).toBe("0".repeat(19));
    expect(worker(0)(() => SNOWFLAKE_EPOCH_MS + 2 ** 41 - 1)()).toBe(((2n ** 41n - 1n) << 22n).toString());
    const late = worker(0)(() => SNOWFLAKE_EPOCH_MS + 2 ** 41);
    expect(late).toThrow(/2093-09-06T15:47:35\.552Z, and the ids have room until 2093-09-06T15:47:35\.551Z/);
    expect(late).toThrow(/SEMEL_OPTIONS/);
  });
});

it("one worker id makes one row of ids in a process, however many publishers there are", () => {
  const host = { ...systemHost, nowMs: () => START_MS };
  const ids = [idsOf(host, 9)(), idsOf(host, 9)(), idsOf(host, undefined)(), idsOf(host, undefined)()];
  expect(new Set(ids).size).toBe(4);
  expect(idsOf(host, 9)).toBe(idsOf(host, 9));
  expect(idsOf(host, 8)).not.toBe(idsOf(host, 9));
});
