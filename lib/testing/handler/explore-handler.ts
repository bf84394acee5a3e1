// Explores a handler: fewer faults first, until a schedule breaks a promise or none is left.
//
//   XH1. One exploration at a time in a process: they share its clock, its random numbers and its SDK clients.

import { type Event, formatEvent, formatSchedule, parseSchedule, shorterSchedules } from "../explorer/schedule.ts";
import { search, type Violation } from "../explorer/search.ts";
import { takeClients } from "./clients.ts";
import type { HandlerTape } from "./engine.ts";
import { installGuards } from "./guard.ts";
import type { ResolvedCase } from "./options.ts";
import { createTeller } from "./story.ts";
import { installVirtualTime } from "./virtual.ts";
import { createHandlerWorld } from "./world.ts";

/** Of all schedules up to a number of faults. */
export interface Explored {
  readonly faults: number;
  readonly deliveries: number;
  /** Different schedules from the start to the end. Up to the violation, where there is one. */
  readonly schedules: number;
  readonly states: number;
  /** Runs of the handler's code. */
  readonly runs: number;
  readonly elapsedMs: number;
  readonly violation: Told | undefined;
}

/** A violation in words. */
export interface Told extends Violation {
  readonly lines: readonly string[];
}

let last: Promise<unknown> = Promise.resolve();

/** XH1: with all in place that an exploration needs, and nothing of it after. */
export function exploring<T, Body>(resolved: ResolvedCase<Body>, act: () => Promise<T>): Promise<T> {
  const mine = last.then(async () => {
    const undo: (() => void)[] = [];
    try {
      undo.push(takeClients(resolved.clients));
      undo.push(installGuards());
      undo.push(installVirtualTime());
      await rehearse(resolved);
      return await act();
    } finally {
      for (const one of undo.reverse()) one();
    }
  });
  last = mine.catch(() => undefined);
  return mine;
}

/** One delivery without faults, so that what is loaded or read once has been. What it comes to is not judged. */
async function rehearse<Body>({ explored }: ResolvedCase<Body>): Promise<void> {
  const bounds = { faults: 0, deliveries: 1, sandboxes: 1 };
  const world = createHandlerWorld({ explored, bounds, rehearsal: true });
  for (let [next] = world.options(); next; [next] = world.options()) await world.perform(next);
}

/** With this number of faults at most. `counts` tells which complaints are violations. Inside `exploring`. */
export async function exploreHandler<Body>(
  resolved: ResolvedCase<Body>,
  faults: number,
  counts: (complaint: string) => boolean = () => true,
): Promise<Explored> {
  const { explored, deliveries, sandboxes, faultKinds } = resolved;
  const bounds = { faults, deliveries, sandboxes, faultKinds };
  const startedMs = performance.now();
  const { schedules, states, runs, violation } = await search<HandlerTape>({
    createWorld(tape) {
      const world = createHandlerWorld({ explored, bounds, tape });
      return { ...world, complaints: () => world.complaints().filter(counts) };
    },
  });
  const elapsedMs = performance.now() - startedMs;
  const told = violation && (await shortened(resolved, violation, counts));
  return { faults, deliveries, schedules, states, runs, elapsedMs, violation: told };
}

/** The same violation with what of the schedule it needs: its first one has things that do not matter. */
async function shortened<Body>(
  resolved: ResolvedCase<Body>,
  { schedule }: Violation,
  counts: (complaint: string) => boolean,
): Promise<Told> {
  let events = parseSchedule(schedule);
  for (let shorter: readonly Event[] | undefined = events; shorter; ) {
    events = [...shorter];
    shorter = undefined;
    for (const candidate of shorterSchedules(events)) {
      if (!(await violates(resolved, candidate, counts))) continue;
      shorter = candidate;
      break;
    }
  }
  return replayHandler(resolved, formatSchedule(events), false);
}

/** Could it have been explored, and does it end with a violation? */
async function violates<Body>(
  { explored, sandboxes }: ResolvedCase<Body>,
  schedule: readonly Event[],
  counts: (complaint: string) => boolean,
): Promise<boolean> {
  const deliveries = schedule.filter(({ kind }) => kind === "deliver").length;
  const bounds = { faults: schedule.length, deliveries, sandboxes };
  const world = createHandlerWorld({ explored, bounds });
  const names = schedule.map(formatEvent);
  for (const [index, event] of schedule.entries()) {
    if (!world.options().some((one) => formatEvent(one) === names[index])) return false;
    await world.perform(event);
    if (world.complaints().some(counts)) return index === schedule.length - 1;
  }
  return false;
}

/** Runs one schedule, as far as it goes without a violation. Throws when it does not fit the handler. Inside `exploring`. */
export async function replayHandler<Body>(
  { explored }: ResolvedCase<Body>,
  schedule: string,
  loud: boolean,
): Promise<Told> {
  const many = Number.POSITIVE_INFINITY;
  const teller = createTeller(loud);
  const bounds = { faults: many, deliveries: many, sandboxes: many };
  const world = createHandlerWorld({ explored, bounds, teller });
  for (const event of parseSchedule(schedule)) {
    await world.perform(event);
    const complaints = world.complaints();
    if (complaints.length > 0) return { schedule, complaints, lines: teller.lines() };
  }
  return { schedule, complaints: [], lines: teller.lines() };
}
