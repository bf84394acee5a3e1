// How long a message that failed stays hidden before it comes again. Pure.
//
//   RD1. Never beyond 12 hours from the receipt, counted when the request gets there: SQS refuses what is longer, it does not
//        cut it.

import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";

/** Full jitter: drawn evenly from nothing to a bound that doubles with every receipt, from the base to the cap. */
export interface RetryBackoff {
  readonly baseSeconds: number;
  readonly capSeconds: number;
}

/** Five receipts take 4 minutes on average: an outage of a minute sends nothing to the dead-letter queue. */
export const RETRY_BACKOFF_DEFAULT: RetryBackoff = { baseSeconds: 30, capSeconds: 900 };

/** A batch is gathered for 5 minutes and worked on for 15 at most. */
const RECEIPT_AGE_SECONDS_MAX = 20 * 60;
/** The way of the request, its tries again, and clocks that differ. */
const REQUEST_SECONDS = 30;

export interface RetryDelayInput {
  /** What the handler asked for. */
  readonly afterSeconds: number | undefined;
  /** Undefined: what the queue's own visibility timeout leaves. */
  readonly backoff: RetryBackoff | undefined;
  /** 1 for the first receipt. */
  readonly receiveCount: number;
  /** Known for the first receipt only. */
  readonly secondsSinceReceipt: number | undefined;
  /** In [0, 1). */
  readonly random: number;
}

/** Whole seconds; undefined leaves the message as it is. */
export function retryDelaySeconds(input: RetryDelayInput): number | undefined {
  const { afterSeconds, backoff, random } = input;
  if (afterSeconds !== undefined) return bounded(Math.ceil(afterSeconds), input);
  if (!backoff) return undefined;
  const doublings = Math.min(Math.max(1, input.receiveCount || 1) - 1, 20);
  const bound = Math.min(backoff.capSeconds, backoff.baseSeconds * 2 ** doublings);
  return bounded(1 + Math.floor(random * bound), input); // never at once: that would be a hot loop
}

/** RD1. */
function bounded(seconds: number, { secondsSinceReceipt }: RetryDelayInput): number {
  const age = Math.max(0, Math.ceil(secondsSinceReceipt ?? RECEIPT_AGE_SECONDS_MAX));
  return Math.max(0, Math.min(seconds, VISIBILITY_TIMEOUT_SECONDS_MAX - REQUEST_SECONDS - age));
}
