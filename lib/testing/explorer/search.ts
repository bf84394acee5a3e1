// Depth-first over all schedules of a world within its bounds, by running the real code again from the start for each.
//
//   EX1. A run is a function of its schedule; else the exploration stops and says so.
//   EX2. What follows a state is explored once. States that are equal by WO1 of world.ts have equal futures, so the schedules
//        below a known state are counted, not run.

import { hash } from "node:crypto";
import { SemelError } from "../../errors.ts";
import { type Event, formatSchedule } from "./schedule.ts";

/** What is explored: nothing happens in it but what is performed. */
export interface Explorable<Tape> {
  /** What can happen next: nothing after the end. */
  options(): Event[];
  /** Throws when the event is not possible. */
  perform(event: Event): Promise<void>;
  /** What does not hold now, or did not hold in a moment before. */
  complaints(): string[];
  stateText(): string;
  /** For another world, in which the same schedule is run again. */
  tape(): Tape;
  /** What became of it, whoever did it. */
  resultText(): string;
}

export interface Search<Tape> {
  /** In the state of the start; the requests of a schedule that was run before are on the tape. */
  readonly createWorld: (tape: Tape | undefined) => Explorable<Tape>;
  /** False runs every single schedule. @default true */
  readonly merge?: boolean | undefined;
}

export interface Violation {
  /** Ends with the event after which it was seen. */
  readonly schedule: string;
  readonly complaints: readonly string[];
}

export interface Explored {
  /** Different schedules from the start to the end; those below a known state included. Up to the violation, if there is one. */
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
interface Branch<Tape> {
  readonly options: readonly Event[];
  next: number;
  /** Undefined where there was no choice, and the state was not looked up. */
  readonly state: string | undefined;
  /** Of the events before it; undefined where the last option is the only one. */
  readonly tape: Tape | undefined;
  schedules: number;
}

/** Stops at the first violation. */
export async function search<Tape>(given: Search<Tape>): Promise<Explored> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // every schedule is full of errors, and nobody reads where they were made
  try {
    return await searchAll(given);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

async function searchAll<Tape>({ createWorld, merge = true }: Search<Tape>): Promise<Explored> {
  const known = new Map<string, number>();
  const path: Branch<Tape>[] = [];
  const ends = new Set<string>();
  let [schedules, runs, eventsMax] = [0, 0, 0];

  const count = (below: number): void => {
    const last = path.at(-1);
    if (last) last.schedules += below;
    else schedules += below;
  };

  for (;;) {
    const world = createWorld(path.at(-1)?.tape);
    for (const branch of path) {
      if (branch === path.at(-1)) refuseOther(world.options(), branch); // EX1
      await performNext(world, branch).catch((cause: unknown) => {
        throw isSemel(cause) ? cause : leftToChance(`it went on after ${scheduleOf(path)}, and now it does not`, cause);
      });
    }
    runs++;
    const violation = await goOn(world);
    eventsMax = Math.max(eventsMax, path.length);
    if (violation) schedules = path.reduce((all, branch) => all + branch.schedules, schedules + 1); // with this one
    if (violation || !backtrack()) return { schedules, runs, states: known.size, eventsMax, ends, violation };
  }

  /** To the end of the schedule, or to a state that is known. Takes the first option wherever there is a choice. */
  async function goOn(world: Explorable<Tape>): Promise<Violation | undefined> {
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
      const state = chosen && merge ? hash("sha256", world.stateText(), "base64") : undefined;
      const below = state === undefined ? undefined : known.get(state); // EX2
      if (below !== undefined) {
        count(below);
        return undefined;
      }
      const tape = options.length > 1 ? world.tape() : undefined;
      const branch: Branch<Tape> = { options, next: 0, state, tape, schedules: 0 };
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

function refuseOther<Tape>(options: readonly Event[], { options: before }: Branch<Tape>): void {
  const [now, then] = [formatSchedule(options), formatSchedule(before)];
  if (now !== then) throw leftToChance(`the same schedule led to the events ${then}, and now to ${now}`);
}

/** EX1 */
export function leftToChance(what: string, cause?: unknown): SemelError {
  const remedy =
    "Something is left to chance: a process that is not new (variables of a module outlive a sandbox: pass { create }), " +
    "random values or times that were taken when the module was loaded, or work that is not awaited";
  return new SemelError(`Cannot explore: ${what}. ${remedy}`, {
    code: "SEMEL_NOT_DETERMINISTIC",
    retryable: false,
    cause,
  });
}

function isSemel(error: unknown): error is SemelError {
  return error instanceof SemelError;
}

async function performNext<Tape>(world: Explorable<Tape>, { options, next }: Branch<Tape>): Promise<void> {
  const event = options[next];
  if (event) await world.perform(event);
}

function scheduleOf<Tape>(path: readonly Branch<Tape>[]): string {
  return formatSchedule(path.flatMap(({ options, next }) => options[next] ?? []));
}
