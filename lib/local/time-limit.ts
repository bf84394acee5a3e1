// A time limit that can stand still, as a frozen sandbox's does.

export interface TimeLimit {
  start(): void;
  /** Time does not count from now on, until resume(). */
  pause(): void;
  resume(): void;
  end(): void;
}

export function createTimeLimit(limitMs: number, onOver: () => void): TimeLimit {
  let leftMs = limitMs;
  let startedMs: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isPaused = false;
  let isOn = false;
  const run = (): void => {
    if (!isOn || isPaused) return;
    startedMs = Date.now();
    timer = setTimeout(onOver, leftMs);
  };
  const halt = (): void => {
    clearTimeout(timer);
    if (startedMs !== undefined) leftMs = Math.max(0, leftMs - (Date.now() - startedMs));
    startedMs = undefined;
  };
  return {
    start() {
      isOn = true;
      run();
    },
    pause() {
      if (isPaused) return;
      halt();
      isPaused = true;
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      run();
    },
    end() {
      isOn = false;
      halt();
    },
  };
}
