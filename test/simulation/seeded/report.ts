// What a simulation tells of a violation.

import type { Violation } from "./simulate.ts";

interface Told {
  readonly seed: number;
  readonly steps: number;
  readonly strategy: string;
  readonly adjust?: object | undefined;
  readonly profileName?: string | undefined;
}

export function violationText({ seed, steps, strategy, adjust, profileName }: Told, violation: Violation): string {
  const { step, complaints, history } = violation;
  const command = `npm run sim -- --seed ${seed} --steps ${steps} --strategy ${strategy}${profileName === undefined ? "" : ` --profile ${profileName}`}`;
  return [
    `violated under ${strategy}, seed ${seed}, step ${step}:`,
    ...complaints.map((one) => `  ${one}`),
    "history:",
    ...history.map((one) => `  ${one}`),
    adjust ? `with ${JSON.stringify(adjust)}, by the seed ${seed}` : `again: ${command}`,
  ].join("\n");
}
