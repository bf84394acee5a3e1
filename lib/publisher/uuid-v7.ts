// UUIDs of version 7 (RFC 9562): sorted by time, new in every process. Of our own because the clock and the randomness are
// injected, and the whole of it is shorter than the call of a library that takes both.
//
//   48 bits  unix_ts_ms  milliseconds since the epoch
//    4 bits  version     7
//   12 bits  counter     the upper bits of 42
//    2 bits  variant     10
//   30 bits  counter     the lower bits
//   32 bits  random      new for each id
//
//   UU1. Ids of one process grow (method 1 of section 6.2): the counter starts anew, at random and in its lower half, with each
//        millisecond, and counts within it.
//   UU2. A clock that goes backwards, or a counter that is full, never repeats or reorders: ids go on from the last timestamp.
//   UU3. Ids of two processes differ by 73 random bits.

import type { Host } from "../host.ts";

const COUNTER_BITS = 42;
const COUNTER_LIMIT = 2 ** COUNTER_BITS;
const COUNTER_START_LIMIT = 2 ** (COUNTER_BITS - 1);
const LOWER_LIMIT = 2 ** 30;

/** What makes ids; each call gives a new one. */
export type NewId = () => string;

export function uuidV7({ nowMs, randomId }: Pick<Host, "nowMs" | "randomId">): NewId {
  let [lastMs, counter] = [-1, 0];
  return () => {
    const random = randomId().replaceAll("-", "");
    const start = Number.parseInt(random.slice(0, 11), 16) % COUNTER_START_LIMIT; // before the digit of its version
    const ms = nowMs();
    counter += 1;
    if (ms > lastMs)
      [lastMs, counter] = [ms, start]; // UU1
    else if (counter === COUNTER_LIMIT) [lastMs, counter] = [lastMs + 1, start]; // UU2
    const upper = Math.floor(counter / LOWER_LIMIT);
    const variantAndLower = 2 * LOWER_LIMIT + (counter % LOWER_LIMIT);
    const [time, lower] = [hex(lastMs, 12), hex(variantAndLower, 8)];
    const tail = lower.slice(4) + random.slice(24); // UU3
    return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(upper, 3)}-${lower.slice(0, 4)}-${tail}`;
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
