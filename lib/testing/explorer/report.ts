// What an exploration tells people. Pure.

import type { Exploration } from "./explore.ts";
import type { Explored, Violation } from "./search.ts";

/** One line. */
export function summaryOf({ scenario, bounds }: Exploration, explored: Explored, elapsedMs: number): string {
  const { schedules, states, runs, eventsMax, violation } = explored;
  const within = `${count(bounds.deliveries, "delivery", "deliveries")}, ${count(bounds.faults, "fault", "faults")}`;
  const rate = Math.round((runs * 1000) / Math.max(1, elapsedMs));
  const found = violation ? "VIOLATED" : "no violation";
  return (
    `${scenario.name}, ${within}: ${number(schedules)} schedules of up to ${eventsMax} events, ${number(states)} states, ` +
    `${number(runs)} runs in ${(elapsedMs / 1000).toFixed(1)} s (${number(rate)} a second), ${found}`
  );
}

/** What was violated, by which schedule, and the command that replays it. */
export function violationText({ scenario }: Exploration, { schedule, complaints }: Violation): string {
  const command = `npm run explore -- --strategy ${scenario.name} --replay "${schedule}"`;
  return [...complaints.map((complaint) => `  ${complaint}`), `schedule: ${schedule}`, `replay:   ${command}`].join(
    "\n",
  );
}

function count(amount: number, one: string, many: string): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
