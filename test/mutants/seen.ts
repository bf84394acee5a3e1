// Where the simulation sees a mistake first: hints that make the run by simulation quick. One that is out of date costs time
// alone: then the other profiles and suites are tried.

/** Of npm run sim. */
export interface Sighting {
  readonly profile: string;
  readonly strategy: string;
  readonly seed: number;
}

type Line = `${string} ${string} ${number}`;

/** By the name of the mutant: profile, strategy and seed. */
const LINES: Readonly<Record<string, Line>> = {};

export function sightingOf(name: string): Sighting | undefined {
  const [profile, strategy, seed] = LINES[name]?.split(" ") ?? [];
  if (profile === undefined || strategy === undefined) return undefined;
  return { profile, strategy, seed: Number(seed) };
}

export const SEEN: readonly string[] = Object.keys(LINES);
