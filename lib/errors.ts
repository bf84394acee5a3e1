// Every error that semel raises: its code, what was done, the value seen, the values allowed, the remedy. And the two that
// a handler throws to say what is to become of its message.

import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "./aws/limits.ts";

/** Codes are stable: alarms and log queries may rely on them. */
export type SemelErrorCode =
  | "SEMEL_OPTIONS" // options of exactlyOnce() or their environment variables
  | "SEMEL_WIRING" // .use(orders) without .each(), or the other way round
  | "SEMEL_EVENT" // an event of no known source, or one that was changed on the way
  | "SEMEL_BODY" // a body that is not JSON
  | "SEMEL_CLAIM_CHECK" // a body in S3 that cannot be read, or stored
  | "SEMEL_SCHEMA" // a body that its schema refuses
  | "SEMEL_KEY" // no usable idempotency key
  | "SEMEL_PAYLOAD_MISMATCH" // a committed key with another payload
  | "SEMEL_EFFECT" // an effect that was declared wrongly
  | "SEMEL_TX_CLOSED" // tx used after its handler ended
  | "SEMEL_INSERT" // strategy insert: the item's key is somebody else's, or its item was deleted
  | "SEMEL_LIMIT" // beyond a limit of DynamoDB
  | "SEMEL_HANDLER" // the handler threw something
  | "SEMEL_PERMANENT" // the handler threw a PermanentError
  | "SEMEL_RETRY_LATER" // the handler threw a RetryLater
  | "SEMEL_DEAD_LETTER" // a message that can never succeed could not be moved to the dead-letter queue
  | "SEMEL_RESULT" // a result of a handler or a step that has no JSON form
  | "SEMEL_KEY_IN_USE" // another worker holds the key
  | "SEMEL_LEASE_LOST" // another worker took the key over while the handler ran
  | "SEMEL_CONDITION" // a condition or a guard that failed on every run
  | "SEMEL_MESSAGE" // a message that cannot be sent as it is
  | "SEMEL_NOT_SENT" // a message that was given up before it was sent; it is not in its queue
  | "SEMEL_REFUSED" // DynamoDB or SQS refused the request; nothing was applied
  | "SEMEL_CONTENTION" // conflicts or throttling until the time was up; nothing was applied
  | "SEMEL_UNKNOWN_OUTCOME" // no answer that tells whether the commit, or the send, went through
  | "SEMEL_RECORD_FORMAT" // a record written by a newer version
  | "SEMEL_DEADLINE" // not enough time left to start or to commit
  | "SEMEL_CONSTRUCT" // props that would break the promise, found at synth
  | "SEMEL_LOCAL" // the local cloud
  | "SEMEL_REDRIVE" // a redrive that cannot begin, or cannot go on
  | "SEMEL_NOT_EXACTLY_ONCE" // a schedule was found in which a handler breaks the promise
  | "SEMEL_FOREIGN_IO" // an explored handler did something that the exploration has no hand in
  | "SEMEL_NOT_DETERMINISTIC"; // an explored handler did something else under the same schedule

export interface SemelErrorOptions {
  readonly code: SemelErrorCode;
  /** May the same message succeed later, unchanged? */
  readonly retryable: boolean;
  readonly cause?: unknown;
  readonly key?: string | undefined;
}

/** An error of semel. Its message says what was done, the value seen, the values allowed and the remedy. */
export class SemelError extends Error {
  override readonly name = "SemelError";
  readonly code: SemelErrorCode;
  /** May the same message succeed later, unchanged? */
  readonly retryable: boolean;
  /** Of a message that was not sent, or not surely: the idempotency key to send it again with. */
  readonly key: string | undefined;

  constructor(message: string, options: SemelErrorOptions) {
    super(`${message} (${options.code})`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable;
    this.key = options.key;
  }
}

/**
 * Thrown by a handler: this message can never succeed. Nothing of it is committed, and it goes to the dead-letter queue
 * now, with the reason; where no dead-letter queue is known it fails like any other.
 */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  /** Tells it by value: a bundle may hold this class twice. */
  readonly code = "SEMEL_PERMANENT";
}

export interface RetryLaterOptions {
  /** Seconds until the message comes again, 0 to 43,200 (12 hours from its receipt). */
  readonly afterSeconds: number;
  readonly cause?: unknown;
}

/**
 * Thrown by a handler: nothing of this message is committed, and it comes again after the given time. What waits behind it in a
 * FIFO message group comes with it. Streams and Kafka hide nothing: there it comes when Lambda tries its batch again.
 */
export class RetryLater extends Error {
  override readonly name = "RetryLater";
  readonly code = "SEMEL_RETRY_LATER";
  readonly afterSeconds: number;

  constructor(options: RetryLaterOptions) {
    const { afterSeconds, cause } = options;
    const known = typeof afterSeconds === "number" && afterSeconds >= 0;
    if (!known || afterSeconds > VISIBILITY_TIMEOUT_SECONDS_MAX) {
      throw new SemelError(
        `Cannot retry later: afterSeconds is ${String(afterSeconds)}. Use 0 to ${VISIBILITY_TIMEOUT_SECONDS_MAX}, which is ` +
          "the longest that SQS hides a message",
        { code: "SEMEL_OPTIONS", retryable: true },
      );
    }
    super(`The message is to come again after ${afterSeconds} s`, cause === undefined ? undefined : { cause });
    this.afterSeconds = afterSeconds;
  }
}

/**
 * Thrown to the caller of a direct invocation whose key is in use by another one: nothing was run. It may try again with the
 * same key; as an HTTP answer, status 409 with a `Retry-After` header.
 */
export class KeyInUseError extends Error {
  override readonly name = "KeyInUseError";
  readonly code = "SEMEL_KEY_IN_USE";
  readonly retryable = true;
  /** Seconds until the other invocation must have ended, 1 or more. */
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(
      `The idempotency key is in use by another invocation, which ends within ${retryAfterSeconds} s, so this one did not ` +
        "run. Try again then, with the same key (SEMEL_KEY_IN_USE)",
    );
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export function isPermanentError(thrown: unknown): thrown is PermanentError {
  return thrown instanceof Error && (thrown as { code?: unknown }).code === "SEMEL_PERMANENT";
}

export function isRetryLater(thrown: unknown): thrown is RetryLater {
  return thrown instanceof Error && (thrown as { code?: unknown }).code === "SEMEL_RETRY_LATER";
}
