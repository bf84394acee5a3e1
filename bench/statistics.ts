// Medians and ratios. Pure.

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summary(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("a summary needs at least one value");
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (lower === undefined || upper === undefined) throw new RangeError("a median needs at least one value");
  return (lower + upper) / 2;
}

/**
 * Each value by the baseline's of the same round: what disturbs a whole round disturbs both. Rounds where the baseline is
 * zero or missing have no ratio; undefined: none has.
 */
export function ratios(values: readonly number[], baseline: readonly number[]): Summary | undefined {
  const found = values.flatMap((value, round) => {
    const base = baseline[round];
    return base === undefined || base === 0 ? [] : [value / base];
  });
  return found.length === 0 ? undefined : summary(found);
}
