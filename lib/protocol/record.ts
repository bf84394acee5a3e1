// The idempotency record, and what a record that is found says about a message.
//
//   P1. Only a COMPLETED record of this format tells that a message is done. A record that cannot be read, because a
//       newer version wrote it, means retry: never duplicate, never done.
//   P2. A record of the own attempt, in the status that was to be written, means that the own commit went through, whatever
//       the answer was.
//   P3. Same key, other payload: a mismatch, never a duplicate.
//   P4. A REJECTED record stops the message that was rejected last, and no other: a redrive gives it a new id, and may run.
//   P5. An IN_PROGRESS or RELEASED record is never taken for done, whoever wrote it.

import type { Watermark, WatermarkMove } from "./watermark.ts";

/** Raised when the meaning of a record changes. Readers refuse versions above theirs. */
export const RECORD_FORMAT_VERSION = 1;

/** What a commit writes: the end of a key's story. */
export type IdempotencyRecord = CompletedRecord | RejectedRecord;
export type StoredRecord = IdempotencyRecord | ClaimedRecord;
/** What every transaction begins with. */
export type CommitHead = IdempotencyRecord | WatermarkMove;

interface RecordBase {
  /** Consumer's name + SHA-256 of the idempotency key. */
  readonly pk: string;
  /** Of the delivery that wrote the record. */
  readonly messageId: string;
  /** Who wrote the record: new for every run of the handler; under strategy claim, for every acquisition. */
  readonly attemptId: string;
  /** Of the payload, see fingerprint.ts. */
  readonly fingerprint: string;
  /** For DynamoDB's time to live, whole seconds. A record past its time that is still there still counts. */
  readonly expiresAtSeconds: number;
}

interface CommittedBase extends RecordBase {
  readonly committedAtMs: number;
  /** Of the acquisition that it ends; undefined without a claim. */
  readonly fencingToken?: number | undefined;
}

/** The effects of the key are there. */
export interface CompletedRecord extends CommittedBase {
  readonly status: "COMPLETED";
  /** What the handler returned, where it is kept. */
  readonly result?: StoredResult | undefined;
}

/** A text of JSON, or the same deflated. */
export type StoredResult = string | Uint8Array;

/** The message can never succeed: none of its effects is there, and none will be. */
export interface RejectedRecord extends CommittedBase {
  readonly status: "REJECTED";
  /** Code and text of the error, for people. */
  readonly code: string;
  readonly reason: string;
  /** What a claim left: kept for the redrive, never written by a rejection. */
  readonly steps?: StepResults | undefined;
}

/** Somebody acquired the key, and works on it or gave it back: nothing is committed. See claim.ts. */
export interface ClaimedRecord extends RecordBase {
  readonly status: "IN_PROGRESS" | "RELEASED";
  readonly claimedAtMs: number;
  /** Grows with each acquisition. */
  readonly fencingToken: number;
  /** Until then the owner counts as alive. */
  readonly leaseUntilMs: number;
  /** When the owner's function times out. */
  readonly ownerDeadlineMs: number;
  readonly steps: StepResults;
  /** What was rejected before: the claim of another message does not free it. */
  readonly rejection?: Rejection | undefined;
}

/** Which message was rejected under a key, and why. */
export type Rejection = Pick<RejectedRecord, "messageId" | "code" | "reason">;

/** What the steps of a handler gave, by their names: texts of JSON; null where a step gave nothing. */
export type StepResults = Readonly<Record<string, string | null>>;

/** A record as it was found in the table. */
export type FoundRecord =
  | { readonly kind: "record"; readonly record: StoredRecord }
  /** Of an ordering key, never of an idempotency key. */
  | { readonly kind: "watermark"; readonly watermark: Watermark }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string };

/** Who asks: the run of the handler whose commit found the record. */
export interface Claimant {
  readonly attemptId: string;
  readonly fingerprint: string;
  readonly status: IdempotencyRecord["status"];
  readonly messageId: string;
}

export type RecordVerdict =
  /** Our own commit went through. */
  | { readonly kind: "ours"; readonly record: IdempotencyRecord }
  | { readonly kind: "duplicate"; readonly record: CompletedRecord }
  | { readonly kind: "payloadMismatch"; readonly committedAtMs: number }
  /** The message of this id was rejected. */
  | { readonly kind: "rejected"; readonly messageId: string; readonly code: string; readonly reason: string }
  /** Acquired by somebody, us perhaps, and not committed. */
  | { readonly kind: "claimed"; readonly record: ClaimedRecord }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string };

export function judgeRecord(found: FoundRecord, claimant: Claimant): RecordVerdict {
  if (found.kind === "unreadable") return found; // P1
  if (found.kind === "watermark") return { kind: "unreadable", formatVersion: "of a watermark", status: "WATERMARK" };
  const { record } = found;
  if (isClaimed(record)) {
    const { rejection } = record;
    return rejection?.messageId === claimant.messageId
      ? { kind: "rejected", ...rejection }
      : { kind: "claimed", record }; // P5
  }
  if (record.attemptId === claimant.attemptId && record.status === claimant.status) return { kind: "ours", record }; // P2
  if (record.status === "REJECTED") {
    return { kind: "rejected", messageId: record.messageId, code: record.code, reason: record.reason };
  }
  if (record.fingerprint !== claimant.fingerprint) {
    return { kind: "payloadMismatch", committedAtMs: record.committedAtMs }; // P3
  }
  return { kind: "duplicate", record };
}

export function isClaimed(record: StoredRecord): record is ClaimedRecord {
  return record.status === "IN_PROGRESS" || record.status === "RELEASED";
}

/** Does the claim let this attempt commit? The condition of a claim's commit says the same to DynamoDB. */
export function isHeldBy(record: ClaimedRecord, { attemptId, fencingToken }: Holder): boolean {
  return record.status === "IN_PROGRESS" && record.fencingToken === fencingToken && record.attemptId === attemptId;
}

/** Who holds a claim, or would. */
export interface Holder {
  readonly attemptId: string;
  readonly fencingToken?: number | undefined;
}

/** Of the record that is to be written. */
export type Intended = Holder & Pick<IdempotencyRecord, "messageId" | "status" | "committedAtMs">;

/**
 * P4. Does the record refuse the commit of the other? The condition of every commit says the same to DynamoDB. A claim
 * refuses all but its holder; without a claim it is passed over when nobody works on it any more, but never rejected, which
 * would drop its steps.
 */
export function standsInTheWay(found: FoundRecord, own: Intended): boolean {
  if (found.kind !== "record") return true; // P1
  const { record } = found;
  if (!isClaimed(record)) {
    if (record.status === "REJECTED" && own.status === "REJECTED" && hasSteps(record)) return true;
    return record.status === "COMPLETED" || own.fencingToken !== undefined || record.messageId === own.messageId;
  }
  if (own.fencingToken !== undefined) return !isHeldBy(record, own);
  if (own.status === "REJECTED" || record.rejection?.messageId === own.messageId) return true;
  return record.status === "IN_PROGRESS" && record.leaseUntilMs > own.committedAtMs;
}

/** What a claim left there, a rejection without one would drop. */
function hasSteps({ steps }: RejectedRecord): boolean {
  return Object.keys(steps ?? {}).length > 0;
}

const DAY_SECONDS = 24 * 60 * 60;

/** When a record written now may be deleted: rounded up, so never early. */
export function expiresAtSeconds(nowMs: number, retentionDays: number): number {
  return Math.ceil(nowMs / 1000 + retentionDays * DAY_SECONDS);
}
