// Why a message failed, in words for the person on call.

import { inspect } from "node:util";
import { isPermanentError, isRetryLater, SemelError, type SemelErrorCode } from "../errors.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import type { ClaimedRecord } from "../protocol/record.ts";
import type { Unsettled } from "../store/claims.ts";

/** Of a message, which its queue sends again, as of a direct invocation, which its caller may repeat. */
const TRIED_AGAIN = "It is not acknowledged, and may be tried again";

/** What a handler threw, whatever it was. An error of semel keeps its code. Never throws. */
export function handlerFailure(thrown: unknown): SemelError {
  try {
    return judged(thrown);
  } catch {
    // Not as its cause: whoever logs that would throw as well.
    const what = "it threw something that throws when it is looked at";
    return failure("SEMEL_HANDLER", true, `The handler failed, so nothing was committed: ${what}. ${TRIED_AGAIN}`);
  }
}

function judged(thrown: unknown): SemelError {
  if (thrown instanceof SemelError) return thrown;
  if (isPermanentError(thrown)) {
    return failure("SEMEL_PERMANENT", false, `The handler says that it can never succeed: ${thrown.message}`, thrown);
  }
  if (isRetryLater(thrown))
    return failure("SEMEL_RETRY_LATER", true, `The handler wants it later: ${text(thrown)}`, thrown);
  const reason = thrown instanceof Error ? text(thrown) : `it threw ${text(thrown)}, not an Error`;
  return failure(
    "SEMEL_HANDLER",
    true,
    `The handler failed, so nothing was committed: ${reason}. ${TRIED_AGAIN}`,
    thrown,
  );
}

export function outOfTime(what: string): SemelError {
  return failure(
    "SEMEL_DEADLINE",
    true,
    `The function's deadline was near before ${what}, so nothing was committed. ${TRIED_AGAIN}. ` +
      "If this recurs, raise the function's timeout, or lower the batch size",
  );
}

export function leftOpen(): SemelError {
  return failure(
    "SEMEL_UNKNOWN_OUTCOME",
    true,
    `The function's deadline came while the message was under way, so it is not known whether its commit went through. ` +
      `${TRIED_AGAIN}; its record will tell. If this recurs, raise the function's timeout, or lower the batch size`,
  );
}

/** What went wrong in a later run, while an earlier try may still be applied. */
export function stillOpen(error: SemelError): SemelError {
  return failure(
    "SEMEL_UNKNOWN_OUTCOME",
    true,
    `An earlier try was left without an answer and may still be applied. ${TRIED_AGAIN}; its record will tell. ` +
      `A later try failed: ${error.message}`,
    error,
  );
}

/** Another worker has acquired the key: this one was taken for dead. */
export function leaseLost(): SemelError {
  return failure(
    "SEMEL_LEASE_LOST",
    true,
    "Another worker took the key over while the handler ran, so nothing of this run was committed. " +
      `${TRIED_AGAIN}. If this recurs, raise leaseSeconds, and look for what blocks the event loop for longer`,
  );
}

/** The key could not be acquired, so the handler did not run. */
export function acquireFailure(outcome: Unsettled | { readonly kind: "outOfTime" }): SemelError {
  const what = "The key could not be acquired, so the handler did not run";
  switch (outcome.kind) {
    case "outOfTime":
      return outOfTime("its key was acquired");
    case "unknown":
      return failure(
        "SEMEL_UNKNOWN_OUTCOME",
        true,
        `No answer tells whether the key was acquired, so the handler did not run: ${text(outcome.cause)}. ` +
          `${TRIED_AGAIN}; the key is free when the lease is over`,
        outcome.cause,
      );
    case "refused":
      return failure("SEMEL_REFUSED", true, `${what}: DynamoDB refused it: ${text(outcome.cause)}`, outcome.cause);
    case "conflict":
    case "throttled":
      return failure("SEMEL_CONTENTION", true, `${what}: ${contention(outcome.kind)}. ${TRIED_AGAIN}`);
  }
}

/** A step ran, and its result is not known to be on the record: it may run again. */
export function stepNotKept(name: string, outcome: Unsettled): SemelError {
  const why = "cause" in outcome ? text(outcome.cause) : contention(outcome.kind);
  const kept = outcome.kind === "unknown" ? "may not be kept" : "is not kept";
  return failure(
    UNSETTLED_CODES[outcome.kind],
    true,
    `The result of step ${JSON.stringify(name)} ${kept}: ${why}. ${TRIED_AGAIN}; the step may run again, with the same ` +
      "idempotencyKey",
    "cause" in outcome ? outcome.cause : undefined,
  );
}

const UNSETTLED_CODES: Readonly<Record<Unsettled["kind"], SemelErrorCode>> = {
  unknown: "SEMEL_UNKNOWN_OUTCOME",
  conflict: "SEMEL_CONTENTION",
  throttled: "SEMEL_CONTENTION",
  refused: "SEMEL_REFUSED",
};

function contention(kind: "conflict" | "throttled"): string {
  const what = kind === "conflict" ? "a conflict with another transaction" : "throttling";
  return `DynamoDB's answer was ${what} until the time was up`;
}

export function conditionFailure(where: string, runs: number): SemelError {
  return failure(
    "SEMEL_CONDITION",
    true,
    `A condition or guard on ${where} failed in each of ${runs} runs of the handler, so nothing was committed. ` +
      `${TRIED_AGAIN}. If the condition is a rule of the business, read with tx.get and decide in the handler`,
  );
}

/** A message that can never succeed, and why it could not leave its queue for the dead-letter queue. */
export function notRejected(error: SemelError, why: string, cause: unknown): SemelError {
  return failure("SEMEL_DEAD_LETTER", true, `${reasonOf(error)}. The message ${why}. ${TRIED_AGAIN}`, cause);
}

export const REJECTION_NOT_RECORDED = "could not be recorded as rejected";
export const NOT_MOVED =
  "is recorded as rejected, but it is not known to be in the dead-letter queue; it is sent again";

/** A message that was rejected before, and came again. */
function rejectedBefore({ code, reason }: Extract<Failed, { kind: "rejected" }>): SemelError {
  return failure(code as SemelErrorCode, false, reason);
}

/** What went wrong, without the code that a SemelError's message ends with. */
export function reasonOf({ message, code }: SemelError): string {
  const suffix = ` (${code})`;
  return message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
}

/** Without a claim of one's own: the key is held under strategy claim, by a worker before or beside a change of strategy. */
function keyInUse(record: ClaimedRecord | undefined): SemelError {
  const state = record ? `${record.status} by attempt ${record.attemptId}` : "gone";
  return failure(
    "SEMEL_KEY_IN_USE",
    true,
    `The key is claimed by another worker (${state}), so nothing was committed. ${TRIED_AGAIN}. A consumer that changes ` +
      "its strategy needs its queue drained first",
  );
}

type Failed = Exclude<CommitOutcome, { kind: "committed" | "duplicate" | "conditionFailed" }>;

export function commitFailure(outcome: Failed): SemelError {
  switch (outcome.kind) {
    case "invalid":
      return outcome.error;
    case "outOfTime":
      return outOfTime("its commit was sent");
    case "payloadMismatch":
      return failure(
        "SEMEL_PAYLOAD_MISMATCH",
        false,
        `The key was committed before with another payload (at ${new Date(outcome.committedAtMs).toISOString()}). ` +
          "Give every effect a key of its own, or name the fields that matter by the fingerprint option",
      );
    case "rejected":
      return rejectedBefore(outcome);
    case "claimed":
      return keyInUse(outcome.record);
    case "passed":
      return failure(
        "SEMEL_CONTENTION",
        true,
        `Another worker is at work on the same messages, and moved the watermark to ${outcome.watermark.position} before ` +
          `this commit. ${TRIED_AGAIN}`,
      );
    case "unreadable":
      return failure(
        "SEMEL_RECORD_FORMAT",
        true,
        `The record of this key has format ${outcome.formatVersion}, status ${outcome.status}, which this version cannot ` +
          `read: a newer version of semel wrote it. ${TRIED_AGAIN}; finish the deployment`,
      );
    case "conflict":
    case "throttled":
      return failure(
        "SEMEL_CONTENTION",
        true,
        `${contention(outcome.kind)}; nothing was committed. ${TRIED_AGAIN}. If this recurs, spread hot items or ` +
          "raise capacity",
      );
    case "refused":
      return failure(
        "SEMEL_REFUSED",
        true,
        `DynamoDB refused the commit; nothing was applied: ${text(outcome.cause)}`,
        outcome.cause,
      );
    case "unknown":
      return failure(
        "SEMEL_UNKNOWN_OUTCOME",
        true,
        `No answer tells whether the commit went through: ${text(outcome.cause)}. ${TRIED_AGAIN}; its record will tell`,
        outcome.cause,
      );
  }
}

function text(cause: unknown): string {
  if (cause instanceof Error) return `${cause.name}: ${cause.message}`;
  return typeof cause === "string" ? cause : inspect(cause, { depth: 1 });
}

function failure(code: SemelErrorCode, retryable: boolean, message: string, cause?: unknown): SemelError {
  return new SemelError(message, { code, retryable, cause });
}
