// A bounded number of places for tasks that run side by side, who comes first goes first; and waiting with an end.

export interface Slots {
  /** Runs the task when a place is free; rejects with the signal's reason if it aborts before. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** The same; without a promise where a place is free and the task gives none. */
  run<T>(task: () => Promise<T> | T): Promise<T> | T;
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

  function start<T>(task: () => Promise<T> | T): Promise<T> | T {
    let running: Promise<T> | T;
    try {
      if (closed.aborted) throw closed.reason; // since its place came free
      running = task();
    } catch (error) {
      give();
      throw error;
    }
    if (running instanceof Promise) return holding(running);
    give();
    return running;
  }

  async function holding<T>(running: Promise<T>): Promise<T> {
    try {
      return await running;
    } finally {
      give();
    }
  }

  return {
    run<T>(task: () => Promise<T> | T): Promise<T> {
      if (closed.aborted) return Promise.reject(closed.reason);
      if (free === 0) return new Promise<void>((go, giveUp) => queue.add({ go, giveUp })).then(() => start(task));
      free--;
      return start(task) as Promise<T>; // as its signature says
    },
  };
}

/** What `next` makes of a value: at once where the value is no promise, since a microtask takes longer than most handlers. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
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
      if (stop.aborted) reject(reason());
      else waiting.add(reject);
      const settle = <V>(act: (value: V) => void) => {
        return (value: V): void => {
          waiting.delete(reject);
          act(value);
        };
      };
      running.then(settle(resolve), settle(reject));
    });
}
