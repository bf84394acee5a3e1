// Snowflake ids: 63 bits in 19 decimal digits, so that they sort as text and as numbers. Unique as long as no two processes of
// one worker id run at a time.
//
//   41 bits  milliseconds since 2024-01-01T00:00:00Z, enough until 2093
//   10 bits  worker id
//   12 bits  sequence within the millisecond
//
//   SF1. Ids of one worker grow: a full sequence goes on in the next millisecond, without waiting for it.
//   SF2. A clock that goes backwards never repeats or reorders: ids go on from the last timestamp.
//   SF3. Never beyond 41 bits: that would be an id of another time.

import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { NewId } from "./uuid-v7.ts";

/** 2024-01-01T00:00:00Z. Never changed: ids on both sides of a change could be the same. */
export const SNOWFLAKE_EPOCH_MS = 1_704_067_200_000;
export const WORKER_ID_MAX = 1_023;

const SEQUENCE_LIMIT = 4_096;
const TIME_LIMIT_MS = 2 ** 41;
const DIGITS = 19;

export function snowflake({ nowMs }: Pick<Host, "nowMs">, workerId: number): NewId {
  let [lastMs, sequence] = [-1, 0];
  return () => {
    const ms = Math.max(0, nowMs() - SNOWFLAKE_EPOCH_MS);
    sequence += 1;
    if (ms > lastMs) [lastMs, sequence] = [ms, 0];
    else if (sequence === SEQUENCE_LIMIT) [lastMs, sequence] = [lastMs + 1, 0]; // SF1, SF2
    if (lastMs >= TIME_LIMIT_MS) throw outOfTime(nowMs()); // SF3
    const id = (BigInt(lastMs) << 22n) | (BigInt(workerId) << 12n) | BigInt(sequence);
    return id.toString().padStart(DIGITS, "0");
  };
}

function outOfTime(nowMs: number): SemelError {
  const lastDay = new Date(SNOWFLAKE_EPOCH_MS + TIME_LIMIT_MS - 1).toISOString();
  return new SemelError(
    `Cannot make a Snowflake id: the clock is at ${new Date(nowMs).toISOString()}, and the ids have room until ${lastDay}. ` +
      "Mend the clock, or leave snowflakeWorkerId out for UUIDs",
    { code: "SEMEL_OPTIONS", retryable: false },
  );
}
