// Kills busy workers at seeded random moments, spread over the whole run, and over all functions of it.

import { setTimeout as sleep } from "node:timers/promises";
import type { LocalFunction } from "semel/local";
import type { Random } from "./random.ts";

/** From the moment that a batch reaches a worker. */
const DELAY_MS_MAX = 60;
const RETRY_MS = 3;
/** So long for the function whose turn it is; then for any. */
const TURN_MS = 1_000;

export interface Crashes {
  /** Crashes so far. */
  count(): number;
  /** By the functions' logical ids. */
  byFunction(): Readonly<Record<string, number>>;
  /** To be told of every delivery. */
  delivered(messages: number): void;
  stop(): Promise<void>;
}

/** `messages` is how many deliveries the run has at least; the moments are spread over them. Each function has its turn; one
 * that stays idle is passed over. */
export function plotCrashes(
  functions: readonly LocalFunction[],
  { wanted, messages, random }: { wanted: number; messages: number; random: Random },
): Crashes {
  const moments = Array.from({ length: wanted }, () => random.int(1, messages)).sort((a, b) => a - b);
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  const crashes: Record<string, number> = {};
  let [deliveries, plotted] = [0, 0];

  async function kill(turn: number, delayMs: number, index: number): Promise<void> {
    await sleep(delayMs);
    const inTurn = functions.map((_, at) => functions[(turn + at) % functions.length] as LocalFunction);
    const turnEndsMs = Date.now() + TURN_MS;
    while (!stopped.signal.aborted) {
      const candidates = Date.now() < turnEndsMs ? inTurn.slice(0, 1) : inTurn;
      const hit = candidates.find((fn) => fn.killBusyWorker(index));
      if (hit) {
        crashes[hit.logicalId] = (crashes[hit.logicalId] ?? 0) + 1;
        return;
      }
      await sleep(RETRY_MS); // nobody is busy: wait for the next one
    }
  }

  return {
    count: () => Object.values(crashes).reduce((sum, count) => sum + count, 0),
    byFunction: () => crashes,
    delivered(count) {
      deliveries += count;
      for (; plotted < moments.length && (moments[plotted] ?? 0) <= deliveries; plotted++) {
        const crash = kill(plotted, random.int(0, DELAY_MS_MAX), random.int(0, 1_000));
        running.add(crash);
        void crash.finally(() => running.delete(crash));
      }
    },
    async stop() {
      stopped.abort();
      await Promise.all(running);
    },
  };
}
