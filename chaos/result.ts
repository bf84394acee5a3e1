// What a chaos run came to: what goes into the JSON, and what the report shows.

import type { RelayFigures } from "../demo/relay-figures.ts";
import type { ScenarioName } from "./app.ts";
import type { Happening, Second } from "./history.ts";
import type { Ledger } from "./ledger.ts";

export interface Moment extends Second {
  /** Effects in the store so far; undefined where nobody looked. */
  readonly applied: number | undefined;
}

export interface Story {
  readonly key: string;
  readonly verdict: "lost" | "doubled" | "unexpected" | "dead-lettered" | "applied once";
  readonly happenings: readonly Happening[];
}

export interface ChaosResult {
  readonly contender: ScenarioName;
  /** The command that does it again. */
  readonly command: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly messages: number;
  /** With the producer's repetitions. */
  readonly sends: number;
  readonly seed: number;
  /** For how long faults were injected. */
  readonly faultSeconds: number;
  readonly seconds: number;
  readonly invocations: number;
  readonly deliveries: number;
  /** Injected faults, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Workers killed, by function. */
  readonly kills: Readonly<Record<string, number>>;
  readonly ledger: Ledger;
  /** Messages that a fault hit or that were delivered more than once, and that were applied exactly once all the same. */
  readonly recovered: number;
  /** Share of DynamoDB and SQS requests of the function that a fault hit. */
  readonly requests: number;
  /** From the first send to the acknowledgement, ms. */
  readonly latency: Latency;
  /** Of the pipeline. */
  readonly relay?: RelayFigures;
  /** Second by second, from the first send on. */
  readonly moments: readonly Moment[];
  /** All that went wrong, and those that went through most. */
  readonly stories: readonly Story[];
}

export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** Of ms, ten bins for each power of ten; those of `count` 0 within them too. */
  readonly bins: readonly LatencyBin[];
}

export interface LatencyBin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

const BINS_A_DECADE = 10;

export function latencyOf(latenciesMs: readonly number[]): Latency {
  const sorted = latenciesMs.map((ms) => Math.max(1, ms)).sort((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  const binOf = (ms: number): number => Math.floor(Math.log10(ms) * BINS_A_DECADE + 1e-9);
  const bins: LatencyBin[] = [];
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first !== undefined && last !== undefined) {
    const counts = new Map<number, number>();
    for (const ms of sorted) counts.set(binOf(ms), (counts.get(binOf(ms)) ?? 0) + 1);
    for (let bin = binOf(first); bin <= binOf(last); bin++) {
      const [fromMs, toMs] = [10 ** (bin / BINS_A_DECADE), 10 ** ((bin + 1) / BINS_A_DECADE)];
      bins.push({ fromMs, toMs, count: counts.get(bin) ?? 0 });
    }
  }
  return { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), max: sorted.at(-1) ?? 0, bins };
}
