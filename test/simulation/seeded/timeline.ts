// The world's time: stands still until it is let pass, and then goes from timer to timer.
//
//   TL1. Everything that a timer made ready has run before the next one fires, so what happens is a function of the timers'
//        order: by time, then by the order in which they were set.

import { setImmediate as nextMacrotask } from "node:timers/promises";

export interface Timeline {
  nowMs(): number;
  /** Runs `callback` once, after the given time; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

const START_MS = 1_767_600_000_000;

export function createTimeline(): Timeline {
  const timers: Timer[] = []; // the last one is the next
  let nowMs = START_MS;

  function place(timer: Timer): void {
    let [low, high] = [0, timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((timers[middle]?.atMs ?? 0) > timer.atMs) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      const timer: Timer = { atMs: nowMs + Math.max(0, delayMs), callback };
      place(timer);
      return () => {
        const index = timers.indexOf(timer);
        if (index >= 0) timers.splice(index, 1);
      };
    },
    async pass(ms) {
      const untilMs = nowMs + ms;
      await nextMacrotask();
      for (let next = timers.at(-1); next && next.atMs <= untilMs; next = timers.at(-1)) {
        timers.pop();
        nowMs = next.atMs;
        next.callback();
        await nextMacrotask(); // TL1
      }
      nowMs = untilMs;
    },
  };
}
