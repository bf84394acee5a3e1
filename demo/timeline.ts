// Counts what happens in the local cloud: deliveries, and the time in which nothing ran because all that was left waited
// for its visibility timeout.

import type { LocalEvent } from "semel/local";

/** Shorter pauses are the poller's. */
const PAUSE_MS_MIN = 300;

export interface Timeline {
  observe(event: LocalEvent): void;
  deliveries(): number;
  /** Messages that left the queue. */
  deleted(): number;
  visibilityWaitSeconds(): number;
  /** End of the last invocation, ms since the epoch. */
  lastEndMs(): number;
}

export function createTimeline(onDelivery: (messages: number) => void): Timeline {
  let [deliveries, deleted, running, waitedMs, lastEndMs] = [0, 0, 0, 0, 0];
  return {
    observe(event) {
      if (event.kind === "invocation-started") {
        const pauseMs = event.atMs - lastEndMs;
        if (running === 0 && lastEndMs > 0 && pauseMs >= PAUSE_MS_MIN) waitedMs += pauseMs;
        running++;
        deliveries += event.messages;
        onDelivery(event.messages);
      } else if (event.kind === "invocation-ended") {
        running--;
        deleted += event.deleted;
        lastEndMs = event.atMs;
      }
    },
    deliveries: () => deliveries,
    deleted: () => deleted,
    visibilityWaitSeconds: () => waitedMs / 1000,
    lastEndMs: () => lastEndMs,
  };
}
