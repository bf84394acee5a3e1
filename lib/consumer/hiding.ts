// Which messages that failed are hidden from their queue, and for how long. Streams hide nothing: what failed there comes
// again when Lambda tries its batch again.
//
//   HD1. What was held back behind a failed message of its group is hidden as long as that one: no message of a group comes
//        while another one of it is in flight.
//        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html

import type { SqsRecord } from "../aws/lambda.ts";
import { isRetryLater, type SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type RetryBackoff, retryDelaySeconds } from "../protocol/retry-delay.ts";
import type { Delivery } from "../sources/source.ts";
import { laneOf } from "./order.ts";
import type { Hidden } from "./queue-actions.ts";

/** A delivery that is to come again: why, or when. */
export type Failure = { readonly delivery: Delivery } & (
  | { readonly error: SemelError }
  | { readonly untilMs: number }
  /** One before it of its ordering key failed. */
  | { readonly held: true }
);

/** In the order in which they failed: a held message after the one that holds it. */
export function messagesToHide(
  failures: readonly Failure[],
  backoff: RetryBackoff | undefined,
  host: Host,
): readonly Hidden[] {
  const groups = new Map<string, number | undefined>();
  return failures.flatMap((failure) => {
    const { delivery } = failure;
    if (delivery.receipt === undefined) return [];
    const group = laneOf(delivery) ?? "";
    const isBehind = "held" in failure || groups.has(group); // HD1: in a run, several fail together
    const seconds = isBehind ? groups.get(group) : secondsOf(failure, delivery.receipt, { backoff, host });
    if (group !== "") groups.set(group, seconds);
    return seconds === undefined ? [] : [{ record: delivery.receipt, seconds }];
  });
}

function secondsOf(
  failure: Exclude<Failure, { held: true }>,
  record: SqsRecord,
  { backoff, host }: { readonly backoff: RetryBackoff | undefined; readonly host: Host },
): number | undefined {
  // The deadline says nothing about the message: its visibility timeout, which is made for that, brings it back.
  if ("error" in failure && failure.error.code === "SEMEL_DEADLINE") return undefined;
  const { receiveCount = 1 } = failure.delivery;
  return retryDelaySeconds({
    afterSeconds: afterSeconds(failure, host),
    backoff,
    receiveCount,
    secondsSinceReceipt: receiveCount > 1 ? undefined : sinceFirstReceipt(record, host),
    random: host.random(),
  });
}

/** Undefined: whenever it suits. */
function afterSeconds(failure: Exclude<Failure, { held: true }>, host: Host): number | undefined {
  if ("untilMs" in failure) return Math.max(1, (failure.untilMs - host.nowMs()) / 1000);
  return isRetryLater(failure.error.cause) ? failure.error.cause.afterSeconds : undefined;
}

function sinceFirstReceipt({ attributes }: SqsRecord, host: Host): number | undefined {
  const receivedAtMs = Number(attributes?.ApproximateFirstReceiveTimestamp);
  return Number.isFinite(receivedAtMs) && receivedAtMs > 0 ? (host.nowMs() - receivedAtMs) / 1000 : undefined;
}
