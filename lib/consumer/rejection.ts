// Takes a message that can never succeed out of its queue: its rejection is committed, then it goes to the dead-letter
// queue, then it is acknowledged.
//
//   RE1. Rejected are only messages that nothing can mend, and never one that may still be applied: not after a try of any
//        run was left without an answer, and not after the gate closed.
//   RE2. Nothing is sent before the rejection is committed: from then on no late commit of this message can succeed, until another
//        message of its key is rejected.
//   RE3. Acknowledged only when SQS has the dead letter. Else the message comes again, and its record has it sent again.
//   RE4. What was committed is never rejected: the record decides, not the worker that failed.

import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import type { SemelError, SemelErrorCode } from "../errors.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { type ClaimedRecord, expiresAtSeconds, type RejectedRecord } from "../protocol/record.ts";
import { type DeadLetter, deadLetter, letterOf } from "../protocol/rejection.ts";
import type { Delivery } from "../sources/source.ts";
import { acquireKey } from "./acquire.ts";
import { controlOf, type Deadline } from "./deadline.ts";
import { acquireFailure, commitFailure, NOT_MOVED, notRejected, REJECTION_NOT_RECORDED, reasonOf } from "./failures.ts";
import { fitLetter, fits } from "./fit-letter.ts";
import type { Identity } from "./message.ts";
import type { Observer } from "./observe.ts";
import type { Shell } from "./process-message.ts";
import type { MessageOutcome } from "./run.ts";

/**
 * Errors that say that the message itself can never succeed. Those of wiring and declarations are not among them
 * (SEMEL_OPTIONS, SEMEL_EFFECT, SEMEL_TX_CLOSED): the code is wrong, not the message, and the next deployment mends it.
 */
const PERMANENT: ReadonlySet<SemelErrorCode> = new Set<SemelErrorCode>([
  "SEMEL_BODY",
  "SEMEL_SCHEMA",
  "SEMEL_KEY",
  "SEMEL_PAYLOAD_MISMATCH",
  "SEMEL_INSERT",
  "SEMEL_LIMIT",
  "SEMEL_PERMANENT",
]);

export interface RejectContext extends Shell {
  readonly deadline: Deadline;
  readonly observer: Observer;
}

export interface Unwanted {
  readonly delivery: Delivery;
  readonly error: SemelError;
  /** Of its record; none where the message has no usable key. */
  readonly identity: Identity | undefined;
  /** Where its key is held. */
  readonly claim?: ClaimedRecord;
}

/** What becomes of a message that failed: rejected where nothing can mend it, else failed. Never rejects its promise. */
export async function failOrReject(unwanted: Unwanted, context: RejectContext): Promise<MessageOutcome> {
  const { error } = unwanted;
  if (!mayBeRejected(error, context)) return { kind: "failed", error };
  const recorded = await record(unwanted, context);
  if (recorded.kind !== "recorded") return recorded; // RE2
  return moveAway(unwanted, context);
}

/** RE1 */
export function mayBeRejected(error: SemelError, { deadline, options }: RejectContext): boolean {
  if (error.retryable || !PERMANENT.has(error.code)) return false;
  return options.deadLetterQueueUrl !== undefined && !deadline.gate.aborted;
}

type Recorded = { readonly kind: "recorded" } | MessageOutcome;

async function record(unwanted: Unwanted, context: RejectContext): Promise<Recorded> {
  const { claim, delivery, error, identity } = unwanted;
  // Under a key that holds another payload there is nothing to reject, and its record is not this message's.
  if (!identity || error.code === "SEMEL_PAYLOAD_MISMATCH") return { kind: "recorded" };
  if (claim || context.options.strategy !== "claim") return write(identity, unwanted, context);
  const acquired = await acquireKey(identity, delivery.messageId, context);
  if (acquired.kind === "acquired") return write(identity, { ...unwanted, claim: acquired.record }, context);
  if (acquired.kind === "inUse") return { kind: "deferred", untilMs: acquired.untilMs };
  if (acquired.kind === "settled") return afterRecord(acquired.verdict, delivery.messageId, error);
  return { kind: "failed", error: notRejected(error, REJECTION_NOT_RECORDED, acquireFailure(acquired)) };
}

async function write(
  identity: Identity,
  { claim, delivery, error }: Unwanted,
  { deadline, host, options, store }: RejectContext,
): Promise<Recorded> {
  const committedAtMs = host.nowMs();
  const rejection: RejectedRecord = {
    pk: identity.pk,
    fingerprint: identity.fingerprint,
    status: "REJECTED",
    messageId: delivery.messageId,
    attemptId: claim?.attemptId ?? host.randomId(),
    fencingToken: claim?.fencingToken,
    committedAtMs,
    expiresAtSeconds: expiresAtSeconds(committedAtMs, options.retentionDays),
    code: error.code,
    reason: reasonOf(error).slice(0, STORED_REASON_LENGTH_MAX).toWellFormed(),
  };
  const outcome = await store.commit(
    { record: rejection, effects: [], guards: [], key: identity.key },
    controlOf(deadline),
  );
  return afterRecord(outcome, delivery.messageId, error);
}

/** Keeps a record within one write unit. */
export const STORED_REASON_LENGTH_MAX = 300;

function afterRecord(outcome: CommitOutcome, messageId: string, error: SemelError): Recorded {
  switch (outcome.kind) {
    case "committed":
    case "payloadMismatch":
      return { kind: "recorded" };
    case "rejected":
      if (outcome.messageId === messageId) return { kind: "recorded" }; // a worker before us, or beside us
      break;
    case "duplicate":
      return outcome; // RE4
    default:
  }
  const why = outcome.kind === "conditionFailed" ? error : commitFailure(outcome);
  return { kind: "failed", error: notRejected(error, REJECTION_NOT_RECORDED, why) };
}

/** Its rejection is committed: sends it to the dead-letter queue. */
export async function moveAway(
  { delivery, error, identity }: Unwanted,
  context: RejectContext,
): Promise<MessageOutcome> {
  const { deadline, observer, options, queue } = context;
  const queueUrl = options.deadLetterQueueUrl;
  if (queueUrl === undefined)
    return { kind: "failed", error: notRejected(error, NOT_MOVED, "no queue is named any more") };
  const { messageId } = delivery;
  const isFifo = queueUrl.endsWith(FIFO_QUEUE_SUFFIX);
  let letter: DeadLetter;
  try {
    letter = await letterFor({ delivery, error }, context);
    const sent = isFifo ? { ...letter, fifo: fifoIds(delivery, context) } : letter;
    await queue.sendDeadLetter(queueUrl, sent, deadline.answer);
  } catch (cause) {
    return { kind: "failed", error: notRejected(error, NOT_MOVED, cause) }; // RE3
  }
  if (!letter.tellsReason) observer.reasonDropped(messageId, identity?.key);
  return { kind: "rejected", error };
}

async function letterFor(
  { delivery, error }: Pick<Unwanted, "delivery" | "error">,
  { deadline, host, objects, observer, options }: RejectContext,
): Promise<DeadLetter> {
  const { messageId } = delivery;
  const failure = { code: error.code, reason: reasonOf(error), consumer: options.consumer, messageId };
  const letter = letterOf(
    delivery.letter?.() ?? { body: delivery.text(), messageAttributes: delivery.messageAttributes },
  );
  if (fits(letter)) return deadLetter(letter, failure);
  const { note, ...fitted } = await fitLetter(letter, messageId, { host, objects, options, signal: deadline.answer });
  if (note === undefined) return deadLetter(fitted, failure);
  observer.letterTooLarge(messageId, note);
  return deadLetter(fitted, { ...failure, reason: `The message was too large for SQS, so ${note}. ${failure.reason}` });
}

/**
 * What a FIFO dead-letter queue asks for. The same for every send of one rejection, which it then takes once; another one after
 * a redrive, which gives the message a new id and a new time.
 */
function fifoIds(delivery: Delivery, { host, options }: RejectContext): NonNullable<DeadLetter["fifo"]> {
  const { messageId, orderingKey, origin, receipt, sentAtMs } = delivery;
  const lane = host.sha256(JSON.stringify([origin, orderingKey ?? messageId]));
  return {
    groupId: receipt && orderingKey !== undefined ? orderingKey : lane, // a message group's id is one that SQS takes
    deduplicationId: host.sha256(JSON.stringify([options.consumer, messageId, sentAtMs])),
  };
}
