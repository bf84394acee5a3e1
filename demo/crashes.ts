// Kills busy workers at seeded random moments, spread over the whole run.

import { setTimeout as sleep } from "node:timers/promises";
import type { LocalFunction } from "semel/local";
import type { Random } from "./random.ts";

/** From the moment that a batch reaches a worker. */
const DELAY_MS_MAX = 60;
const RETRY_MS = 3;

export interface Crashes {
  /** Crashes so far. */
  count(): number;
  /** To be told of every delivery. */
  delivered(messages: number): void;
  stop(): Promise<void>;
}

/** `messages` is how many deliveries the run has at least; the moments are spread over them. */
export function plotCrashes(fn: LocalFunction, wanted: number, messages: number, random: Random): Crashes {
  const moments = Array.from({ length: wanted }, () => random.int(1, messages)).sort((a, b) => a - b);
  const stopped = new AbortController();
  const running = new Set<Promise<void>>();
  let [deliveries, plotted, crashes] = [0, 0, 0];

  async function kill(delayMs: number, index: number): Promise<void> {
    await sleep(delayMs);
    while (!stopped.signal.aborted) {
      if (fn.killBusyWorker(index)) {
        crashes++;
        return;
      }
      await sleep(RETRY_MS); // nobody is busy: wait for the next one
    }
  }

  return {
    count: () => crashes,
    delivered(count) {
      deliveries += count;
      for (; plotted < moments.length && (moments[plotted] ?? 0) <= deliveries; plotted++) {
        const crash = kill(random.int(0, DELAY_MS_MAX), random.int(0, 1_000));
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
