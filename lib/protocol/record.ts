// The idempotency record, and what a record that is found says about a message.
//
//   P1. Only a COMPLETED record of this format tells that a message is done. A record that cannot be read, because a
//       newer version wrote it, means retry: never duplicate, never done.
//   P2. A record of the own attempt means that the own commit went through, whatever the answer was.
//   P3. Same key, other payload: a mismatch, never a duplicate.
//   P4. A REJECTED record stops the message that was rejected, and no other: a redrive gives it a new id, and may run.

/** Raised when the meaning of a record changes. Readers refuse versions above theirs. */
export const RECORD_FORMAT_VERSION = 1;

export type IdempotencyRecord = CompletedRecord | RejectedRecord;

interface RecordBase {
  /** Consumer's name + SHA-256 of the idempotency key. */
  readonly pk: string;
  /** Of the delivery whose commit wrote the record. */
  readonly messageId: string;
  /** Which run of the handler wrote the record; new for every run. */
  readonly attemptId: string;
  /** Of the payload, see fingerprint.ts. */
  readonly fingerprint: string;
  readonly committedAtMs: number;
  /** For DynamoDB's time to live, whole seconds. A record past its time that is still there still counts. */
  readonly expiresAtSeconds: number;
}

/** The effects of the key are there. */
export interface CompletedRecord extends RecordBase {
  readonly status: "COMPLETED";
}

/** The message can never succeed: none of its effects is there, and none will be. */
export interface RejectedRecord extends RecordBase {
  readonly status: "REJECTED";
  /** Code and text of the error, for people. */
  readonly code: string;
  readonly reason: string;
}

/** A record as it was found in the table. */
export type FoundRecord =
  | { readonly kind: "record"; readonly record: IdempotencyRecord }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string };

/** Who asks: the run of the handler whose commit found the record. */
export interface Claimant {
  readonly attemptId: string;
  readonly fingerprint: string;
}

export type RecordVerdict =
  | { readonly kind: "ours" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "payloadMismatch"; readonly committedAtMs: number }
  /** The message of this id was rejected. */
  | { readonly kind: "rejected"; readonly messageId: string; readonly code: string; readonly reason: string }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string };

export function judgeRecord(found: FoundRecord, claimant: Claimant): RecordVerdict {
  if (found.kind === "unreadable") return found; // P1
  const { record } = found;
  if (record.attemptId === claimant.attemptId) return { kind: "ours" }; // P2
  if (record.status === "REJECTED") {
    return { kind: "rejected", messageId: record.messageId, code: record.code, reason: record.reason };
  }
  if (record.fingerprint !== claimant.fingerprint) {
    return { kind: "payloadMismatch", committedAtMs: record.committedAtMs }; // P3
  }
  return { kind: "duplicate" };
}

/** P4. Does the record refuse a commit for this message? The condition of every commit says the same to DynamoDB. */
export function standsInTheWay(found: FoundRecord, messageId: string): boolean {
  if (found.kind === "unreadable") return true; // P1
  return found.record.status === "COMPLETED" || found.record.messageId === messageId;
}

const DAY_SECONDS = 24 * 60 * 60;

/** When a record written now may be deleted: rounded up, so never early. */
export function expiresAtSeconds(nowMs: number, retentionDays: number): number {
  return Math.ceil(nowMs / 1000 + retentionDays * DAY_SECONDS);
}
