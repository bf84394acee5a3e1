// A bounded number of places for tasks that run side by side, who comes first goes first; and waiting with an end.

export interface Slots {
  /** Runs the task when a place is free; rejects with the signal's reason if it aborts before. */
  run<T>(task: () => Promise<T> | T): Promise<T>;
}

interface Waiting {
  readonly go: () => void;
  readonly giveUp: (reason: unknown) => void;
}

/** No task starts after the signal aborted. */
export function createSlots(places: number, closed: AbortSignal): Slots {
  const queue = new Set<Waiting>();
  let free = places;

  // One listener for all: adding one for each of many messages takes time that grows with their square.
  closed.addEventListener(
    "abort",
    () => {
      for (const { giveUp } of queue) giveUp(closed.reason);
      queue.clear();
    },
    { once: true },
  );

  function give(): void {
    const [next] = queue;
    if (next === undefined) {
      free++;
      return;
    }
    queue.delete(next);
    next.go();
  }

  return {
    async run(task) {
      if (closed.aborted) throw closed.reason;
      if (free > 0) free--;
      else await new Promise<void>((go, giveUp) => queue.add({ go, giveUp }));
      try {
        return await task();
      } finally {
        give();
      }
    },
  };
}

/** Resolves and rejects as the promise does, but rejects at once when it is too late. */
export type Wait = <T>(running: Promise<T>) => Promise<T>;

/** One listener for all, as above. `reason`: what those who still wait are told when the signal aborts. */
export function createWait(stop: AbortSignal, reason: () => unknown): Wait {
  const waiting = new Set<(reason: unknown) => void>();
  const stopAll = (): void => {
    for (const giveUp of waiting) giveUp(reason());
    waiting.clear();
  };
  stop.addEventListener("abort", stopAll, { once: true });
  return (running) =>
    new Promise((resolve, reject) => {
      waiting.add(reject);
      const settle = <V>(act: (value: V) => void) => {
        return (value: V): void => {
          waiting.delete(reject);
          act(value);
        };
      };
      running.then(settle(resolve), settle(reject));
    });
}
