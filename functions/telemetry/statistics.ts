// Hourly statistics of a device, folded reading by reading. Pure.
//
//   HS1. The state is bounded: the newest hours stand by themselves, all before them in one sum.
//   HS2. Nothing is left out: every reading is in exactly one of them.

import type { Reading } from "./reading.ts";

/** Two days: some 4 KB. */
export const HOURS_KEPT = 48;

/** Of the readings of one hour, or of all older ones. */
export interface Span {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export interface Statistics {
  readonly deviceId?: string;
  /** By the hour in which they were taken, `2026-01-05T08`. */
  readonly hours: Readonly<Record<string, Span>>;
  /** Of all hours before those. */
  readonly older?: Span;
  readonly lastTakenAt?: string;
  /** Readings that were taken before the one that came before them. */
  readonly late: number;
}

export const NO_READINGS: Statistics = { hours: {}, late: 0 };

export function foldReading(state: Statistics, { deviceId, takenAt, milliCelsius }: Reading): Statistics {
  const { lastTakenAt = takenAt } = state;
  const hour = takenAt.slice(0, "2026-01-05T08".length);
  const reading = { count: 1, sum: milliCelsius, min: milliCelsius, max: milliCelsius };
  const hours = Object.entries({ ...state.hours, [hour]: joined(state.hours[hour], reading) });
  hours.sort(([one], [other]) => (one < other ? -1 : 1));
  const past = hours.splice(0, hours.length - HOURS_KEPT); // HS1
  const older = past.reduce((sum, [, span]) => joined(sum, span), state.older); // HS2
  return {
    deviceId,
    hours: Object.fromEntries(hours),
    ...(older && { older }),
    lastTakenAt: takenAt > lastTakenAt ? takenAt : lastTakenAt,
    late: state.late + (takenAt < lastTakenAt ? 1 : 0),
  };
}

function joined(one: Span | undefined, other: Span): Span {
  if (!one) return other;
  return {
    count: one.count + other.count,
    sum: one.sum + other.sum,
    min: Math.min(one.min, other.min),
    max: Math.max(one.max, other.max),
  };
}
