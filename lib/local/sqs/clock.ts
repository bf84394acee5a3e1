// The engine's time, injected, so that a test can turn it.

export interface SqsClock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Runs `callback` once, after the given time; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: SqsClock = {
  nowMs: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
