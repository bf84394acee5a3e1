// A bounded number of places for tasks that run side by side; who comes first goes first.

export interface Slots {
  /** Runs the task when a place is free; rejects with `closed.reason` if the signal aborts before. */
  run<T>(task: () => Promise<T> | T, closed: AbortSignal): Promise<T>;
}

export function createSlots(places: number): Slots {
  const waiting = new Set<() => void>();
  let free = places;

  function give(): void {
    const [next] = waiting;
    if (next) next();
    else free++;
  }

  function take(closed: AbortSignal): Promise<void> {
    if (closed.aborted) return Promise.reject(closed.reason);
    if (free > 0) {
      free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiting.delete(go);
        reject(closed.reason);
      };
      const go = (): void => {
        waiting.delete(go);
        closed.removeEventListener("abort", onAbort);
        resolve();
      };
      waiting.add(go);
      closed.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    async run(task, closed) {
      await take(closed);
      try {
        return await task();
      } finally {
        give();
      }
    },
  };
}
