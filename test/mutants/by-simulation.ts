// Which mistakes of the catalog a schedule can see: each mutant against the seeded simulation where it was seen first, then
// against its other profiles and the suites of test/simulation, one after the other until one fails, those that caught most so
// far first. Those that no schedule shows are left out, each with its reason (unseen.ts); of the others none may survive.

import { globSync } from "node:fs";
import { join } from "node:path";
import { STRATEGIES } from "../simulation/seeded/setup.ts";
import { PARTS } from "./catalog.ts";
import { applyMutant, type Mutant } from "./mutant.ts";
import { SEEN, sightingOf } from "./seen.ts";
import { everyProfile, simulated } from "./sim-run.ts";
import { runSuites } from "./suites.ts";
import { UNSEEN, UNSEEN_PARTS } from "./unseen.ts";

/** All suites of one mutant together; a suite that is still running then hangs. */
const BUDGET_MS = 120_000;
/** One failure is enough, and virtual time does not depend on how busy the machine is. */
const ARGS = ["--bail=1"];
/** Of each profile, where a mutant has no hint. */
const SEEDS = 2;
/** Of the profile in which it was seen before, and of the broad mix in the end. */
const SEEDS_OF_HINT = 30;

/** One at a time. True when every mutant was caught that is not left out. */
export async function runBySimulation(chosen: readonly Mutant[], copy: string): Promise<boolean> {
  const reasons = new Map(chosen.map((mutant) => [mutant, reasonOf(mutant)]));
  const mutants = chosen.filter((mutant) => reasons.get(mutant) === undefined);
  if (!namesAreKnown() || !(await isGreen(mutants, copy))) return false;
  const caughtBy = new Map<string, number>();
  const survivors: Mutant[] = [];
  for (const mutant of mutants) {
    const beganMs = Date.now();
    const verdict = await tryOne(mutant, copy, caughtBy);
    if (verdict.by === undefined) survivors.push(mutant);
    else caughtBy.set(verdict.by, (caughtBy.get(verdict.by) ?? 0) + 1);
    const seconds = ((Date.now() - beganMs) / 1000).toFixed(1);
    console.log(`${verdict.by ? "ok  " : "LEFT"}  ${mutant.name} (${seconds} s)\n        ${verdict.text}`);
  }
  for (const [mutant, reason] of reasons)
    if (reason !== undefined) console.log(`out   ${mutant.name}\n        ${reason}`);
  const out = chosen.length - mutants.length;
  console.log(
    `\n${mutants.length - survivors.length} of ${mutants.length} mutants caught by simulation, ${out} outside`,
  );
  for (const [by, count] of caughtBy) console.log(`  ${String(count).padStart(4)}  ${by}`);
  if (survivors.length > 0) console.error(`left:\n${survivors.map(({ name }) => `  ${name}`).join("\n")}`);
  return survivors.length === 0;
}

function reasonOf(mutant: Mutant): string | undefined {
  const [part = ""] = Object.entries(PARTS).find(([, mutants]) => mutants.includes(mutant)) ?? [];
  return UNSEEN[mutant.name] ?? UNSEEN_PARTS[part];
}

/** Hints and reasons are of mutants that there are, and of each only one. */
function namesAreKnown(): boolean {
  const known = new Set(Object.values(PARTS).flatMap((mutants) => mutants.map(({ name }) => name)));
  const strangers = [...SEEN, ...Object.keys(UNSEEN)].filter((name) => !known.has(name));
  const both = SEEN.filter((name) => UNSEEN[name] !== undefined);
  for (const name of strangers) console.error(`no mutant of the catalog is named "${name}"`);
  for (const name of both) console.error(`"${name}" is seen and unseen`);
  return strangers.length + both.length === 0;
}

/** Without a mistake nothing may be violated: else a violation tells nothing. */
async function isGreen(mutants: readonly Mutant[], copy: string): Promise<boolean> {
  for (const { name } of mutants) {
    const hint = sightingOf(name);
    const violation = hint && simulated(copy, hint, 1);
    if (violation === undefined) continue;
    console.error(`violated without a mutant: ${violation}`);
    return false;
  }
  return true;
}

interface Verdict {
  readonly by: string | undefined;
  readonly text: string;
}

async function tryOne(mutant: Mutant, copy: string, caughtBy: Map<string, number>): Promise<Verdict> {
  const mend = applyMutant(mutant, copy);
  try {
    const hint = sightingOf(mutant.name);
    // A seed takes another course after any change of the simulation; its profile stays the right one.
    const seen = hint && (simulated(copy, hint, 1) ?? simulated(copy, { ...hint, seed: 1 }, SEEDS_OF_HINT));
    if (hint && seen !== undefined) return { by: hint.profile, text: seen };
    for (const sighting of byCatches(everyProfile(), ({ profile }) => profile, caughtBy)) {
      const text = simulated(copy, sighting, SEEDS);
      if (text !== undefined) return { by: sighting.profile, text };
    }
    const bySuite = await trySuites(copy, caughtBy);
    if (bySuite.by !== undefined) return bySuite;
    for (const strategy of STRATEGIES) {
      const text = simulated(copy, { profile: "broad", strategy, seed: 1 }, SEEDS_OF_HINT);
      if (text !== undefined) return { by: "broad", text };
    }
    return bySuite;
  } finally {
    mend();
  }
}

async function trySuites(copy: string, caughtBy: Map<string, number>): Promise<Verdict> {
  const endMs = Date.now() + BUDGET_MS;
  for (const suite of byCatches(suitesOf(copy), (one) => one, caughtBy)) {
    const result = await runSuites(copy, [suite], { timeoutMs: Math.max(1, endMs - Date.now()), args: ARGS });
    if (result.kind === "timeout") return { by: suite, text: `${suite}: it hangs` };
    if (result.kind === "broken") return { by: undefined, text: `BROKEN, no test was judged: ${result.reason}` };
    if (result.kind === "failed") return { by: suite, text: `${suite}: ${result.failed[0]?.name}` };
  }
  return { by: undefined, text: "no schedule shows it" };
}

function byCatches<T>(list: readonly T[], nameOf: (one: T) => string, caughtBy: ReadonlyMap<string, number>): T[] {
  return [...list].sort((one, other) => (caughtBy.get(nameOf(other)) ?? 0) - (caughtBy.get(nameOf(one)) ?? 0));
}

function suitesOf(copy: string): string[] {
  return globSync("simulation/**/*.test.ts", { cwd: join(copy, "test") }).sort();
}
