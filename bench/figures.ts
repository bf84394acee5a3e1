// Samples to figures: a summary over the rounds, and its ratio to the baseline of the same round. Pure.

import type { Sample } from "./measure.ts";
import { baselineOf, type Contender } from "./names.ts";
import type { Scenario } from "./plan.ts";
import type { Start } from "./starts.ts";
import { ratios, type Summary, summary } from "./statistics.ts";

export const SAMPLE_METRICS = [
  "batchMs",
  "cpuUs",
  "engineCpuUs",
  "givenBack",
  "requests",
  "writeUnits",
  "wastedWriteUnits",
  "readUnits",
  "conflicts",
] as const;
export const START_METRICS = ["importMs", "firstBatchMs", "smallPeakBytes", "largePeakBytes"] as const;
export type SampleMetric = (typeof SAMPLE_METRICS)[number];
export type StartMetric = (typeof START_METRICS)[number];

export interface Figure extends Summary {
  /** To the baseline; the median of the rounds' ratios is not the ratio of the medians. */
  readonly ratio?: Summary;
}
export type ContenderFigures<Metric extends string> = {
  readonly [C in Contender]?: { readonly [M in Metric]?: Figure };
};
export interface ScenarioFigures {
  readonly scenario: Scenario;
  readonly contenders: ContenderFigures<SampleMetric>;
}

export function scenarioFigures(samples: readonly Sample[]): ScenarioFigures[] {
  const groups = Map.groupBy(samples, ({ scenario }) => JSON.stringify(scenario));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ scenario: first.scenario, contenders: figures(group, SAMPLE_METRICS) }] : [];
  });
}

export function startFigures(starts: readonly Start[]): ContenderFigures<StartMetric> {
  return figures(starts, START_METRICS);
}

type Measured<Metric extends string> = {
  readonly contender: Contender;
  readonly round: number;
} & { readonly [M in Metric]?: number };

function figures<Metric extends string>(
  measured: readonly Measured<Metric>[],
  metrics: readonly Metric[],
): ContenderFigures<Metric> {
  const inOrder = measured.toSorted((a, b) => a.round - b.round);
  const byContender = Map.groupBy(inOrder, ({ contender }) => contender);
  const valuesOf = (contender: Contender, metric: Metric): number[] =>
    (byContender.get(contender) ?? []).flatMap((one) => one[metric] ?? []);
  const entries = [...byContender.keys()].map((contender) => [
    contender,
    Object.fromEntries(
      metrics.flatMap((metric) => {
        const values = valuesOf(contender, metric);
        if (values.length === 0) return [];
        const ratio = ratios(values, valuesOf(baselineOf(contender), metric));
        return [[metric, { ...summary(values), ...(ratio && { ratio }) }] as const];
      }),
    ),
  ]);
  return Object.fromEntries(entries);
}
