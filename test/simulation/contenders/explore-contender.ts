// The trial of one contender: every schedule, by number of faults, until its effect was doubled, and until it was lost.

import {
  type Explored,
  exploreHandler,
  exploring,
  replayHandler,
  type Told,
} from "../../../lib/testing/handler/explore-handler.ts";
import { resolveCase } from "../../../lib/testing/handler/options.ts";
import type { FaultKind } from "../../../lib/testing/index.ts";
import { CONTENDERS, type Contender } from "./contenders.ts";

export interface ContenderBounds {
  readonly faults: number;
  readonly deliveries: number;
  /** @default 2 */
  readonly sandboxes?: number;
  /** What may go wrong. @default everything */
  readonly faultKinds?: readonly FaultKind[];
}

/** What breaks the promise: a second effect; or that an event is over and its effect is not there whole. */
export type Breach = "doubled" | "lost";

/** Of one breach, within one number of faults. */
export interface Round {
  readonly breach: Breach;
  /** Most faults of a schedule. */
  readonly faults: number;
  /** All of them; up to the violation and with it, where there is one. */
  readonly schedules: number;
  readonly states: number;
  readonly elapsedMs: number;
  readonly violation: Explored["violation"];
}

export interface ContenderTrial {
  readonly name: string;
  readonly bounds: ContenderBounds;
  readonly rounds: readonly Round[];
  /** The violation with the fewest faults, of each breach; undefined where there is none within the bounds. */
  readonly doubled: Round | undefined;
  readonly lost: Round | undefined;
}

const BREACHES: readonly Breach[] = ["doubled", "lost"];

export async function exploreContender(
  name: string,
  bounds: ContenderBounds,
  onRound: (round: Round) => void = () => {},
): Promise<ContenderTrial> {
  const { create, explored } = contenderOf(name);
  const resolved = resolveCase({ create }, { ...explored, ...bounds });
  const rounds: Round[] = [];
  await exploring(resolved, async () => {
    for (const breach of BREACHES) {
      for (let faults = 0; faults <= bounds.faults; faults++) {
        const counts = (complaint: string): boolean => complaint.startsWith("doubled") === (breach === "doubled");
        const { schedules, states, elapsedMs, violation } = await exploreHandler(resolved, faults, counts);
        const round = { breach, faults, schedules, states, elapsedMs, violation };
        rounds.push(round);
        onRound(round);
        if (violation) break;
      }
    }
  });
  const first = (breach: Breach): Round | undefined => rounds.find((one) => one.breach === breach && one.violation);
  return { name, bounds, rounds, doubled: first("doubled"), lost: first("lost") };
}

/** One schedule, in words, and what was violated. */
export function replayContender(name: string, schedule: string): Promise<Told> {
  const { create, explored } = contenderOf(name);
  const resolved = resolveCase({ create }, explored);
  return exploring(resolved, () => replayHandler(resolved, schedule, true));
}

function contenderOf(name: string): Contender {
  const contender = CONTENDERS[name];
  if (contender) return contender;
  throw new Error(`Cannot explore: no handler is called "${name}". Use one of ${Object.keys(CONTENDERS).join(", ")}`);
}

/** One line, and the schedule in words where there is one. */
export function roundText(name: string, { breach, faults, schedules, states, elapsedMs, violation }: Round): string {
  const within = `${name}, at most ${faults} ${faults === 1 ? "fault" : "faults"}`;
  const figures = `${number(states)} states, ${(elapsedMs / 1000).toFixed(1)} s`;
  if (!violation) return `${within}: never ${breach} in ${number(schedules)} schedules (${figures})`;
  const command = `npm run explore -- --handler ${name} --replay "${violation.schedule}"`;
  const lines = [...violation.lines, command].map((line) => `  ${line}`).join("\n");
  return `${within}: ${breach} by schedule ${number(schedules)} (${figures})\n  ${violation.complaints.join("\n  ")}\n${lines}`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
