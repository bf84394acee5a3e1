// Watermarks that a process knows: what stands below one runs no handler and costs no request. A watermark never goes back, so
// what is known may be old, but not wrong. Bounded; the longest unused goes first.

import type { Watermark } from "../protocol/watermark.ts";

export interface KnownWatermarks {
  get(pk: string): Watermark | undefined;
  /** The higher one stays. */
  keep(watermark: Watermark): void;
}

export function knownWatermarks(keysMax: number): KnownWatermarks {
  const known = new Map<string, Watermark>(); // in order of use
  // Goes on where it stood: a new iterator passes by all places that were deleted since the Map last grew, every time.
  const oldestFirst = known.keys();
  return {
    get: (pk) => known.get(pk),
    keep(watermark) {
      const { pk, position } = watermark;
      const before = known.get(pk);
      if (before && before.position > position) return;
      known.delete(pk);
      known.set(pk, watermark);
      if (known.size <= keysMax) return;
      const oldest = oldestFirst.next();
      if (!oldest.done) known.delete(oldest.value);
    },
  };
}
