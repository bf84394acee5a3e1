// Why a message failed, in words for the person on call.

import { inspect } from "node:util";
import { isPermanentError, isRetryLater, SemelError, type SemelErrorCode } from "../errors.ts";
import type { CommitOutcome } from "../protocol/commit.ts";

const BACK_TO_QUEUE = "The message goes back to its queue";

/** What a handler threw, whatever it was. An error of semel keeps its code. */
export function handlerFailure(thrown: unknown): SemelError {
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
    `The handler failed, so nothing was committed: ${reason}. ${BACK_TO_QUEUE}`,
    thrown,
  );
}

export function outOfTime(what: string): SemelError {
  return failure(
    "SEMEL_DEADLINE",
    true,
    `The function's deadline was near before ${what}, so nothing was committed. ${BACK_TO_QUEUE}. ` +
      "If this recurs, raise the function's timeout, or lower the batch size",
  );
}

export function leftOpen(): SemelError {
  return failure(
    "SEMEL_UNKNOWN_OUTCOME",
    true,
    `The function's deadline came while the message was under way, so it is not known whether its commit went through. ` +
      `${BACK_TO_QUEUE}, and its record will tell. If this recurs, raise the function's timeout, or lower the batch size`,
  );
}

/** What went wrong in a later run, while an earlier try may still be applied. */
export function stillOpen(error: SemelError): SemelError {
  return failure(
    "SEMEL_UNKNOWN_OUTCOME",
    true,
    `An earlier try was left without an answer and may still be applied. ${BACK_TO_QUEUE}, and its record will tell. ` +
      `A later try failed: ${error.message}`,
    error,
  );
}

export function conditionFailure(where: string, runs: number): SemelError {
  return failure(
    "SEMEL_CONDITION",
    true,
    `A condition or guard on ${where} failed in each of ${runs} runs of the handler, so nothing was committed. ` +
      `${BACK_TO_QUEUE}. If the condition is a rule of the business, read with tx.get and decide in the handler`,
  );
}

/** A message that can never succeed, and why it could not leave its queue for the dead-letter queue. */
export function notRejected(error: SemelError, why: string, cause: unknown): SemelError {
  return failure("SEMEL_DEAD_LETTER", true, `${reasonOf(error)}. The message ${why}. ${BACK_TO_QUEUE}`, cause);
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
    case "unreadable":
      return failure(
        "SEMEL_RECORD_FORMAT",
        true,
        `The record of this key has format ${outcome.formatVersion}, status ${outcome.status}, which this version cannot ` +
          `read: a newer version of semel wrote it. ${BACK_TO_QUEUE}; finish the deployment`,
      );
    case "conflict":
    case "throttled":
      return failure(
        "SEMEL_CONTENTION",
        true,
        `DynamoDB's answer was ${outcome.kind === "conflict" ? "a conflict with another transaction" : "throttling"} until ` +
          `the time was up; nothing was committed. ${BACK_TO_QUEUE}. If this recurs, spread hot items or raise capacity`,
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
        `No answer tells whether the commit went through: ${text(outcome.cause)}. ${BACK_TO_QUEUE}, and its record will tell`,
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
