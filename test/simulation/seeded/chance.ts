// Every draw of a simulation, from one seed.

import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

export interface Chance {
  /** In [0, 1). */
  real(): number;
  /** A whole number from 0, below the bound. */
  below(bound: number): number;
  happens(probability: number): boolean;
  pick<T>(list: readonly [T, ...T[]]): T;
  /** Nothing for an empty list. */
  anyOf<T>(list: readonly T[]): T | undefined;
  /** One of the names, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** Milliseconds of any order of magnitude in between. */
  spanMs(minMs: number, maxMs: number): number;
}

export function createChance(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  const real = (): number => uniformFloat64(generator);
  const below = (bound: number): number => Math.floor(real() * bound);
  return {
    real,
    below,
    happens: (probability) => real() < probability,
    pick: (list) => list[below(list.length)] ?? list[0],
    anyOf: (list) => (list.length === 0 ? undefined : list[below(list.length)]),
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const entries = Object.entries<number>(weights);
      let left = real() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      const found = entries.find(([, weight]) => {
        left -= weight;
        return left < 0;
      });
      return (found ?? entries[0])?.[0] as K;
    },
    spanMs: (minMs, maxMs) => Math.round(minMs * (maxMs / minMs) ** real()),
  };
}
