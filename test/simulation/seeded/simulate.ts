// Runs a seed: so many steps, then a quiet end; the invariants after every step. Twice, and the traces are compared.

import { complaintsAboutOutbox } from "../outbox-checks.ts";
import { endQuietly } from "./ending.ts";
import type { Figures } from "./figures.ts";
import type { Profile } from "./profiles.ts";
import type { Setup, Strategy } from "./setup.ts";
import { SOURCE_RETENTION_SECONDS } from "./setup.ts";
import { createSteps } from "./steps.ts";
import { judgeResponses } from "./verdicts.ts";
import { createWorld, type World } from "./world.ts";

export interface Simulation {
  readonly seed: number;
  readonly steps: number;
  readonly strategy: Strategy;
  readonly profile?: Profile | undefined;
  readonly profileName?: string | undefined;
  /** Changes what the seed decides. */
  readonly adjust?: Partial<Setup>;
}

export interface Violation {
  readonly step: number;
  readonly complaints: readonly string[];
  /** Of the messages and keys that the complaints name. */
  readonly history: readonly string[];
}

export interface Simulated {
  readonly figures: Figures;
  readonly violation: Violation | undefined;
}

export interface Run extends Simulated {
  readonly trace: readonly string[];
  readonly state: string;
}

/** Stops at the first violation. */
export function simulate(simulation: Simulation): Promise<Simulated> {
  return twice(() => runOnce(simulation));
}

/** SW1 */
export async function twice(run: () => Promise<Run>): Promise<Simulated> {
  const first = await run();
  const second = await run();
  const at = first.trace.findIndex((line, index) => line !== second.trace[index]);
  const same = at < 0 && first.trace.length === second.trace.length && first.state === second.state;
  if (same || first.violation) return first;
  const line = at < 0 ? Math.min(first.trace.length, second.trace.length) : at;
  const history = [...first.trace.slice(Math.max(0, line - 10), line + 1), `second run: ${second.trace[line]}`];
  const complaints = ["SW1: the same seed took another course the second time"];
  return { ...first, violation: { step: Number.NaN, complaints, history } };
}

async function runOnce({ steps, ...options }: Simulation): Promise<Run> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // a simulation is full of errors, and nobody reads where they were made
  try {
    const world = createWorld(options);
    const next = createSteps(world);
    for (let step = 0; step < steps && isSound(world); step++) await next.next();
    if (isSound(world)) await endQuietly(world);
    isSound(world);
    countEnds(world);
    const { figures, trace } = world;
    return { figures, trace, violation: violationOf(world), state: world.store.memory.fingerprint() };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** I8, and whatever was complained of on the way. */
function isSound(world: World): boolean {
  const { ledger, queues, timeline } = world;
  judgeResponses(world);
  if (world.habits.sends) ledger.complaints.push(...complaintsAboutOutbox(world.store.memory));
  const [source, dead] = [queues.source(), queues.dead()];
  for (const copy of ledger.queued) {
    if (source.has(copy.id) || dead.has(copy.id)) continue;
    const ageMs = timeline.nowMs() - copy.sentAtMs;
    if (ageMs < SOURCE_RETENTION_SECONDS * 1000) ledger.complaints.push(`I8: ${copy.id} is gone: ${copy.body}`);
    ledger.end(copy, "expired");
  }
  for (const id of [...source.keys(), ...dead.keys()]) {
    if (ledger.copies.get(id)?.state !== "queued") ledger.complaints.push(`I8: ${id} is in a queue, and should not`);
  }
  return ledger.complaints.length === 0;
}

function countEnds({ figures, ledger, queues }: World): void {
  figures.count("keys", ledger.keys.size);
  figures.count("keys committed", ledger.committedKeys());
  for (const { body } of queues.dead().values()) if (ledger.isCommitted(body)) figures.count("dead though committed");
  for (const { state } of ledger.copies.values()) if (state === "expired") figures.count("out of retention");
}

function violationOf({ ledger, historyOf, weather }: World): Violation | undefined {
  if (ledger.complaints.length === 0) return undefined;
  const complaints = [...new Set(ledger.complaints)].slice(0, 10);
  const text = complaints.join(" ");
  const keys = [...ledger.keys.values()].filter(({ key, pk }) => text.includes(`${key} `) || text.includes(pk));
  const bodies = [...ledger.copies.values()].filter(({ id }) => text.includes(`${id} `)).map(({ body }) => body);
  const names = new Set([...keys.map(({ key }) => key), ...bodies]);
  return { step: weather.step, complaints, history: [...names].slice(0, 3).flatMap(historyOf) };
}
