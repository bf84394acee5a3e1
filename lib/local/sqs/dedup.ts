// What a FIFO queue remembers of deduplication ids.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-exactly-once-processing.html
//
//   DD1. An id is remembered for 5 minutes from the send that it was new in, also when that message is gone. A duplicate
//        doesn't make it longer.
//   DD2. Nothing is kept of it afterwards.
import { DEDUPLICATION_WINDOW_MS } from "../../aws/sqs.ts";

export interface SentBefore {
  readonly messageId: string;
  readonly sequenceNumber: string;
}

export interface DedupWindow {
  find(key: string, nowMs: number): SentBefore | undefined;
  remember(key: string, sent: SentBefore, nowMs: number): void;
  /** Forgets what is too old. */
  prune(nowMs: number): void;
  size(): number;
}

export function createDedupWindow(): DedupWindow {
  /** In the order of time, which is the order of insertion. */
  const known = new Map<string, SentBefore & { readonly untilMs: number }>();
  return {
    find(key, nowMs) {
      const found = known.get(key);
      return found !== undefined && found.untilMs > nowMs ? found : undefined;
    },
    remember(key, { messageId, sequenceNumber }, nowMs) {
      known.delete(key);
      known.set(key, { messageId, sequenceNumber, untilMs: nowMs + DEDUPLICATION_WINDOW_MS }); // DD1
    },
    prune(nowMs) {
      for (const [key, { untilMs }] of known) {
        if (untilMs > nowMs) return;
        known.delete(key); // DD2
      }
    },
    size: () => known.size,
  };
}
