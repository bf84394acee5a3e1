// npm run mutants: makes each mistake of the catalog in a copy of the real code, one at a time, and runs the tests that
// have to catch it. Ends with 1 when one survives, when one is stale, or when the code is not green to begin with.
//
//   npm run mutants                      all of them
//   npm run mutants -- --part commit     those of one file of the catalog
//   npm run mutants -- --only NAME       those whose name has this in it
//   npm run mutants -- --list            names, and what is stale; runs nothing
//   npm run mutants -- --by simulation   by the suites of test/simulation alone: which mistakes a schedule can see

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runBySimulation } from "./by-simulation.ts";
import { MUTANTS, PARTS } from "./catalog.ts";
import { copyRepository } from "./copy.ts";
import { emptySuites, verdictOf } from "./judge.ts";
import { applyMutant, type Mutant, staleness } from "./mutant.ts";
import { runSuites } from "./suites.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Copies in which mutants run side by side. */
const COPIES = 2;
const MUTANT_TIMEOUT_MS = 90_000;
const GREEN_TIMEOUT_MS = 300_000;

const { values: options } = parseArgs({
  options: { part: { type: "string" }, only: { type: "string" }, list: { type: "boolean" }, by: { type: "string" } },
});
const { only = "", part, by } = options;
if (by !== undefined && by !== "simulation")
  throw new Error(`Cannot run mutants: --by is "${by}". Use simulation, or leave it out`);
const chosen = (part === undefined ? MUTANTS : (PARTS[part] ?? [])).filter(({ name }) => name.includes(only));
process.exitCode = (options.list ? list(chosen) : await run(chosen)) ? 0 : 1;

function list(mutants: readonly Mutant[]): boolean {
  for (const { name, file, caughtBy } of mutants) console.log(`${name}\n    ${file}, caught by ${caughtBy.join(", ")}`);
  return tellProblems(mutants);
}

/** True when there are none. */
function tellProblems(mutants: readonly Mutant[]): boolean {
  const names = mutants.map(({ name }) => name);
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  const problems = [
    ...mutants.flatMap((mutant) => staleness(mutant, ROOT)),
    ...repeated.map((name) => `the name "${name}" occurs twice`),
    ...(mutants.length === 0 ? [`no mutant is named so: ${only} (parts: ${Object.keys(PARTS).join(", ")})`] : []),
  ];
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}

async function run(mutants: readonly Mutant[]): Promise<boolean> {
  if (!tellProblems(mutants)) return false;
  const directory = mkdtempSync(join(tmpdir(), "semel-mutants-"));
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const copies = Array.from({ length: by ? 1 : COPIES }, (_, index) => join(directory, String(index)));
  for (const copy of copies) copyRepository(ROOT, copy);

  const startedMs = Date.now();
  const [first = directory] = copies;
  if (by) return runBySimulation(mutants, first);
  if (!(await isGreen(first, [...new Set(mutants.flatMap(({ caughtBy }) => caughtBy))]))) return false;
  const survivors: string[] = [];
  const queue = mutants.values();
  const lane = async (copy: string): Promise<void> => {
    for (const mutant of queue) if (!(await isCaught(mutant, copy))) survivors.push(mutant.name);
  };
  await Promise.all(copies.map(lane));
  console.log(`\n${mutants.length - survivors.length} of ${mutants.length} mutants caught, in ${seconds(startedMs)} s`);
  if (survivors.length > 0) console.error(`not caught:\n${survivors.map((name) => `  ${name}`).join("\n")}`);
  return survivors.length === 0;
}

/** Without a mistake every suite has to pass: else a failure tells nothing. */
async function isGreen(copy: string, suites: readonly string[]): Promise<boolean> {
  const result = await runSuites(copy, suites, { timeoutMs: GREEN_TIMEOUT_MS });
  if (result.kind === "passed") {
    const empty = emptySuites(suites, result.files);
    if (empty.length > 0) console.error(`the catalog names suites that are not there: ${empty.join(", ")}`);
    return empty.length === 0;
  }
  console.error("the code is not green without a mutant:");
  if (result.kind === "failed") for (const { file, name } of result.failed) console.error(`  ${file}: ${name}`);
  else console.error(result.kind === "broken" ? result.reason : "it hangs");
  return false;
}

async function isCaught(mutant: Mutant, copy: string): Promise<boolean> {
  const beganMs = Date.now();
  const mend = applyMutant(mutant, copy);
  const verdict = verdictOf(mutant, await runSuites(copy, mutant.caughtBy, { timeoutMs: MUTANT_TIMEOUT_MS }));
  mend();
  console.log(`${verdict.caught ? "ok  " : "FAIL"}  ${mutant.name} (${seconds(beganMs)} s)\n        ${verdict.text}`);
  return verdict.caught;
}

function seconds(sinceMs: number): string {
  return ((Date.now() - sinceMs) / 1000).toFixed(1);
}
