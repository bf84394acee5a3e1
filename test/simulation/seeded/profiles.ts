// Mixes of steps in which a coincidence is common that the broad mix meets once in thousands of runs. A profile decides what is
// likely, never what is right: the invariants are those of every simulation.

import type { Habits } from "./habits.ts";
import type { Kind } from "./messages.ts";
import type { Setup, Strategy } from "./setup.ts";

export interface Profile {
  readonly strategies: readonly Strategy[];
  /** Of steps, in place of those of the broad mix: what is not named does not happen. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly kinds?: Readonly<Partial<Record<Kind, number>>>;
  readonly setup?: Partial<Setup>;
  readonly habits?: Partial<Habits>;
}

const ALL: readonly Strategy[] = ["commit", "claim", "insert"];
const RECORDS: readonly Strategy[] = ["commit", "claim"];
const SPAN = { poll: 45, send: 20, time: 3 };
const NO_SKEW = { skewMsMax: 0 };

export const PROFILES: Readonly<Record<string, Profile>> = {
  broad: { strategies: ALL },
  /** Handlers send, from many sandboxes to one group: no code of another version is there, which would send nothing. */
  sending: {
    strategies: RECORDS,
    weights: { poll: 45, send: 20, resend: 10, freeze: 3, kill: 3, deploy: 3, outage: 2, time: 2 },
    kinds: { plain: 3, guarded: 3, disputed: 1, doomed: 1 },
    habits: { sends: true, copies: 0.2 },
  },
  /** Three messages of one key: rejected, claimed and redelivered side by side. */
  "crowd-of-one-key": {
    strategies: RECORDS,
    weights: { poll: 60, send: 4, resend: 30, deploy: 4, freeze: 4, time: 2, kill: 1 },
    kinds: { disputed: 1 },
    setup: {
      leaseSeconds: 1,
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0.03,
      maxReceiveCount: 8,
      concurrency: 10,
    },
    habits: {
      fickle: 0.5,
      failing: 0.3,
      lostDeletions: 0.5,
      copies: 0.4,
      resentOf: 3,
      mixedVersions: true,
      ...NO_SKEW,
    },
  },
  /** Two workers with one key: a lease that lapsed, and both commit or reject. */
  "two-with-one-key": {
    strategies: RECORDS,
    weights: { poll: 60, send: 5, resend: 30, freeze: 12, deploy: 4, time: 2 },
    kinds: { disputed: 1 },
    setup: {
      leaseSeconds: 1,
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0.15,
      maxReceiveCount: 8,
      changesStrategy: false,
      groupCommit: false,
      middleware: false,
    },
    habits: {
      fickle: 0.6,
      failing: 0.2,
      copies: 0.4,
      resentOf: 3,
      working: 0.4,
      faults: ["slow"],
      latencyMs: { TransactWriteItems: 2_500 },
      ...NO_SKEW,
    },
  },
  /** The same, while the strategy changes. */
  "strategies-with-one-key": {
    strategies: RECORDS,
    weights: { poll: 60, send: 2, resend: 30, deploy: 4, time: 1 },
    kinds: { disputed: 1 },
    setup: {
      leaseSeconds: 1,
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0,
      maxReceiveCount: 8,
      changesStrategy: true,
      middleware: false,
    },
    habits: { fickle: 0.4, failing: 0.4, copies: 0.6, resentOf: 3, working: 0.7, mixedVersions: true, ...NO_SKEW },
  },
  "one-key-redelivered": {
    strategies: RECORDS,
    weights: { poll: 60, send: 6, resend: 25, time: 3 },
    kinds: { disputed: 1 },
    setup: { visibilitySeconds: 3, backoff: false, faultRate: 0, maxReceiveCount: 8, changesStrategy: false },
    habits: { fickle: 0.5, failing: 0.3, working: 0, lostDeletions: 0.6, resentOf: 4, ...NO_SKEW },
  },
  /** A lease that is renewed, or a step that is kept, while somebody takes the key over. */
  takeovers: {
    strategies: ["claim"],
    weights: { poll: 60, send: 6, resend: 15, "other payload": 15, freeze: 8, time: 2 },
    kinds: { plain: 1 },
    setup: { leaseSeconds: 1, visibilitySeconds: 3, backoff: false, faultRate: 0.1, changesStrategy: false },
    habits: {
      copies: 0.5,
      resentOf: 3,
      working: 0.7,
      loose: 0.7,
      faults: ["slow"],
      latencyMs: { takeOver: 1_500, UpdateItem: 900 },
      ...NO_SKEW,
    },
  },
  /** Steps that take time, are not awaited, are swallowed, are not kept. */
  "steps-in-flight": {
    strategies: ["claim"],
    weights: { ...SPAN, resend: 5, outage: 3 },
    kinds: { plain: 1 },
    setup: { faultRate: 0.05, changesStrategy: false, visibilitySeconds: 12 },
    habits: {
      loose: 0.6,
      failing: 0.2,
      outages: [["answer-lost", "throttled", "conflict"], ["hangs"], ["throttled"]],
      ...NO_SKEW,
    },
  },
  /** A commit whose answer was lost and whose release tells what became of it; tries that are left open. */
  "open-tries": {
    strategies: ALL,
    weights: { ...SPAN, outage: 6, resend: 4 },
    kinds: { plain: 3, priced: 3 },
    setup: { faultRate: 0.3, changesStrategy: false, lanes: 1, visibilitySeconds: 12 },
    habits: {
      faults: ["answer-lost", "applied-later", "reset-then-applied", "hangs", "slow", "throttled"],
      laterMsMax: 8_000,
      outages: [
        ["answer-lost", "throttled", "conflict"],
        ["applied-later", "reset-then-applied"],
        ["reset-then-applied", "throttled"],
        ["hangs"],
      ],
      keepsCancelled: false,
      ...NO_SKEW,
    },
  },
  /** Messages that write and fold one item, in batches of 100. */
  "hot-items": {
    strategies: RECORDS,
    weights: { poll: 20, send: 30, time: 2 },
    kinds: { plain: 4, guarded: 1 },
    setup: {
      groupCommit: true,
      lanes: 1,
      concurrency: 100,
      faultRate: 0,
      visibilitySeconds: 60,
      changesStrategy: false,
    },
    habits: { writesHot: true, largeBatches: 0.7, working: 0, failing: 0, ...NO_SKEW },
  },
  /** Batches of 100 that one lane commits. */
  "large-groups": {
    strategies: ["commit"],
    weights: { poll: 15, send: 15, time: 1 },
    kinds: { plain: 1 },
    setup: {
      groupCommit: true,
      lanes: 1,
      concurrency: 100,
      faultRate: 0,
      visibilitySeconds: 60,
      changesStrategy: false,
    },
    habits: { bursts: 0.6, largeBatches: 1, working: 0, failing: 0, copies: 0, ...NO_SKEW },
  },
  /** Results of steps that meet a conflict again and again; or once, between the gate and the answer. */
  "steps-not-kept": {
    strategies: ["claim"],
    weights: { ...SPAN },
    kinds: { plain: 1 },
    setup: { faultRate: 0.9, changesStrategy: false, visibilitySeconds: 12, leaseSeconds: 30 },
    habits: { loose: 0.8, working: 0, failing: 0, faults: ["conflict"], ...NO_SKEW },
  },
  "late-steps": {
    strategies: ["claim"],
    weights: { poll: 40, send: 20 },
    kinds: { plain: 1 },
    setup: { faultRate: 0.2, changesStrategy: false, visibilitySeconds: 12, leaseSeconds: 30 },
    habits: { loose: 0.9, working: 0, failing: 0, bursts: 0, faults: ["conflict"], ...NO_SKEW },
  },
  /** Responses that go out while messages wait for their schema, their lane or their key. */
  "answered-early": {
    strategies: RECORDS,
    weights: { ...SPAN, resend: 25 },
    kinds: { plain: 1 },
    setup: {
      middleware: true,
      concurrency: 100,
      lanes: 1,
      groupCommit: true,
      faultRate: 0,
      visibilitySeconds: 3,
      backoff: false,
      changesStrategy: false,
    },
    habits: {
      thrown: 0.6,
      thrownMsMax: 4_000,
      schemaMs: 4_000,
      working: 0,
      writesHot: true,
      latencyMs: { TransactWriteItems: 1_000 },
      ...NO_SKEW,
    },
  },
  /** Duplicates that are found after the response went out. */
  "late-duplicates": {
    strategies: ["commit"],
    weights: { ...SPAN, resend: 60 },
    kinds: { plain: 1 },
    setup: { middleware: true, concurrency: 100, faultRate: 0, visibilitySeconds: 60, changesStrategy: false },
    habits: { thrown: 0.6, thrownMsMax: 1_000, schemaMs: 2_000, working: 0, failing: 0, ...NO_SKEW },
  },
  /** Workers that die, and whose results of steps arrive while another payload takes their key over. */
  "dead-holders": {
    strategies: ["claim"],
    weights: { poll: 60, send: 8, "other payload": 25, kill: 15 },
    kinds: { plain: 1 },
    setup: {
      leaseSeconds: 1,
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0.3,
      changesStrategy: false,
      maxReceiveCount: 8,
    },
    habits: {
      resentOf: 2,
      working: 0.5,
      faults: ["applied-later"],
      laterMsMax: 5_000,
      latencyMs: { takeOver: 2_000 },
      ...NO_SKEW,
    },
  },
  /** Somebody else's items come and go while a message's own is inserted; two keys want one item. */
  "foreign-items": {
    strategies: ["insert"],
    weights: { ...SPAN, foreign: 12, resend: 3, outage: 4 },
    kinds: { plain: 1 },
    setup: { faultRate: 0.3, groupCommit: true, visibilitySeconds: 60 },
    habits: {
      faults: ["without-items"],
      foreign: 0.4,
      foreignMsMax: 40,
      working: 0,
      failing: 0,
      outages: [["without-items", "half-unread"]],
      ...NO_SKEW,
    },
  },
  /** Calls that take a second, one after the other, until the gate closes. */
  "one-slow-lane": {
    strategies: ["insert"],
    weights: { ...SPAN },
    kinds: { plain: 1 },
    setup: { faultRate: 0.6, lanes: 1, concurrency: 100, groupCommit: true, visibilitySeconds: 60 },
    habits: {
      faults: ["answer-lost", "one-failed-applied"],
      working: 1,
      lateWork: 0.9,
      lateWorkMs: 1_500,
      latencyMs: { BatchExecuteStatement: 400 },
      ...NO_SKEW,
    },
  },
  /** Clocks that are wrong by an hour. */
  "skewed-far": {
    strategies: RECORDS,
    weights: { poll: 45, send: 20, resend: 10, kill: 12, time: 1 },
    kinds: { plain: 1 },
    setup: {
      leaseSeconds: 30,
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0,
      maxReceiveCount: 8,
      changesStrategy: false,
    },
    habits: { skewMsMax: 60 * 60_000, working: 0.8, copies: 0.2 },
  },
  /** Several invocations of one process, and middleware that changes the event. */
  "meddling-middleware": {
    strategies: ALL,
    weights: { ...SPAN, resend: 3 },
    setup: { middleware: true, concurrency: 1, lanes: 1, faultRate: 0.1, visibilitySeconds: 12 },
    habits: { meddling: 0.3, beside: 0.3, thrown: 0.4, thrownMsMax: 2_000, working: 0.6, ...NO_SKEW },
  },
  /** What is left of an invocation that is over: schemas and handlers that end after the gate. */
  "after-the-gate": {
    strategies: RECORDS,
    weights: { ...SPAN, misfit: 12, freeze: 3 },
    kinds: { plain: 3, doomed: 1 },
    setup: { concurrency: 1, faultRate: 0, visibilitySeconds: 60, changesStrategy: false },
    habits: { schemaMs: 11_000, working: 0.6, loose: 0.3, ...NO_SKEW },
  },
  /** What a handler read changes before its commit. */
  "hot-prices": {
    strategies: RECORDS,
    weights: { ...SPAN, once: 40, reprice: 5 },
    kinds: { priced: 3, guarded: 3, plain: 1 },
    setup: { faultRate: 0.2, visibilitySeconds: 60, changesStrategy: false, storeResult: false },
    habits: {
      repriceMs: 60,
      pricedCalls: true,
      schemaInPlace: true,
      working: 0.2,
      failing: 0,
      faults: ["reset-then-applied"],
      laterMsMax: 400,
      keepsCancelled: false,
      ...NO_SKEW,
    },
  },
  /** Reads that handlers swallow the failure of. */
  "swallowed-reads": {
    strategies: RECORDS,
    weights: { ...SPAN, reprice: 5 },
    kinds: { priced: 1 },
    setup: { faultRate: 0.7, visibilitySeconds: 60, changesStrategy: false, groupCommit: false },
    habits: { faults: ["throttled"], working: 0, failing: 0, ...NO_SKEW },
  },
  /** Reads of records that fail, in part or as a whole. */
  "failing-reads": {
    strategies: ["commit", "insert"],
    weights: { poll: 60, send: 10, resend: 20, outage: 6, time: 3 },
    kinds: { plain: 1, disputed: 2 },
    setup: {
      visibilitySeconds: 3,
      backoff: false,
      faultRate: 0.4,
      maxReceiveCount: 8,
      changesStrategy: false,
      middleware: false,
    },
    habits: {
      fickle: 0.5,
      failing: 0.2,
      working: 0,
      lostDeletions: 0.5,
      faults: ["half-unread"],
      outages: [["throttled"]],
      ...NO_SKEW,
    },
  },
  /** Commit after claim: what is left of a claim whose worker died is passed over. */
  "after-the-claim": {
    strategies: RECORDS,
    weights: { ...SPAN, kill: 10, deploy: 4, time: 12 },
    kinds: { plain: 1 },
    setup: { changesStrategy: true, faultRate: 0, visibilitySeconds: 60, maxReceiveCount: 8 },
    habits: { working: 0.5, ...NO_SKEW },
  },
};
