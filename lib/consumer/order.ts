// The order of a batch: ordering keys run side by side, the messages of one run one after the other.
//
//   OR1. A message starts only after the one before it of its ordering key is settled: committed, a duplicate, or rejected
//        and in the dead-letter queue. Started is its handler, so what it reads is what that one left.
//   OR2. After a failure nothing of its ordering key starts.
//   OR3. Nobody waits for another ordering key, and nobody holds a place or a commit while it waits.

import type { Place } from "../sources/source.ts";

/** How many messages may start at once: those with nobody before them. */
export function countFirsts(places: readonly Place[]): number {
  const lanes = new Set<string>();
  let withoutOrder = 0;
  for (const place of places) {
    const lane = laneOf(place);
    if (lane === undefined) withoutOrder++;
    else lanes.add(lane);
  }
  return withoutOrder + lanes.size;
}

/** What the positions of a place are compared in: its source, in that life of it which the consumer names. WM2 */
export function scopeOf({ origin, scope = origin }: Place, epoch: string | undefined): string {
  return epoch === undefined ? scope : JSON.stringify([scope, epoch]); // no scope of a source is a list
}

/** Undefined where the source keeps no order. */
export function laneOf({ origin, scope = origin, orderingKey }: Place): string | undefined {
  return orderingKey === undefined ? undefined : `${scope.length} ${scope}${orderingKey}`;
}

export interface Turn {
  /** Is somebody of its ordering key before it? */
  readonly isFirst: boolean;
  /** Resolves with true when it may start, with false when one before it failed. */
  readonly mayStart: Promise<boolean>;
  /** To be called once, with what became of it. */
  settled(well: boolean): void;
}

/** Gives each message of an ordering key its turn, in the order of the calls. */
export function createTurns(): (lane: string) => Turn {
  const last = new Map<string, Promise<boolean>>();
  return (lane) => {
    const before = last.get(lane);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    last.set(lane, promise);
    return { isFirst: before === undefined, mayStart: before ?? Promise.resolve(true), settled: resolve };
  };
}
