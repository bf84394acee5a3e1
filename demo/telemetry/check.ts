// What the statistics must say, computed straight from the readings, and how far they are off.

import type { Reading } from "../../functions/telemetry/reading.ts";
import { HOURS_KEPT, type Span, type Statistics } from "../../functions/telemetry/statistics.ts";

export interface StatisticsCheck {
  readonly lostReadings: number;
  readonly duplicatedReadings: number;
  /** Hours, and sums of older ones, whose sum, lowest or highest value is not that of their readings. */
  readonly wrongSpans: number;
  readonly outOfOrder: number;
  /** Devices that keep more hours apart than they should. */
  readonly unboundedDevices: number;
}

const OLDER = "older";

export function checkStatistics(readings: readonly Reading[], found: readonly Statistics[]): StatisticsCheck {
  const wanted = Map.groupBy(readings, ({ deviceId }) => deviceId);
  const statistics = new Map(found.map((state) => [state.deviceId ?? "", state]));
  let [lostReadings, duplicatedReadings, wrongSpans] = [0, 0, 0];
  for (const deviceId of new Set([...wanted.keys(), ...statistics.keys()])) {
    const [expected, actual] = [spansOf(wanted.get(deviceId) ?? []), foundSpans(statistics.get(deviceId))];
    for (const name of new Set([...expected.keys(), ...actual.keys()])) {
      const values = expected.get(name) ?? [];
      const span = actual.get(name);
      const count = span?.count ?? 0;
      lostReadings += Math.max(0, values.length - count);
      duplicatedReadings += Math.max(0, count - values.length);
      if (!isOf(span, values)) wrongSpans++;
    }
  }
  return {
    lostReadings,
    duplicatedReadings,
    wrongSpans,
    outOfOrder: found.reduce((all, { late }) => all + late, 0),
    unboundedDevices: found.filter(({ hours }) => Object.keys(hours).length > HOURS_KEPT).length,
  };
}

/** Values by hour; those of hours that are no longer kept apart under one name. */
function spansOf(readings: readonly Reading[]): Map<string, number[]> {
  const hourOf = ({ takenAt }: Reading): string => takenAt.slice(0, 13);
  const kept = [...new Set(readings.map(hourOf))].sort().slice(-HOURS_KEPT);
  const spans = Map.groupBy(readings, (reading) => (kept.includes(hourOf(reading)) ? hourOf(reading) : OLDER));
  return new Map([...spans].map(([name, ofSpan]) => [name, ofSpan.map(({ milliCelsius }) => milliCelsius)]));
}

function foundSpans({ hours, older }: Partial<Statistics> = {}): Map<string, Span> {
  return new Map([...Object.entries(hours ?? {}), ...(older ? [[OLDER, older] as const] : [])]);
}

function isOf(span: Span | undefined, values: readonly number[]): boolean {
  if (!span || values.length === 0) return !span && values.length === 0;
  const sum = values.reduce((all, one) => all + one, 0);
  return span.sum === sum && span.min === Math.min(...values) && span.max === Math.max(...values);
}
