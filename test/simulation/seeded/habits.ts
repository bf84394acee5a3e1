// How those behave whom the runtime meets, and how they do where no profile says otherwise.

import type { Fault } from "./faults.ts";

/** How those behave whom the runtime meets: handlers, other middleware, the network, other writers. */
export interface Habits {
  /** Of runs of a disputed message, how many give it up for good; undefined: all of an odd version. */
  readonly fickle: number | undefined;
  /** Of runs: how many throw, and how many take time. */
  readonly failing: number;
  readonly working: number;
  /** Of runs that take time: how many end so shortly before the gate, at most. */
  readonly lateWork: number;
  readonly lateWorkMs: number;
  /** Of steps: how many take time, are not awaited, or fail under a handler that swallows that. */
  readonly loose: number;
  /** Messages write what others add to. */
  readonly writesHot: boolean;
  /** Handlers send messages, too, but under insert. */
  readonly sends: boolean;
  /** Direct invocations read the price. */
  readonly pricedCalls: boolean;
  /** The schema takes so long at most, and refuses what is misfit. */
  readonly schemaMs: number;
  /** It changes what it is given. */
  readonly schemaInPlace: boolean;
  /** Of sends: how many are of many messages. */
  readonly bursts: number;
  /** Requests take so much longer at most, by operation; "takeOver" are acquisitions of what was held before. */
  readonly latencyMs: Readonly<Partial<Record<string, number>>>;
  /** Only these faults happen; none: all. */
  readonly faults: readonly Fault[];
  readonly laterMsMax: number;
  readonly outages: readonly (readonly Fault[])[];
  /** A transaction that was cancelled is remembered by its token. */
  readonly keepsCancelled: boolean;
  /** Of acknowledged messages: whose deletion is lost. Of deliveries: which come twice. Of polls: which are large. */
  readonly lostDeletions: number;
  readonly copies: number;
  readonly largeBatches: number;
  /** Resends are of the last so many messages. */
  readonly resentOf: number;
  /** A process may run the version before the newest. */
  readonly mixedVersions: boolean;
  readonly skewMsMax: number | undefined;
  /** Of batches under Middy: around which something is thrown, how late at most; or whose event another middleware changes; or
   * beside which another invocation begins in the same process. */
  readonly thrown: number;
  readonly thrownMsMax: number;
  readonly meddling: number;
  readonly beside: number;
  /** Of messages delivered under insert: where somebody else's item comes and goes at the same time. */
  readonly foreign: number;
  readonly foreignMsMax: number;
  /** The price changes so often; never: by steps alone. */
  readonly repriceMs: number | undefined;
}

export const BROAD_HABITS: Habits = {
  fickle: undefined,
  failing: 0.05,
  working: 0.3,
  lateWork: 0.05,
  lateWorkMs: 30,
  loose: 0,
  writesHot: false,
  sends: false,
  pricedCalls: false,
  schemaMs: 0,
  schemaInPlace: false,
  bursts: 0.1,
  latencyMs: {},
  faults: [],
  laterMsMax: 15 * 60_000,
  outages: [
    ["throttled"],
    ["conflict-on-record", "conflict"],
    ["conflict-on-effect"],
    ["server-error", "server-error-applied"],
    ["answer-lost", "never-applied"],
    ["hangs"],
    ["slow"],
    ["in-progress", "in-progress-applied"],
  ],
  keepsCancelled: true,
  lostDeletions: 0,
  copies: 0.05,
  largeBatches: 0.1,
  resentOf: 50,
  mixedVersions: false,
  skewMsMax: undefined,
  thrown: 0.05,
  thrownMsMax: 10_000,
  meddling: 0,
  beside: 0,
  foreign: 0,
  foreignMsMax: 60 * 60_000,
  repriceMs: undefined,
};
