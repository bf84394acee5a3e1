// Runs a seed on an ordered source: so many steps, then a quiet end. Twice, and the traces are compared (SW1 of ../seeded/world.ts).

import { type Run, type Simulated, twice } from "../seeded/simulate.ts";
import { endQuietly } from "./ending.ts";
import type { OrderedSetup, OrderedStrategy, SourceKind } from "./setup.ts";
import { createSteps } from "./steps.ts";
import { createWorld } from "./world.ts";

export interface OrderedSimulation {
  readonly seed: number;
  readonly steps: number;
  readonly strategy: OrderedStrategy;
  readonly kind: SourceKind;
  readonly adjust?: Partial<OrderedSetup> | undefined;
  readonly profileName?: string | undefined;
}

/** Stops at the first violation. */
export function simulateOrdered(simulation: OrderedSimulation): Promise<Simulated> {
  return twice(() => runOnce(simulation));
}

async function runOnce({ steps, ...options }: OrderedSimulation): Promise<Run> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // a simulation is full of errors, and nobody reads where they were made
  try {
    const world = createWorld(options);
    const { ledger, figures, store, trace, weather } = world;
    const { next } = createSteps(world);
    for (let step = 0; step < steps && ledger.complaints.length === 0; step++) await next();
    if (ledger.complaints.length === 0) await endQuietly(world);
    for (const { times, lettered } of ledger.messages.values()) {
      figures.count(times > 0 ? "messages done" : lettered ? "messages given up" : "messages left");
    }
    const complaints = [...new Set(ledger.complaints)].slice(0, 10);
    const violation =
      complaints.length > 0 ? { step: weather.step, complaints, history: trace.slice(-HISTORY_LINES) } : undefined;
    return { figures, trace, violation, state: store.memory.fingerprint() };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Before a violation. */
const HISTORY_LINES = 60;
