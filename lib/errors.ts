// Every error that semel raises: its code, what was done, the value seen, the values allowed, the remedy.

/** Codes are stable: alarms and log queries may rely on them. */
export type SemelErrorCode =
  | "SEMEL_OPTIONS" // options of exactlyOnce() or their environment variables
  | "SEMEL_WIRING" // .use(orders) without .each(), or the other way round
  | "SEMEL_EVENT" // an event of no known source, or one that was changed on the way
  | "SEMEL_BODY" // a body that is not JSON
  | "SEMEL_SCHEMA" // a body that its schema refuses
  | "SEMEL_KEY" // no usable idempotency key
  | "SEMEL_PAYLOAD_MISMATCH" // a committed key with another payload
  | "SEMEL_EFFECT" // an effect that was declared wrongly
  | "SEMEL_TX_CLOSED" // tx used after its handler ended
  | "SEMEL_LIMIT" // beyond a limit of DynamoDB
  | "SEMEL_HANDLER" // the handler threw something
  | "SEMEL_CONDITION" // a condition or a guard that failed on every run
  | "SEMEL_REFUSED" // DynamoDB refused the request; nothing was applied
  | "SEMEL_CONTENTION" // conflicts or throttling until the time was up; nothing was applied
  | "SEMEL_UNKNOWN_OUTCOME" // no answer that tells whether the commit went through
  | "SEMEL_RECORD_FORMAT" // a record written by a newer version
  | "SEMEL_DEADLINE" // not enough time left to start or to commit
  | "SEMEL_CONSTRUCT" // props that would break the promise, found at synth
  | "SEMEL_LOCAL"; // the local cloud

export interface SemelErrorOptions {
  readonly code: SemelErrorCode;
  /** May the same message succeed later, unchanged? */
  readonly retryable: boolean;
  readonly cause?: unknown;
}

/** An error of semel. Its message says what was done, the value seen, the values allowed and the remedy. */
export class SemelError extends Error {
  override readonly name = "SemelError";
  readonly code: SemelErrorCode;
  /** May the same message succeed later, unchanged? */
  readonly retryable: boolean;

  constructor(message: string, options: SemelErrorOptions) {
    super(`${message} (${options.code})`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable;
  }
}
