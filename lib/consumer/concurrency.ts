// A bounded number of places for tasks that run side by side; who comes first goes first.

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
