// Mixes of an ordered source in which a coincidence is common that its broad mix meets rarely. A profile decides what is likely,
// never what is right.

import { ORDERED_STRATEGIES, type OrderedSetup, type OrderedStrategy, type SourceKind } from "./setup.ts";

export interface OrderedProfile {
  readonly kind: SourceKind;
  readonly strategies: readonly OrderedStrategy[];
  readonly adjust?: Partial<OrderedSetup>;
}

const ALL = ORDERED_STRATEGIES;
const PLACED: readonly OrderedStrategy[] = ["watermark", "reduce"];

export const ORDERED_PROFILES: Readonly<Record<string, OrderedProfile>> = {
  /** A FIFO queue with message groups, which may be deleted and made anew. */
  fifo: { kind: "fifo", strategies: ALL },
  /** Shards that are split, merged, and read by several batches side by side. */
  shards: { kind: "stream", strategies: ALL },
  /** Partitions of a topic. */
  topic: { kind: "topic", strategies: ALL },
  /** Workers that do the same batch at the same time, commits that arrive late. */
  "stale-invocations": {
    kind: "stream",
    strategies: PLACED,
    adjust: {
      groups: 3,
      copies: 0.8,
      batchMax: 10,
      faultRate: 0.3,
      faults: ["reset-then-applied", "applied-later", "slow", "answer-lost"],
      latencyMs: { TransactWriteItems: 1_500, PutItem: 1_500 },
      working: 0.3,
    },
  },
  /** Runs in which much is given up, and letters that do not arrive. */
  "given-up": {
    kind: "fifo",
    strategies: ALL,
    adjust: { groups: 3, rejected: 0.6, copies: 0.4, faultRate: 0.3, visibilitySeconds: 3, backoff: false },
  },
  /** Messages that one worker gives up, or that write something else when they run again, before some that read without a guard. */
  otherwise: {
    kind: "stream",
    strategies: ["watermark"],
    adjust: {
      groups: 1,
      copies: 0.9,
      rejected: 0.4,
      kinds: { disputed: 1, doomed: 0, huge: 0, stocked: 0, needy: 1 },
      acts: ["unguarded", "moody"],
      moods: 4,
      parallelization: 1,
      batchMax: 10,
      faultRate: 0.05,
      working: 0.5,
      workMsMax: 900,
      failing: 0,
    },
  },
  /** Messages that one worker gives up and another does, before some that need what those wrote. */
  "other-verdicts": {
    kind: "stream",
    strategies: ["watermark"],
    adjust: {
      groups: 1,
      copies: 1,
      rejected: 0.9,
      kinds: { disputed: 1, doomed: 0, huge: 0, stocked: 0, needy: 1 },
      acts: ["adds"],
      parallelization: 1,
      batchMax: 10,
      faultRate: 0.02,
      working: 0.7,
      workMsMax: 900,
      failing: 0,
    },
  },
  /** Handlers that take long, one after the other. */
  "slow-handlers": {
    kind: "topic",
    strategies: PLACED,
    adjust: { groups: 3, working: 0.5, faultRate: 0, rejected: 0.05, copies: 0.1, failing: 0 },
  },
  /** Few messages in many shards, which are split and merged all the time. */
  "many-shards": {
    kind: "stream",
    strategies: PLACED,
    adjust: { groups: 6, faultRate: 0.1, parallelization: 10, batchMax: 10, changing: 25 },
  },
  /** A queue that is soon empty, and often made anew. */
  "made-anew": {
    kind: "fifo",
    strategies: PLACED,
    adjust: {
      groups: 3,
      burst: 2,
      faultRate: 0.05,
      rejected: 0.05,
      lostDeletions: 0,
      changing: 30,
      visibilitySeconds: 12,
    },
  },
};
