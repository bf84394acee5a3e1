// The simulated world of an ordered source: the real runtime in processes, the store, the source, on one timeline and one seed.

import { type Chance, createChance } from "../seeded/chance.ts";
import type { Fault } from "../seeded/faults.ts";
import { createFigures, type Figures } from "../seeded/figures.ts";
import { EFFECTS } from "../seeded/messages.ts";
import type { SandboxProcess } from "../seeded/process.ts";
import { createStore, type WatchedStore } from "../seeded/store.ts";
import { createTimeline, type Timeline } from "../seeded/timeline.ts";
import { fifoSource } from "./fifo.ts";
import { createLedger, type Ledger, type Sent } from "./ledger.ts";
import { drawSetup, type OrderedSetup, type OrderedStrategy, type SourceKind } from "./setup.ts";
import { createQueues, type OrderedSource, type Queues } from "./source.ts";
import { streamSource } from "./streams.ts";

/** What is known of an invocation while it runs. */
export interface Invocation {
  readonly number: number;
  readonly messages: readonly Sent[];
  readonly startMs: number;
  /** When nothing is committed any more. */
  readonly gateMs: number;
  over: boolean;
  disturbed: boolean;
  refusals: number;
  commits: number;
  readonly faults: Fault[];
  /** When the handler of a message last ended well. */
  readonly finished: Map<Sent, number>;
  readonly failed: Set<Sent>;
}

type Deliver = (event: never, context: object) => Promise<unknown>;

/** A process with its consumer. */
export interface Sandbox {
  readonly process: SandboxProcess;
  readonly deliver: Deliver;
  busy: Invocation | undefined;
  /** Lambda notices that it is dead. */
  onDeath: () => void;
}

export interface World {
  readonly setup: OrderedSetup;
  readonly chance: Chance;
  readonly timeline: Timeline;
  readonly store: WatchedStore;
  readonly ledger: Ledger;
  readonly source: OrderedSource;
  readonly queues: Queues;
  readonly figures: Figures;
  readonly sandboxes: Set<Sandbox>;
  readonly invocations: Map<number, Invocation>;
  readonly trace: string[];
  note(line: string): void;
  nextNumber(of: "id" | "process" | "invocation" | "message"): number;
  readonly weather: {
    step: number;
    /** Of the code that new processes get. */
    version: number;
    outage: { readonly untilMs: number; readonly faults: readonly Fault[] } | undefined;
    /** Nothing goes wrong any more. */
    quiet: boolean;
  };
}

export interface WorldOptions {
  readonly seed: number;
  readonly kind: SourceKind;
  readonly strategy: OrderedStrategy;
  readonly adjust?: Partial<OrderedSetup> | undefined;
}

export function createWorld({ seed, kind, strategy, adjust }: WorldOptions): World {
  const chance = createChance(seed);
  const setup = { ...drawSetup(chance, kind, strategy), ...adjust };
  const timeline = createTimeline();
  const startMs = timeline.nowMs();
  const ledger = createLedger(strategy, timeline.nowMs);
  const store = createStore(ledger.written, { keepsCancelled: true });
  const Item = { id: { S: "sold" }, n: { N: "0" }, stock: { N: "2" } };
  store.memory.send({ operation: "PutItem", input: { TableName: EFFECTS, Item } });
  const queues = createQueues(timeline, kind === "fifo");
  const weather: World["weather"] = { step: 0, version: 0, outage: undefined, quiet: false };
  const numbers = { id: 0, process: 0, invocation: 0, message: 0 };
  const trace: string[] = [];
  return {
    setup,
    chance,
    timeline,
    store,
    ledger,
    queues,
    source: kind === "fifo" ? fifoSource(queues, setup, chance, () => weather.quiet) : streamSource(setup, chance),
    figures: createFigures(),
    sandboxes: new Set(),
    invocations: new Map(),
    trace,
    note: (line) => {
      trace.push(`step ${weather.step}, ${((timeline.nowMs() - startMs) / 1000).toFixed(3)} s: ${line}`);
    },
    nextNumber: (of) => ++numbers[of],
    weather,
  };
}
