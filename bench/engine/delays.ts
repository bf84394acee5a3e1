// How long the engine takes to answer.
//
// U: every request alike. R5: near what is published of AWS for a put of 5 ms; a transaction costs about three puts, and
// a little for each action (github.com/alexdebrie/dynamodb-performance-testing; beyond 25 actions it is extrapolated). Of a
// batch of statements nothing is published: it is taken for one put.

export const DELAY_MODELS = {
  U0: () => 0,
  U5: () => 5,
  R5: (operation: string, actions: number) => (operation === "TransactWriteItems" ? 15.6 + 0.225 * actions : 5),
} as const satisfies Record<string, (operation: string, actions: number) => number>;
export type DelayModel = keyof typeof DELAY_MODELS;

/** A timer may fire this much late; the rest is polled. */
const TIMER_SLACK_MS = 1.5;

/** Runs each task after its delay, to a fraction of a millisecond: a timer for most of it, then polling. */
export function delays(): (delayMs: number, task: () => void) => void {
  const waiting: { readonly atMs: number; readonly task: () => void }[] = []; // by time
  let cancel: (() => void) | undefined; // of the next poll

  function poll(): void {
    cancel = undefined;
    const nowMs = performance.now();
    while (waiting[0] !== undefined && waiting[0].atMs <= nowMs) waiting.shift()?.task();
    pollLater();
  }

  function pollLater(): void {
    const [next] = waiting;
    if (next === undefined) return;
    const timerMs = Math.floor(next.atMs - performance.now() - TIMER_SLACK_MS);
    if (timerMs >= 1) {
      const timer = setTimeout(poll, timerMs);
      cancel = () => clearTimeout(timer);
    } else {
      const immediate = setImmediate(poll);
      cancel = () => clearImmediate(immediate);
    }
  }

  return (delayMs, task) => {
    const atMs = performance.now() + delayMs;
    const place = waiting.findLastIndex((one) => one.atMs <= atMs) + 1;
    waiting.splice(place, 0, { atMs, task });
    if (place > 0) return;
    cancel?.();
    pollLater();
  };
}
