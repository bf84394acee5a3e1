// Which messages that failed are hidden from their queue, and for how long.

import type { SqsRecord } from "../aws/lambda.ts";
import { isRetryLater, type SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type RetryBackoff, retryDelaySeconds } from "../protocol/retry-delay.ts";
import type { Delivery } from "../sources/source.ts";
import type { Hidden } from "./queue-actions.ts";

export interface Failure {
  readonly delivery: Delivery<SqsRecord>;
  readonly error: SemelError;
}

export function messagesToHide(
  failures: readonly Failure[],
  backoff: RetryBackoff | undefined,
  host: Host,
): readonly Hidden[] {
  return failures.flatMap(({ delivery: { receiveCount, record }, error }) => {
    // The deadline says nothing about the message: its visibility timeout, which is made for that, brings it back.
    if (error.code === "SEMEL_DEADLINE") return [];
    const seconds = retryDelaySeconds({
      afterSeconds: isRetryLater(error.cause) ? error.cause.afterSeconds : undefined,
      backoff,
      receiveCount,
      secondsSinceReceipt: receiveCount > 1 ? undefined : sinceFirstReceipt(record, host),
      random: host.random(),
    });
    return seconds === undefined ? [] : [{ record, seconds }];
  });
}

function sinceFirstReceipt({ attributes }: SqsRecord, host: Host): number | undefined {
  const receivedAtMs = Number(attributes?.ApproximateFirstReceiveTimestamp);
  return Number.isFinite(receivedAtMs) && receivedAtMs > 0 ? (host.nowMs() - receivedAtMs) / 1000 : undefined;
}
