// Which messages that failed are hidden from their queue, and for how long.

import type { SqsRecord } from "../aws/lambda.ts";
import { isRetryLater, type SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type RetryBackoff, retryDelaySeconds } from "../protocol/retry-delay.ts";
import type { Delivery } from "../sources/source.ts";
import type { Hidden } from "./queue-actions.ts";

/** A delivery that is to come again: why, or when. */
export type Failure = { readonly delivery: Delivery<SqsRecord> } & (
  | { readonly error: SemelError }
  | { readonly untilMs: number }
);

export function messagesToHide(
  failures: readonly Failure[],
  backoff: RetryBackoff | undefined,
  host: Host,
): readonly Hidden[] {
  return failures.flatMap((failure) => {
    const { receiveCount, record } = failure.delivery;
    // The deadline says nothing about the message: its visibility timeout, which is made for that, brings it back.
    if ("error" in failure && failure.error.code === "SEMEL_DEADLINE") return [];
    const seconds = retryDelaySeconds({
      afterSeconds: afterSeconds(failure, host),
      backoff,
      receiveCount,
      secondsSinceReceipt: receiveCount > 1 ? undefined : sinceFirstReceipt(record, host),
      random: host.random(),
    });
    return seconds === undefined ? [] : [{ record, seconds }];
  });
}

/** Undefined: whenever it suits. */
function afterSeconds(failure: Failure, host: Host): number | undefined {
  if ("untilMs" in failure) return Math.max(1, (failure.untilMs - host.nowMs()) / 1000);
  return isRetryLater(failure.error.cause) ? failure.error.cause.afterSeconds : undefined;
}

function sinceFirstReceipt({ attributes }: SqsRecord, host: Host): number | undefined {
  const receivedAtMs = Number(attributes?.ApproximateFirstReceiveTimestamp);
  return Number.isFinite(receivedAtMs) && receivedAtMs > 0 ? (host.nowMs() - receivedAtMs) / 1000 : undefined;
}
