// What a seed decides once: the source, the consumer's options, how often something goes wrong.

import type { Chance } from "../seeded/chance.ts";
import type { Fault } from "../seeded/faults.ts";
import type { Act, Kind } from "./messages.ts";

export type OrderedStrategy = "commit" | "watermark" | "reduce";
export const ORDERED_STRATEGIES: readonly OrderedStrategy[] = ["commit", "watermark", "reduce"];

export type SourceKind = "fifo" | "stream" | "topic";

/** Of an invocation. */
export const TIMEOUT_MS = 10_000;
export const MARGIN_MS = 500;
export const WORKERS_MAX = 5;
export const CONSUMER = "simulated";
export const LATER_MS_MAX = 5 * 60_000;

export interface OrderedSetup {
  readonly kind: SourceKind;
  readonly strategy: OrderedStrategy;
  readonly concurrency: number;
  readonly groupCommit: boolean;
  readonly lanes: number;
  /** Watermarks and states that a process remembers. */
  readonly committedKeysMax: number;
  readonly backoff: boolean;
  /** Of a queue: also shorter than the function may run. */
  readonly visibilitySeconds: number;
  /** Of a stream: batches of a shard that run side by side. */
  readonly parallelization: number;
  readonly batchMax: number;
  /** Of requests. */
  readonly faultRate: number;
  /** Requests meet these only; none: all. */
  readonly faults: readonly Fault[];
  /** Requests take so much longer at most, by operation. */
  readonly latencyMs: Readonly<Partial<Record<string, number>>>;
  /** Of runs of a handler: how many throw, and how many take time. */
  readonly failing: number;
  readonly working: number;
  readonly workMsMax: number;
  /** Of messages: how many are not plain, and what they are then. */
  readonly rejected: number;
  readonly kinds: Readonly<Record<Exclude<Kind, "plain">, number>>;
  /** What messages do, but for those that look by a client of their own. */
  readonly acts: readonly [Act, ...Act[]];
  /** Of polls: how many batches go to another worker as well. */
  readonly copies: number;
  /** Of a queue: how many deletions are lost. */
  readonly lostDeletions: number;
  /** Messages are of so many ordering keys. */
  readonly groups: number;
  /** Messages of a burst. */
  readonly burst: number;
  /** Changes, in the first second of an invocation, of the item by which moody messages go. */
  readonly moods: number;
  /** How often shards or the queue are changed, as a weight among the steps. */
  readonly changing: number;
}

export function drawSetup(chance: Chance, kind: SourceKind, strategy: OrderedStrategy): OrderedSetup {
  return {
    kind,
    strategy,
    concurrency: chance.pick([1, 3, 10]),
    groupCommit: chance.happens(0.8),
    lanes: chance.pick([1, 2, 10]),
    committedKeysMax: chance.pick([0, 1, 100]),
    backoff: chance.happens(0.5),
    visibilitySeconds: chance.pick([3, 12, 60]),
    parallelization: chance.pick([1, 3, 10]),
    batchMax: chance.pick([3, 10, 30]),
    faultRate: chance.pick([0.02, 0.1, 0.3]),
    faults: [],
    latencyMs: {},
    failing: 0.05,
    working: 0.2,
    workMsMax: 12_000,
    rejected: 0.2,
    kinds: { disputed: 5, doomed: 3, huge: 0.5, stocked: 1.5, needy: 2 },
    acts: ["adds", "appends", "reads", "unguarded", "moody"],
    copies: 0.15,
    lostDeletions: 0.1,
    groups: chance.pick([1, 3, 6]),
    burst: chance.pick([3, 10, 30]),
    moods: 0,
    changing: 3,
  };
}
