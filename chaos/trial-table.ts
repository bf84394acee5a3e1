// The trials of all handlers, side by side. Pure.

import type { ContenderTrial, Round } from "../test/simulation/contenders/explore-contender.ts";
import type { Contender } from "./app.ts";
import { grouped } from "./report/svg.ts";
import type { ChaosOutcome } from "./run.ts";

export interface Trial {
  readonly handler: Contender;
  readonly explored: ContenderTrial;
  readonly chaos: ChaosOutcome;
}

const NAMES: Readonly<Record<Contender, string>> = {
  commit: "semel `commit`",
  claim: "semel `claim`",
  insert: "semel `insert`",
  plain: "plain handler",
  powertools: "Powertools idempotency + batch",
};

const HEAD = [
  "",
  "schedules",
  "faults survived",
  "first doubled",
  "first lost",
  "chaos: faults",
  "effects lost",
  "effects doubled",
  "halves",
];

/** Markdown. */
export function table(trials: readonly Trial[]): string {
  const rows = trials.map(({ handler, explored, chaos }) => [
    NAMES[handler],
    grouped(schedulesOf(explored)),
    survived(explored),
    first(explored.doubled),
    first(explored.lost),
    grouped(Object.values(chaos.faults).reduce((sum, count) => sum + count, 0)),
    grouped(chaos.ledger.lost.length),
    grouped(chaos.ledger.surplus),
    grouped(chaos.ledger.halves),
  ]);
  const rule = HEAD.map((_, column) => (column === 0 ? "---" : "--:"));
  return [HEAD, rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Of the largest number of faults that was explored to the end, or to its violation. */
function schedulesOf({ rounds }: ContenderTrial): number {
  return Math.max(...rounds.map(({ schedules }) => schedules));
}

/** Most faults within which there is no violation. */
function survived({ bounds, doubled, lost }: ContenderTrial): string {
  const broken = [doubled, lost].flatMap((round) => (round ? [round.faults] : []));
  if (broken.length === 0) return `all ${bounds.faults}`;
  const most = Math.min(...broken) - 1;
  return most < 0 ? "none" : String(most);
}

function first(round: Round | undefined): string {
  if (!round) return "never";
  return `${round.faults} ${round.faults === 1 ? "fault" : "faults"}, schedule ${grouped(round.schedules)}`;
}
