// What a seed decides once: the consumer's options, the queue's, how often something goes wrong.
//
// Records live for the dedup horizon and the largest difference of clocks: a worker whose clock is behind dates its records
// early. What outlives the horizon does not exist (H1 of lib/model/dedup-horizon.ts): producers send again within their
// window only, and a message is redriven at most REDRIVES_MAX times.

import { dedupHorizonSeconds } from "../../../lib/model/dedup-horizon.ts";
import type { Chance } from "./chance.ts";

export type Strategy = "commit" | "claim" | "insert";
export const STRATEGIES: readonly Strategy[] = ["commit", "claim", "insert"];

export interface Setup {
  readonly strategy: Strategy;
  /** Versions of the code take turns between commit and claim. */
  readonly changesStrategy: boolean;
  readonly leaseSeconds: number;
  readonly groupCommit: boolean;
  readonly concurrency: number;
  readonly lanes: number;
  readonly storeResult: boolean;
  readonly backoff: boolean;
  /** Called as Middy calls it; else without Middy. */
  readonly middleware: boolean;
  /** Also shorter than the function may run: then copies of one message run side by side. */
  readonly visibilitySeconds: number;
  readonly maxReceiveCount: number;
  /** Of requests. */
  readonly faultRate: number;
  readonly retentionDays: number;
}

/** Of an invocation. */
export const TIMEOUT_MS = 10_000;
export const MARGIN_MS = 500;
export const WORKERS_MAX = 4;
export const SKEW_MS_MAX = 5 * 60_000;
export const REDRIVES_MAX = 2;
const DAY_SECONDS = 24 * 60 * 60;
export const SOURCE_RETENTION_SECONDS: number = 2 * DAY_SECONDS;
export const DEAD_LETTER_RETENTION_SECONDS: number = 4 * DAY_SECONDS;
export const RESEND_WINDOW_MS: number = 1000 * DAY_SECONDS;

export function strategyOf({ strategy, changesStrategy }: Setup, version: number): Strategy {
  if (!changesStrategy || version % 2 === 0) return strategy;
  return strategy === "claim" ? "commit" : "claim";
}

export interface Given {
  readonly strategy: Strategy;
  readonly skewMsMax: number | undefined;
}

export function drawSetup(chance: Chance, { strategy, skewMsMax = SKEW_MS_MAX }: Given): Setup {
  const visibilitySeconds = chance.pick([3, 12, 60]);
  const horizonSeconds = dedupHorizonSeconds({
    redrives: REDRIVES_MAX,
    sourceRetentionSeconds: SOURCE_RETENTION_SECONDS,
    deadLetterRetentionSeconds: DEAD_LETTER_RETENTION_SECONDS,
    visibilityTimeoutSeconds: visibilitySeconds,
    functionTimeoutSeconds: TIMEOUT_MS / 1000,
    producerResendWindowSeconds: RESEND_WINDOW_MS / 1000,
  });
  return {
    strategy,
    changesStrategy: strategy !== "insert" && chance.happens(0.25),
    visibilitySeconds,
    leaseSeconds: chance.pick([1, 5, 30]),
    groupCommit: chance.happens(0.8),
    concurrency: chance.pick([1, 3, 10, 100]),
    lanes: chance.pick([1, 2, 10]),
    storeResult: strategy !== "insert" && chance.happens(0.3),
    middleware: chance.happens(0.5),
    backoff: chance.happens(0.5),
    maxReceiveCount: chance.pick([2, 4, 8]),
    faultRate: chance.pick([0.02, 0.1, 0.3]),
    retentionDays: (horizonSeconds + Math.max(SKEW_MS_MAX, skewMsMax) / 1000) / DAY_SECONDS,
  };
}
