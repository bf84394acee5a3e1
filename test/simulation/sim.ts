// npm run sim: seeded random simulations of the real runtime. See seeded/simulate.ts.
//
//   --seed <n>            the first seed; default 1
//   --seeds <k>           so many seeds, from --seed on; default 1
//   --steps <m>           steps of a seed; default 1000
//   --strategy <name>     commit, claim, insert, of ordered sources watermark, reduce; or all; default all that the profile has
//   --profile <name>      what is likely: see seeded/profiles.ts, and ordered/profiles.ts for FIFO queues, streams and topics;
//                         default broad

import { parseArgs } from "node:util";
import { ORDERED_PROFILES } from "./ordered/profiles.ts";
import { type OrderedSimulation, simulateOrdered } from "./ordered/simulate.ts";
import { addFigures, createFigures, figuresText } from "./seeded/figures.ts";
import { PROFILES, type Profile } from "./seeded/profiles.ts";
import { violationText } from "./seeded/report.ts";
import { type Simulated, type Simulation, simulate, type Violation } from "./seeded/simulate.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    steps: { type: "string", default: "1000" },
    strategy: { type: "string", default: "all" },
    profile: { type: "string", default: "broad" },
  },
});
const [first, seeds, steps] = [
  wholeNumber("seed", values.seed),
  wholeNumber("seeds", values.seeds),
  wholeNumber("steps", values.steps),
];
process.exitCode = (await simulateAll()) ? 0 : 1;

interface Wanted {
  readonly strategy: string;
  simulate(seed: number): Promise<Simulated>;
  violationText(seed: number, violation: Violation): string;
}

async function simulateAll(): Promise<boolean> {
  let isSound = true;
  for (const wanted of chosen()) isSound = (await simulateSeeds(wanted)) && isSound; // one that fails hides no other
  return isSound;
}

async function simulateSeeds({ strategy, simulate: run, violationText: textOf }: Wanted): Promise<boolean> {
  const startedMs = Date.now();
  const sum = createFigures();
  for (let seed = first; seed < first + seeds; seed++) {
    const { figures, violation } = await run(seed);
    addFigures(sum, figures);
    if (!violation) continue;
    console.error(textOf(seed, violation));
    return false;
  }
  const took = ((Date.now() - startedMs) / 1000).toFixed(1);
  console.log(`${strategy}: ${seeds} seeds from ${first}, ${steps} steps each, twice, in ${took} s, no violation`);
  console.log(`  ${figuresText(sum)}`);
  return true;
}

function chosen(): readonly Wanted[] {
  const { profile: profileName } = values;
  const ordered = ORDERED_PROFILES[profileName];
  if (ordered) {
    const { kind, adjust } = ordered;
    return among(ordered.strategies).map((strategy) => {
      const of = (seed: number): OrderedSimulation => ({ seed, steps, strategy, kind, adjust, profileName });
      return {
        strategy,
        simulate: (seed) => simulateOrdered(of(seed)),
        violationText: (seed, violation) => violationText({ ...of(seed), adjust: undefined }, violation),
      };
    });
  }
  const profile = profileOf(profileName);
  return among(profile.strategies).map((strategy) => {
    const of = (seed: number): Simulation => ({ seed, steps, strategy, profile, profileName });
    return {
      strategy,
      simulate: (seed) => simulate(of(seed)),
      violationText: (seed, violation) => violationText(of(seed), violation),
    };
  });
}

function among<Name extends string>(strategies: readonly Name[]): readonly Name[] {
  if (values.strategy === "all") return strategies;
  const found = strategies.find((one) => one === values.strategy);
  if (found) return [found];
  throw new Error(
    `Cannot simulate: --strategy is "${values.strategy}". Of profile ${values.profile}, use one of ${strategies.join(", ")}, all`,
  );
}

function profileOf(name: string): Profile {
  const found = PROFILES[name];
  if (found) return found;
  const names = [...Object.keys(PROFILES), ...Object.keys(ORDERED_PROFILES)];
  throw new Error(`Cannot simulate: --profile is "${name}". Use one of ${names.join(", ")}`);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`Cannot simulate: --${name} is "${text}". Use a whole number`);
}
