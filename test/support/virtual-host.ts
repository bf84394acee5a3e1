// A host whose time stands still until `run` moves it: timers fire in order, at once, whatever their delay.

import { hash } from "node:crypto";
import { setImmediate as nextMacrotask } from "node:timers/promises";
import type { Host } from "../../lib/host.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

export interface VirtualHost extends Host {
  /** Lets time pass, timer by timer, until the promise is settled; fails when nothing is left that could settle it. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Time passes, and no timer fires: somebody computes. */
  compute(ms: number): void;
  /** Fires whatever is left. */
  drain(): Promise<void>;
}

const STEPS_MAX = 100_000;

export function virtualHost(random: () => number = () => 0.5): VirtualHost {
  const timers = new Set<Timer>();
  let [nowMs, order, ids] = [1_767_600_000_000, 0, 0];

  function fireNext(): boolean {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (!next || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)) next = timer;
    }
    if (!next) return false;
    timers.delete(next);
    nowMs = Math.max(nowMs, next.atMs);
    next.callback();
    return true;
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + Math.max(0, delayMs), order: order++, callback };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    endOfTick(callback) {
      this.after(0, callback);
    },
    random,
    randomId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, "0")}`,
    sha256: (text) => hash("sha256", text, "hex"),
    async run(promise) {
      let settled = false;
      const done = (): void => {
        settled = true;
      };
      promise.then(done, done);
      for (let steps = 0; ; steps++) {
        await nextMacrotask();
        if (settled) return promise;
        if (steps > STEPS_MAX) throw new Error(`not settled after ${STEPS_MAX} timers`);
        if (!fireNext()) throw new Error("not settled, and no timer is left that could settle it");
      }
    },
    compute(ms) {
      nowMs += ms;
    },
    async drain() {
      for (let steps = 0; steps <= STEPS_MAX; steps++) {
        await nextMacrotask();
        if (!fireNext()) return;
      }
    },
  };
}
