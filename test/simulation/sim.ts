// npm run sim: seeded random simulations of the real runtime. See seeded/simulate.ts.
//
//   --seed <n>            the first seed; default 1
//   --seeds <k>           so many seeds, from --seed on; default 1
//   --steps <m>           steps of a seed; default 1000
//   --strategy <name>     commit, claim, insert or all; default all that the profile has
//   --profile <name>      what is likely: see seeded/profiles.ts; default broad

import { parseArgs } from "node:util";
import { addFigures, createFigures, figuresText } from "./seeded/figures.ts";
import { PROFILES, type Profile } from "./seeded/profiles.ts";
import { violationText } from "./seeded/report.ts";
import { STRATEGIES, type Strategy } from "./seeded/setup.ts";
import { simulate } from "./seeded/simulate.ts";

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
const profile = profileOf(values.profile);
process.exitCode = (await simulateAll(chosen())) ? 0 : 1;

async function simulateAll(strategies: readonly Strategy[]): Promise<boolean> {
  for (const strategy of strategies) {
    const startedMs = Date.now();
    const sum = createFigures();
    for (let seed = first; seed < first + seeds; seed++) {
      const simulation = { seed, steps, strategy, profile, profileName: values.profile };
      const { figures, violation } = await simulate(simulation);
      addFigures(sum, figures);
      if (!violation) continue;
      console.error(violationText(simulation, violation));
      return false;
    }
    const took = ((Date.now() - startedMs) / 1000).toFixed(1);
    console.log(`${strategy}: ${seeds} seeds from ${first}, ${steps} steps each, twice, in ${took} s, no violation`);
    console.log(`  ${figuresText(sum)}`);
  }
  return true;
}

function chosen(): readonly Strategy[] {
  if (values.strategy === "all") return profile.strategies;
  const found = STRATEGIES.find((one) => one === values.strategy);
  if (found) return [found];
  throw new Error(`Cannot simulate: --strategy is "${values.strategy}". Use one of ${STRATEGIES.join(", ")}, all`);
}

function profileOf(name: string): Profile {
  const found = PROFILES[name];
  if (found) return found;
  throw new Error(`Cannot simulate: --profile is "${name}". Use one of ${Object.keys(PROFILES).join(", ")}`);
}

function wholeNumber(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`Cannot simulate: --${name} is "${text}". Use a whole number`);
}
