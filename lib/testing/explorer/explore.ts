// Depth-first over all schedules of a scenario within its bounds, by running the real code again from the start for each.
//
//   EX1. A run is a function of its schedule; else the exploration stops and says so.
//   EX2. What follows a state is explored once. States that are equal by WO1 of world.ts have equal futures, so the schedules
//        below a known state are counted, not run.

import { hash } from "node:crypto";
import type { Tamper, Tape } from "./engine.ts";
import type { Scenario } from "./scenario.ts";
import { type Event, formatEvent, formatSchedule } from "./schedule.ts";
import { type Bounds, createWorld, type World } from "./world.ts";

export interface Exploration {
  readonly scenario: Scenario;
  readonly bounds: Bounds;
  readonly tamper?: Tamper;
  /** True leaves nothing out, see world.ts. @default false */
  readonly natural?: boolean;
  /** False runs every single schedule. @default true */
  readonly merge?: boolean;
}

export interface Violation {
  /** Ends with the event after which it was seen. */
  readonly schedule: string;
  readonly complaints: readonly string[];
}

export interface Explored {
  /** Different schedules from the start to the end; those below a known state included. */
  readonly schedules: number;
  /** Runs of the code. */
  readonly runs: number;
  readonly states: number;
  /** Events of the longest schedule. */
  readonly eventsMax: number;
  /** What became of records and messages, of all schedules. */
  readonly ends: ReadonlySet<string>;
  readonly violation: Violation | undefined;
}

/** A choice that the current run made. */
interface Branch {
  readonly options: readonly Event[];
  next: number;
  /** Undefined where there was no choice, and the state was not looked up. */
  readonly state: string | undefined;
  /** Of the events before it; undefined where the last option is the only one. */
  readonly tape: Tape | undefined;
  schedules: number;
}

/** Stops at the first violation. */
export async function explore(exploration: Exploration): Promise<Explored> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // every schedule is full of errors, and nobody reads where they were made
  try {
    return await exploreAll(exploration);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function exploreAll(exploration: Exploration): Promise<Explored> {
  const known = new Map<string, number>();
  const path: Branch[] = [];
  const ends = new Set<string>();
  let [schedules, runs, eventsMax] = [0, 0, 0];

  const count = (below: number): void => {
    const last = path.at(-1);
    if (last) last.schedules += below;
    else schedules += below;
  };

  for (;;) {
    const world = createWorld({ ...exploration, tape: path.at(-1)?.tape });
    for (const branch of path) {
      if (branch === path.at(-1)) refuseOther(world.options(), branch); // EX1
      await performNext(world, branch);
    }
    runs++;
    const violation = await goOn(world);
    eventsMax = Math.max(eventsMax, path.length);
    if (violation || !backtrack()) return { schedules, runs, states: known.size, eventsMax, ends, violation };
  }

  /** To the end of the schedule, or to a state that is known. Takes the first option wherever there is a choice. */
  async function goOn(world: World): Promise<Violation | undefined> {
    for (;;) {
      const complaints = world.complaints();
      if (complaints.length > 0) return { schedule: scheduleOf(path), complaints };
      const options = world.options();
      const [only] = options;
      if (only?.kind === "end") ends.add(world.resultText());
      if (!only) {
        count(1);
        return undefined;
      }
      const chosen = options.length > 1 || only.kind === "end";
      const state = chosen && exploration.merge !== false ? hash("sha256", world.stateText(), "base64") : undefined;
      const below = state === undefined ? undefined : known.get(state); // EX2
      if (below !== undefined) {
        count(below);
        return undefined;
      }
      const tape = options.length > 1 ? world.tape() : undefined;
      const branch: Branch = { options, next: 0, state, tape, schedules: 0 };
      path.push(branch);
      await performNext(world, branch);
    }
  }

  /** To the last choice that has an option left; false when there is none. */
  function backtrack(): boolean {
    for (let last = path.at(-1); last; last = path.at(-1)) {
      if (++last.next < last.options.length) return true;
      path.pop();
      if (last.state !== undefined) known.set(last.state, last.schedules);
      count(last.schedules);
    }
    return false;
  }
}

function refuseOther(options: readonly Event[], { options: before }: Branch): void {
  const [now, then] = [formatSchedule(options), formatSchedule(before)];
  if (now !== then) {
    throw new Error(
      `Cannot explore: the same schedule led to the events ${then}, and now to ${now}. Something is left to chance`,
    );
  }
}

async function performNext(world: World, { options, next }: Branch): Promise<void> {
  const event = options[next];
  if (event) await world.perform(event);
}

function scheduleOf(path: readonly Branch[]): string {
  return formatSchedule(path.flatMap(({ options, next }) => options[next] ?? []));
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
