// Made-up readings: devices that report some times an hour, for more hours than their statistics keep apart.

import type { Reading } from "../../functions/telemetry/reading.ts";
import type { Random } from "../random.ts";

export const GENERATED_READINGS = 3_000;
const DEVICES = 20;
const START_MS = Date.UTC(2026, 0, 5, 8);
const MINUTE_MS = 60_000;
const MINUTES_BETWEEN_MIN = 5;
const MINUTES_BETWEEN_MAX = 50;

export function generateReadings(random: Random, count: number = GENERATED_READINGS): Reading[] {
  const devices = Array.from({ length: Math.min(DEVICES, count) }, (_, index) => ({
    deviceId: `D${String(index + 1).padStart(3, "0")}`,
    nowMs: START_MS + random.int(0, 59) * MINUTE_MS,
    milliCelsius: random.int(-5_000, 25_000),
  }));
  return Array.from({ length: count }, () => {
    const device = random.pick(devices);
    device.nowMs += random.int(MINUTES_BETWEEN_MIN, MINUTES_BETWEEN_MAX) * MINUTE_MS;
    device.milliCelsius += random.int(-900, 900);
    const { deviceId, nowMs, milliCelsius } = device;
    return { deviceId, takenAt: new Date(nowMs).toISOString(), milliCelsius };
  });
}
