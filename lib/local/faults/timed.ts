// Rules that fire at a time.
import type { LiveRule } from "./live-rule.ts";
import type { FaultRule, Timed } from "./types.ts";

/** Until somebody is there to be hit. */
const RETRY_MS = 10;

/**
 * `strike` injects the fault and says whether it hit anybody. What is due at a time waits for somebody to hit; what is due every
 * so often does not: its next turn comes. Gives what ends it.
 */
export function startTimes(live: LiveRule<FaultRule & Timed>, strike: () => boolean): () => void {
  const { everyMs, atMs } = live.rule;
  const timers = new Set<NodeJS.Timeout>();
  const after = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!live.isOver()) act();
    }, ms);
    timers.add(timer);
  };
  if (everyMs !== undefined) {
    const turn = (): void => {
      strike();
      after(everyMs, turn);
    };
    after(everyMs, turn);
  }
  const attempt = (): void => {
    if (!strike()) after(RETRY_MS, attempt);
  };
  for (const ms of atMs === undefined ? [] : [atMs].flat()) after(ms, attempt);
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}
