// What becomes of a message that was given to the publisher, told to its caller.
//
//   PR1. Whether a message may be in the queue is never left out: sent, not sent, or unknown.

import { SemelError } from "../errors.ts";

export interface SentMessage {
  /** The one to send the message again with. */
  readonly key: string;
  /** SQS's own: new with every send. */
  readonly messageId: string;
  /** Of a FIFO queue: grows within the message group. */
  readonly sequenceNumber: string | undefined;
}

/** What became of one message (PR1). */
export type SendResult =
  | ({ readonly ok: true } & SentMessage)
  | {
      readonly ok: false;
      /** The one to send the message again with. Undefined where the one given is unusable. */
      readonly key: string | undefined;
      /**
       * `SEMEL_MESSAGE`, `SEMEL_KEY`: it cannot be sent as it is. `SEMEL_REFUSED`: SQS refused it. `SEMEL_CLAIM_CHECK`: S3 refused its
       * body. `SEMEL_NOT_SENT`: its time was up, or
       * one before it in its group failed. Of these, nothing is in the queue. `SEMEL_UNKNOWN_OUTCOME`: it may be there.
       */
      readonly error: SemelError;
    };

type Named = { readonly key: string; readonly queueUrl: string };

export function refused({ key, queueUrl }: Named, cause: unknown): SendResult {
  return failed(
    `Cannot send the message with key ${JSON.stringify(key)} to ${queueUrl}: SQS refused it, ${reason(cause)}. It is not in the ` +
      "queue. Mend the message, the queue or the permission",
    { code: "SEMEL_REFUSED", retryable: false, cause, key },
  );
}

export function unstored({ key, queueUrl }: Named, cause: unknown): SendResult {
  return failed(
    `Cannot send the message with key ${JSON.stringify(key)} to ${queueUrl}: S3 refused its body, ${reason(cause)}. It is not in the ` +
      "queue. Mend the bucket of claimCheck, or the permission s3:PutObject",
    { code: "SEMEL_CLAIM_CHECK", retryable: false, cause, key },
  );
}

export function unknownOutcome({ key, queueUrl }: Named, cause: unknown): SendResult {
  return failed(
    `No answer tells whether the message with key ${JSON.stringify(key)} is in ${queueUrl}: ${reason(cause)}. Send it again with ` +
      "the same key: a consumer takes it once",
    { code: "SEMEL_UNKNOWN_OUTCOME", retryable: true, cause, key },
  );
}

export function notSent({ key, queueUrl }: Named, why: string, cause?: unknown): SendResult {
  return failed(
    `The message with key ${JSON.stringify(key)} was not sent to ${queueUrl}: ${why}. It is not in the queue. Send it again ` +
      "with the same key",
    { code: "SEMEL_NOT_SENT", retryable: true, cause, key },
  );
}

function failed(message: string, options: ConstructorParameters<typeof SemelError>[1] & { key: string }): SendResult {
  return { ok: false, key: options.key, error: new SemelError(message, options) };
}

function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.name === "Error" || cause.name === "" ? cause.message : `${cause.name}: ${cause.message}`;
}
