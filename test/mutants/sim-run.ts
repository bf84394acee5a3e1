// Runs the seeded simulation in a copy of the repository, in a process of its own with a time limit.

import { spawnSync } from "node:child_process";
import { ORDERED_PROFILES } from "../simulation/ordered/profiles.ts";
import { PROFILES } from "../simulation/seeded/profiles.ts";
import type { Sighting } from "./seen.ts";

/** Of a run of few seeds, which ends in seconds where nothing hangs. */
const SIM_MS_MAX = 60_000;
const FEW_SEEDS = 2;
/** Of many: out of time says nothing. */
const LONG_MS_MAX = 240_000;
const STEPS = 100;

/** What was violated; undefined: nothing, or the run was none. */
export function simulated(copy: string, { profile, strategy, seed }: Sighting, seeds: number): string | undefined {
  const options = { profile, strategy, seed, seeds, steps: STEPS };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const run = spawnSync(process.execPath, ["--conditions=@semel/source", "test/simulation/sim.ts", ...args], {
    cwd: copy,
    encoding: "utf8",
    timeout: seeds <= FEW_SEEDS ? SIM_MS_MAX : LONG_MS_MAX,
    killSignal: "SIGKILL",
  });
  if (run.signal === "SIGKILL" && seeds <= FEW_SEEDS) return `${profile}, ${strategy}: it hangs`;
  const [, where, what] = /violated (under .*):\n\s*(.*)/.exec(run.stderr) ?? [];
  return where === undefined ? undefined : `${profile}, ${where}: ${what}`;
}

/** Every profile with each of its strategies. */
export function everyProfile(): Sighting[] {
  const all: [string, { readonly strategies: readonly string[] }][] = Object.entries({
    ...PROFILES,
    ...ORDERED_PROFILES,
  });
  return all.flatMap(([profile, { strategies }]) => strategies.map((strategy) => ({ profile, strategy, seed: 1 })));
}
