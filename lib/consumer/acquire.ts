// Acquires the key of a message, for its run or for its rejection.

import { expiresAtSeconds } from "../protocol/record.ts";
import type { AcquireOutcome } from "../store/claims.ts";
import { controlOf, type Deadline } from "./deadline.ts";
import type { Identity } from "./message.ts";
import type { Shell } from "./process-message.ts";

export interface AcquireContext extends Shell {
  readonly deadline: Deadline;
}

/** The gate is closed: nothing was sent. L1 of deadline.ts */
export interface OutOfTime {
  readonly kind: "outOfTime";
}

export function acquireKey(
  { pk, fingerprint }: Identity,
  messageId: string,
  { claims, deadline, host, options }: AcquireContext,
): Promise<AcquireOutcome | OutOfTime> {
  // By the clock: in a thawed sandbox the gate's timer may not have fired yet.
  if (deadline.timeLeftMs() <= 0) return Promise.resolve({ kind: "outOfTime" });
  const nowMs = host.nowMs();
  const input = {
    pk,
    fingerprint,
    messageId,
    attemptId: host.randomId(),
    leaseMs: options.leaseMs,
    ownerDeadlineMs: nowMs + deadline.timeLeftMs() + options.deadlineMarginMs,
    expiresAtSeconds: expiresAtSeconds(nowMs, options.retentionDays),
  };
  return claims.acquire(input, controlOf(deadline));
}
