// Explores and replays semel's own scenarios.

import type { Tamper, Tape } from "./engine.ts";
import type { Scenario } from "./scenario.ts";
import { type Event, formatEvent } from "./schedule.ts";
import { type Explored, search } from "./search.ts";
import { type Bounds, createWorld } from "./world.ts";

export interface Exploration {
  readonly scenario: Scenario;
  readonly bounds: Bounds;
  readonly tamper?: Tamper;
  /** True leaves nothing out, see world.ts. @default false */
  readonly natural?: boolean;
  /** False runs every single schedule. @default true */
  readonly merge?: boolean;
}

/** Stops at the first violation. */
export function explore(exploration: Exploration): Promise<Explored> {
  const { merge } = exploration;
  return search<Tape>({ createWorld: (tape) => createWorld({ ...exploration, tape }), merge });
}

export interface Replayed {
  /** What happened, event by event, and what each sandbox waited for then. */
  readonly lines: readonly string[];
  readonly complaints: readonly string[];
}

/** Runs one schedule. Throws when it does not fit the code. */
export async function replay(exploration: Exploration, schedule: readonly Event[]): Promise<Replayed> {
  const world = createWorld(exploration);
  const lines: string[] = [];
  for (const event of schedule) {
    await world.perform(event);
    lines.push(formatEvent(event), ...world.waits().map((wait) => `    ${wait}`));
    const complaints = world.complaints();
    if (complaints.length > 0) return { lines, complaints };
  }
  return { lines, complaints: [] };
}
