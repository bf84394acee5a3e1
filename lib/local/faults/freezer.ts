// Who is frozen, and for how long.
import type { Victim } from "./workers.ts";

export interface Freezer {
  /** Stops the worker. Resolves when its time is over, or it died, or on clear(); to wake it is up to the caller. */
  freeze(victim: Victim, ms: number): Promise<void>;
  has(victim: Victim): boolean;
  /** Its time is over. */
  end(victim: Victim): void;
  clear(): void;
}

export function createFreezer(): Freezer {
  const frozen = new Map<Victim, () => void>(); // how the time of each ends
  return {
    freeze: (victim, ms) =>
      new Promise((resolve) => {
        victim.freeze();
        const end = (): void => {
          clearTimeout(timer);
          frozen.delete(victim);
          resolve();
        };
        const timer = setTimeout(end, ms);
        frozen.set(victim, end);
      }),
    has: (victim) => frozen.has(victim),
    end: (victim) => frozen.get(victim)?.(),
    clear() {
      for (const end of [...frozen.values()]) end();
    },
  };
}
