// Seeded draws. Each rule has a generator of its own, so that one rule's draws do not shift another's.
//
//   RN1. The same seed and label give the same draws, whatever else is drawn meanwhile.
import type { Range } from "./types.ts";

/** In [0, 1). */
export type Random = () => number;

/** Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function createRandom(seed: number, label: string): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ hashOf(label)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from least to most. */
export function drawFrom(range: Range, random: Random): number {
  if (typeof range === "number") return range;
  const [least, most] = range;
  return least + Math.floor(random() * (most - least + 1));
}

export function pick<T>(list: readonly [T, ...T[]], random: Random): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
