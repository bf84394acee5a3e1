// Strategy claim: who may run the handler of a key now, and what is left of a claim. Pure.
//
//   CL1. Every write of a holder (renew, step, release, commit, rejection) is conditional on three terms: the record is
//        IN_PROGRESS, with this fencing token, by this attempt. A holder that comes late changes nothing, whenever it wakes.
//   CL2. Each acquisition raises the fencing token and has an attempt id of its own. It is conditional on the record exactly
//        as it was seen, lease included: of two that saw the same, one acquires, and neither if the owner renewed meanwhile.
//   CL3. A lease compares clocks of different hosts, so it saves work but is never relied on for safety; CL1 is.
//   CL4. What was done is kept: steps survive a release, a lapse and a rejection.
//        So does the rejection of a message, until the key is committed: a copy of it does not run (P4 of record.ts).
//   CL5. Steps belong to the payload under which they ran: another payload cannot take them over.

import { FUNCTION_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";
import {
  type ClaimedRecord,
  type CompletedRecord,
  type FoundRecord,
  isClaimed,
  judgeRecord,
  type RecordVerdict,
  type RejectedRecord,
  type Rejection,
  type StoredRecord,
} from "./record.ts";

/** Who wants the key. */
export interface Acquirer {
  readonly pk: string;
  readonly messageId: string;
  readonly attemptId: string;
  readonly fingerprint: string;
}

export type AcquireDecision =
  /** Nothing is there: put a new record. */
  | { readonly kind: "create" }
  /** Nobody works on it any more: take over what was seen. */
  | { readonly kind: "takeOver"; readonly seen: ClaimedRecord | RejectedRecord }
  /** It is ours: the answer to an earlier try was lost. */
  | { readonly kind: "acquired"; readonly record: ClaimedRecord }
  /** Its owner is alive, as far as clocks can tell. */
  | { readonly kind: "inUse"; readonly untilMs: number }
  /** There is nothing to run. */
  | { readonly kind: "settled"; readonly verdict: Settled };

type Settled = Exclude<RecordVerdict, { kind: "ours" | "claimed" }>;

/** What to do about the record of a key that is to be acquired. */
export function decideAcquire(found: FoundRecord | undefined, own: Acquirer, nowMs: number): AcquireDecision {
  if (!found) return { kind: "create" };
  const verdict = judgeRecord(found, { ...own, status: "COMPLETED" });
  switch (verdict.kind) {
    case "claimed":
      return decideClaimed(verdict.record, own, nowMs);
    case "rejected":
      if (found.kind !== "record" || verdict.messageId === own.messageId) return { kind: "settled", verdict }; // CL4
      return takeOver(found.record as RejectedRecord, own);
    case "ours": // an attempt id is new for every acquisition, so it cannot be; done it is
      return { kind: "settled", verdict: { kind: "duplicate", record: verdict.record as CompletedRecord } };
    default:
      return { kind: "settled", verdict };
  }
}

function decideClaimed(record: ClaimedRecord, own: Acquirer, nowMs: number): AcquireDecision {
  if (record.attemptId === own.attemptId) return { kind: "acquired", record };
  const alive = isAlive(record, nowMs);
  if (alive) return { kind: "inUse", untilMs: record.ownerDeadlineMs };
  return takeOver(record, own);
}

/**
 * Is its owner alive, as far as clocks can tell? A lease of more than a whole invocation is of a clock that goes far ahead,
 * and is not waited for.
 */
export function isAlive(record: ClaimedRecord, nowMs: number): boolean {
  const leftMs = record.leaseUntilMs - nowMs;
  return record.status === "IN_PROGRESS" && leftMs > 0 && leftMs <= LEASE_LEFT_MS_MAX; // CL3
}

const LEASE_LEFT_MS_MAX = 1_000 * FUNCTION_TIMEOUT_SECONDS_MAX;

function takeOver(seen: ClaimedRecord | RejectedRecord, own: Acquirer): AcquireDecision {
  if (seen.fingerprint === own.fingerprint || Object.keys(seen.steps ?? {}).length === 0)
    return { kind: "takeOver", seen };
  const committedAtMs = isClaimed(seen) ? seen.claimedAtMs : seen.committedAtMs;
  return { kind: "settled", verdict: { kind: "payloadMismatch", committedAtMs } }; // CL5
}

/** A lease ends with its owner's invocation at the latest: from then on nothing runs that the owner waits for. */
export function leaseUntil(nowMs: number, leaseMs: number, ownerDeadlineMs: number): number {
  return Math.min(nowMs + leaseMs, ownerDeadlineMs);
}

/** What a takeover of this record has to remember of rejections. CL4 */
export function rejectionOf(seen: ClaimedRecord | RejectedRecord): Rejection | undefined {
  if (isClaimed(seen)) return seen.rejection;
  const { messageId, code, reason } = seen;
  return { messageId, code, reason };
}

/** The token of the acquisition that follows what was seen. CL2 */
export function nextFencingToken(seen: { readonly fencingToken?: number | undefined } | undefined): number {
  return (seen?.fencingToken ?? 0) + 1;
}

/** What a holder's write that was refused by its condition comes to. */
export type HeldVerdict =
  /** An earlier try of the same write went through. */
  | { readonly kind: "done" }
  /** The holder's own commit went through. */
  | { readonly kind: "ended"; readonly record: StoredRecord }
  /** Somebody else has the key, or the record is gone. */
  | { readonly kind: "lost" };

export function judgeHeld(found: FoundRecord | undefined, lease: ClaimedRecord, releases: boolean): HeldVerdict {
  if (found?.kind !== "record" || found.record.attemptId !== lease.attemptId) return { kind: "lost" };
  const { record } = found;
  if (!isClaimed(record)) return { kind: "ended", record };
  return releases && record.status === "RELEASED" ? { kind: "done" } : { kind: "lost" };
}
