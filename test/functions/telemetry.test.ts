// The fold of the telemetry function: bounded, and nothing is left out. Attacks HS1 and HS2.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Reading, ReadingChange } from "../../functions/telemetry/reading.ts";
import { foldReading, HOURS_KEPT, NO_READINGS, type Span } from "../../functions/telemetry/statistics.ts";

const START_MS = Date.UTC(2026, 0, 5, 8);
const reading = (minute: number, milliCelsius: number): Reading => ({
  deviceId: "d",
  takenAt: new Date(START_MS + minute * 60_000).toISOString(),
  milliCelsius,
});
const fold = (readings: readonly Reading[]) => readings.reduce(foldReading, NO_READINGS);

describe("statistics of a device", () => {
  it("have count, sum, lowest and highest value of each hour", () => {
    const statistics = fold([reading(0, 5), reading(59, -3), reading(60, 7)]);
    expect(statistics).toEqual({
      deviceId: "d",
      hours: {
        "2026-01-05T08": { count: 2, sum: 2, min: -3, max: 5 },
        "2026-01-05T09": { count: 1, sum: 7, min: 7, max: 7 },
      },
      lastTakenAt: "2026-01-05T09:00:00.000Z",
      late: 0,
    });
  });

  it("count what comes late, in the hour in which it was taken", () => {
    const statistics = fold([reading(60, 1), reading(0, 2), reading(61, 3)]);
    expect(statistics.late).toBe(1);
    expect(Object.keys(statistics.hours)).toEqual(["2026-01-05T08", "2026-01-05T09"]);
  });

  it("keep the newest hours apart and the rest in one sum, whatever the order (HS1, HS2)", () => {
    const minutes = fc.integer({ min: 0, max: 60 * HOURS_KEPT * 3 });
    const taken = fc.array(fc.tuple(minutes, fc.integer({ min: -40_000, max: 60_000 })), {
      maxLength: 300,
      size: "max", // more hours than are kept apart
    });
    fc.assert(
      fc.property(taken, (drawn) => {
        const readings = drawn.map(([minute, value]) => reading(minute, value));
        const { hours, older } = fold(readings);
        expect(Object.keys(hours).length).toBeLessThanOrEqual(HOURS_KEPT);
        const spans: Span[] = [...Object.values(hours), ...(older ? [older] : [])];
        const values = readings.map(({ milliCelsius }) => milliCelsius);
        const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
        expect(sum(spans.map(({ count }) => count))).toBe(values.length);
        expect(sum(spans.map((span) => span.sum))).toBe(sum(values));
        if (values.length === 0) return;
        expect(Math.min(...spans.map(({ min }) => min))).toBe(Math.min(...values));
        expect(Math.max(...spans.map(({ max }) => max))).toBe(Math.max(...values));
      }),
      { numRuns: 100, endOnFailure: true }, // to make hundreds of readings fewer takes minutes
    );
  });

  it("are of readings that the schema knows; a device that was deleted has no new image", () => {
    expect(ReadingChange.parse({ eventName: "REMOVE", keys: { deviceId: "d" } })).toEqual({});
    expect(ReadingChange.safeParse({ newImage: { ...reading(0, 1), milliCelsius: 0.5 } }).success).toBe(false);
    expect(Reading.safeParse(reading(0, 1)).success).toBe(true);
  });
});
