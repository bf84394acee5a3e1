// npm run explore: every schedule of the real runtime within its bounds. See lib/testing/explorer.
//
//   --strategy <name>     a scenario of lib/testing/explorer/scenario.ts (commit, claim, group, insert, fifo, …); default: all
//   --handler <name>      instead of semel's own scenarios the same effect by other means: plain, powertools, semel-commit,
//                         semel-claim, semel-insert, or all; until it is doubled, and until it is lost
//   --only <kinds>        with --handler: what may go wrong, of open, throttled, conflict, fails, dies, slow; default: all
//   --faults <n>          most faults of a schedule; default 2. Fewer come first, so that the first violation has the fewest
//   --deliveries <n>      deliveries of a schedule; default 3
//   --replay "<events>"   runs one schedule and tells what happened; needs --strategy or --handler

import { parseArgs } from "node:util";
import { type Exploration, explore, replay } from "../../lib/testing/explorer/explore.ts";
import { summaryOf, violationText } from "../../lib/testing/explorer/report.ts";
import { SCENARIOS, type Scenario } from "../../lib/testing/explorer/scenario.ts";
import { parseSchedule } from "../../lib/testing/explorer/schedule.ts";
import type { FaultKind } from "../../lib/testing/index.ts";

const SANDBOXES = 2;

const { values } = parseArgs({
  options: {
    strategy: { type: "string" },
    handler: { type: "string" },
    only: { type: "string" },
    faults: { type: "string", default: "2" },
    deliveries: { type: "string", default: "3" },
    replay: { type: "string" },
  },
});
const deliveries = wholeNumber("deliveries", values.deliveries);
const faultsMax = wholeNumber("faults", values.faults);
const sound = await run();
process.exitCode = sound ? 0 : 1;

async function run(): Promise<boolean> {
  if (values.handler !== undefined) return exploreContenders(values.handler);
  return values.replay === undefined ? exploreAll(chosen()) : replayOne(values.replay);
}

/** What is found is the result of the trial, and no failure of it. */
async function exploreContenders(wanted: string): Promise<true> {
  const { CONTENDERS } = await import("./contenders/contenders.ts");
  const { exploreContender, replayContender, roundText } = await import("./contenders/explore-contender.ts");
  if (values.replay !== undefined) {
    const { lines, complaints } = await replayContender(wanted, values.replay);
    console.log([...lines, ...complaints].join("\n"));
    return true;
  }
  const faultKinds = values.only?.split(",") as FaultKind[] | undefined;
  const bounds = { faults: faultsMax, deliveries, ...(faultKinds ? { faultKinds } : {}) };
  for (const name of wanted === "all" ? Object.keys(CONTENDERS) : [wanted]) {
    await exploreContender(name, bounds, (round) => console.log(roundText(name, round)));
  }
  return true;
}

async function exploreAll(scenarios: readonly Scenario[]): Promise<boolean> {
  for (const scenario of scenarios) {
    for (let faults = 0; faults <= faultsMax; faults++) {
      const exploration: Exploration = { scenario, bounds: { faults, deliveries, sandboxes: SANDBOXES } };
      const startedMs = Date.now();
      const explored = await explore(exploration);
      console.log(summaryOf(exploration, explored, Date.now() - startedMs));
      if (!explored.violation) continue;
      console.error(violationText(exploration, explored.violation));
      return false;
    }
  }
  return true;
}

async function replayOne(schedule: string): Promise<boolean> {
  const [scenario, ...others] = chosen();
  if (!scenario || others.length > 0)
    throw new Error("Cannot replay: --strategy is missing. Use the one of the schedule");
  // As many as the schedule has.
  const bounds = { faults: Number.POSITIVE_INFINITY, deliveries: Number.POSITIVE_INFINITY, sandboxes: SANDBOXES };
  const { lines, complaints } = await replay({ scenario, bounds }, parseSchedule(schedule));
  console.log(lines.join("\n"));
  console.log(complaints.length > 0 ? `violated:\n${complaints.join("\n")}` : "nothing was violated");
  return complaints.length === 0;
}

function chosen(): readonly Scenario[] {
  if (values.strategy === undefined) return [...SCENARIOS.values()];
  const found = SCENARIOS.get(values.strategy);
  if (found) return [found];
  throw new Error(`Cannot explore: --strategy is "${values.strategy}". Use one of ${[...SCENARIOS.keys()].join(", ")}`);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text)) return value;
  throw new Error(`Cannot explore: --${name} is "${text}". Use a whole number`);
}
