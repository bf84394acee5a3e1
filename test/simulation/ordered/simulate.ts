// Runs a seed on an ordered source: so many steps, then a quiet end. Twice, and the traces are compared (SW1 of ../seeded/world.ts).
//
//   I11. With nothing that goes wrong any more everything leaves its source, done, or given up for good by all runs.

import { type Run, type Simulated, twice } from "../seeded/simulate.ts";
import { freeSandbox, invoke } from "./invocations.ts";
import { isHopeless } from "./messages.ts";
import { LATER_MS_MAX, type OrderedSetup, type OrderedStrategy, type SourceKind, TIMEOUT_MS } from "./setup.ts";
import { createSteps } from "./steps.ts";
import { restock } from "./stock.ts";
import { createWorld, type World } from "./world.ts";

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

const ROUNDS_MAX = 200;

async function endQuietly(world: World): Promise<void> {
  const { ledger, source, timeline, weather } = world;
  weather.step++;
  weather.quiet = true;
  weather.version += weather.version % 2;
  for (const { process } of [...world.sandboxes]) process.kill();
  await timeline.pass(LATER_MS_MAX + TIMEOUT_MS);
  restock(world, 1_000_000);
  for (let rounds = 0; source.left().length > 0 && rounds < ROUNDS_MAX; rounds++) {
    await timeline.pass(15 * 60_000); // everything is visible
    for (let sandbox = freeSandbox(world); sandbox; sandbox = freeSandbox(world)) {
      const batch = source.take();
      if (!batch) break;
      invoke(sandbox, batch, world);
    }
    await timeline.pass(TIMEOUT_MS);
  }
  for (const { body } of source.left()) ledger.complaints.push(`I11: ${body.key} does not leave its source`);
  for (const { body, times, lettered, gaveUp } of ledger.messages.values()) {
    if (times === 0 && !lettered) ledger.complaints.push(`I8: ${body.key} is lost`);
    if (lettered && !gaveUp && !isHopeless(body, world.setup.strategy))
      ledger.complaints.push(`RE1: ${body.key} is in the dead-letter queue, and no run gave it up`);
  }
}
