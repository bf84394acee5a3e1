// Which mistakes of the catalog a schedule can see: each mutant against the suites of test/simulation, one suite after the
// other until one fails, those that caught most so far first. What survives is no failure of its own suites: it is either a
// mistake that no schedule shows (cost, words, types), or one that asks for a stronger simulation.

import { globSync } from "node:fs";
import { join } from "node:path";
import { applyMutant, type Mutant } from "./mutant.ts";
import { runSuites } from "./suites.ts";

/** All suites of one mutant together; a suite that is still running then hangs. */
const BUDGET_MS = 120_000;
const GREEN_MS = 300_000;
/** One failure is enough, and virtual time does not depend on how busy the machine is. */
const ARGS = ["--bail=1"];

/** One at a time. True when every mutant was caught. */
export async function runBySimulation(mutants: readonly Mutant[], copy: string): Promise<boolean> {
  const caughtBy = new Map(suitesOf(copy).map((suite) => [suite, 0]));
  for (const suite of caughtBy.keys()) {
    const green = await runSuites(copy, [suite], { timeoutMs: GREEN_MS, args: ARGS });
    if (green.kind === "passed") continue;
    console.error(`${suite} does not pass without a mutant: ${JSON.stringify(green)}`);
    return false;
  }
  const survivors: Mutant[] = [];
  for (const mutant of mutants) {
    const beganMs = Date.now();
    const verdict = await tryOne(mutant, copy, caughtBy);
    if (verdict.suite === undefined) survivors.push(mutant);
    else caughtBy.set(verdict.suite, (caughtBy.get(verdict.suite) ?? 0) + 1);
    const seconds = ((Date.now() - beganMs) / 1000).toFixed(1);
    console.log(`${verdict.suite ? "ok  " : "LEFT"}  ${mutant.name} (${seconds} s)\n        ${verdict.text}`);
  }
  console.log(`\n${mutants.length - survivors.length} of ${mutants.length} mutants caught by simulation`);
  for (const [suite, count] of caughtBy) console.log(`  ${String(count).padStart(4)}  ${suite}`);
  if (survivors.length > 0) console.log(`left:\n${survivors.map(({ name }) => `  ${name}`).join("\n")}`);
  return survivors.length === 0;
}

interface Verdict {
  readonly suite: string | undefined;
  readonly text: string;
}

async function tryOne(mutant: Mutant, copy: string, caughtBy: ReadonlyMap<string, number>): Promise<Verdict> {
  const mend = applyMutant(mutant, copy);
  const endMs = Date.now() + BUDGET_MS;
  const suites = [...caughtBy].sort(([, one], [, other]) => other - one).map(([suite]) => suite);
  try {
    for (const suite of suites) {
      const result = await runSuites(copy, [suite], { timeoutMs: Math.max(1, endMs - Date.now()), args: ARGS });
      if (result.kind === "timeout") return { suite, text: `${suite}: it hangs` };
      if (result.kind === "broken") return { suite: undefined, text: `BROKEN, no test was judged: ${result.reason}` };
      if (result.kind === "failed") return { suite, text: `${suite}: ${result.failed[0]?.name}` };
    }
    return { suite: undefined, text: "no schedule shows it" };
  } finally {
    mend();
  }
}

function suitesOf(copy: string): string[] {
  return globSync("simulation/**/*.test.ts", { cwd: join(copy, "test") }).sort();
}
