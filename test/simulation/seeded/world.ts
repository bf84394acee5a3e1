// The simulated world: the real runtime in sandboxes, the store, the queues, the producers' and the operators' deeds, on one
// timeline and one seed.
//
//   SW1. All that happens is a function of seed, strategy and steps: the trace of a second run is the same.

import type { ExactlyOnce } from "../../../lib/middleware/exactly-once.ts";
import { type Chance, createChance } from "./chance.ts";
import type { Fault } from "./faults.ts";
import { createFigures, type Figures } from "./figures.ts";
import { BROAD_HABITS, type Habits } from "./habits.ts";
import type { Invocation } from "./invocation.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { CONSUMER, EFFECTS, orderOf } from "./messages.ts";
import type { SandboxProcess } from "./process.ts";
import type { Profile } from "./profiles.ts";
import { createQueues, type Queues } from "./queues.ts";
import { drawSetup, type Setup, type Strategy } from "./setup.ts";
import { createStore, type WatchedStore } from "./store.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

/** A process with its consumer. */
export interface Sandbox {
  readonly process: SandboxProcess;
  readonly consumer: ExactlyOnce<unknown>;
  busy: Invocation | undefined;
}

export interface World {
  readonly setup: Setup;
  readonly habits: Habits;
  readonly profile: Profile | undefined;
  readonly chance: Chance;
  readonly timeline: Timeline;
  readonly queues: Queues;
  readonly store: WatchedStore;
  readonly ledger: Ledger;
  readonly figures: Figures;
  readonly sandboxes: Set<Sandbox>;
  readonly invocations: Map<number, Invocation>;
  /** Of the last responses: how to look at each again, and what it said. B3 */
  readonly responses: { readonly again: () => unknown; readonly said: string }[];
  /** Everything that happened, in order. */
  readonly trace: string[];
  /** Adds to the trace, and to the histories of keys or bodies. */
  note(line: string, about?: readonly string[]): void;
  historyOf(about: string): readonly string[];
  faultRate(): number;
  /** Requests that take effect later: the invocations that sent them, and the records that they name. */
  readonly onTheirWay: Set<{ readonly invocation: number; readonly keys: readonly string[] }>;
  nextNumber(of: "id" | "process" | "invocation" | "key" | "charge"): number;
  /** What changes by steps. */
  readonly weather: Weather;
}

export interface Weather {
  step: number;
  /** Of the code that new processes get. */
  version: number;
  paused: boolean;
  /** A time in which every request meets one of these. */
  outage: { readonly untilMs: number; readonly faults: readonly Fault[] } | undefined;
  /** Nothing goes wrong any more. */
  quiet: boolean;
}

export interface WorldOptions {
  readonly seed: number;
  readonly strategy: Strategy;
  readonly profile?: Profile | undefined;
  /** Changes what the seed decides. */
  readonly adjust?: Partial<Setup> | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Of one message, in the report of a violation. */
const HISTORY_LINES_MAX = 200;

export function createWorld({ seed, strategy, profile, adjust }: WorldOptions): World {
  const chance = createChance(seed);
  const habits = { ...BROAD_HABITS, ...profile?.habits };
  const drawn = drawSetup(chance, { strategy, skewMsMax: habits.skewMsMax });
  const setup = { ...drawn, ...profile?.setup, ...adjust };
  const timeline = createTimeline();
  const startMs = timeline.nowMs();
  const ledger = createLedger({
    strategy,
    nowMs: timeline.nowMs,
    lifetimeMs: setup.retentionDays * DAY_MS,
  });
  const trace: string[] = [];
  const histories = new Map<string, string[]>();
  const numbers = { id: 0, process: 0, invocation: 0, key: 0, charge: 0 };
  const weather: Weather = { step: 0, version: 0, paused: false, outage: undefined, quiet: false };
  const store = createStore(ledger.written, habits);
  store.memory.send({
    operation: "PutItem",
    input: { TableName: EFFECTS, Item: { id: { S: "sold" }, n: { N: "0" }, stock: { N: "3" } } },
  });

  return {
    setup,
    habits,
    profile,
    chance,
    timeline,
    queues: createQueues(setup, timeline),
    store,
    ledger,
    figures: createFigures(),
    sandboxes: new Set(),
    invocations: new Map(),
    responses: [],
    trace,
    note(line, about = []) {
      const seconds = ((timeline.nowMs() - startMs) / 1000).toFixed(3);
      const whole = `step ${weather.step}, ${seconds} s: ${line}`;
      trace.push(whole);
      for (const name of about) {
        const key = orderOf(name)?.key ?? name;
        const history = histories.get(key) ?? [];
        if (history.length < HISTORY_LINES_MAX) history.push(whole);
        histories.set(key, history);
      }
    },
    historyOf: (about) => histories.get(orderOf(about)?.key ?? about) ?? [],
    faultRate: () => (weather.quiet ? 0 : setup.faultRate),
    onTheirWay: new Set(),
    nextNumber: (of) => ++numbers[of],
    weather,
  };
}

/** Partition keys of records in a text. */
export const RECORD_KEYS = new RegExp(`${CONSUMER}#[0-9a-f]{64}`, "g");
