// Decides, answer by answer, what a commit came to. Pure: the shell sends, waits and reads as it is told.
//
//   C1. Done only on DynamoDB's success or on a record that is there. Nothing else is ever taken for done.
//   C2. Not done only on an answer that says so, and never after an answer that left it open in the same run: from
//       then on it is unknown until a record or a success settles it.
//   C3. No answer, or a transaction in progress: the same request again, under the same client request token.
//   C4. A failed condition of an effect is the business's only when the record, read strongly, is not there.
//   C5. Retries are bounded, in number here and in time by the shell.

import type { SemelError } from "../errors.ts";
import { type Backoff, CONFLICT_BACKOFF, THROTTLE_BACKOFF, UNKNOWN_BACKOFF } from "./backoff.ts";
import {
  type ClaimedRecord,
  type CommitHead,
  type FoundRecord,
  type IdempotencyRecord,
  judgeRecord,
  type RecordVerdict,
} from "./record.ts";
import { judgeWatermark, type WatermarkVerdict } from "./watermark.ts";

/** What one TransactWriteItems told us. */
export type CommitAnswer =
  | { readonly kind: "applied" }
  /** The record's own condition failed. The old record comes along where the engine returned it. */
  | { readonly kind: "recordExists"; readonly found: FoundRecord | undefined }
  /** A condition of an effect or a guard failed, and nothing was wrong with the record. */
  | { readonly kind: "conditionFailed"; readonly actionIndex: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "throttled" }
  /** The same token is at work on the other side. */
  | { readonly kind: "inProgress" }
  /** Nothing was applied, and sending it again will not help. */
  | { readonly kind: "refused"; readonly cause: unknown }
  | { readonly kind: "unknown"; readonly cause: unknown };

/** What the commit came to. */
export type CommitOutcome =
  /** The record is known where it was read: it holds what an earlier try of the same attempt wrote. */
  | { readonly kind: "committed"; readonly record?: IdempotencyRecord }
  | Exclude<RecordVerdict, { kind: "ours" | "claimed" }>
  /** Of a run: its first messages are done, up to the watermark, which is returned. None of this try took effect. */
  | WatermarkVerdict
  /** Somebody else holds the key, or it was given back; undefined: the claim is gone. Nothing of ours can be committed. */
  | { readonly kind: "claimed"; readonly record: ClaimedRecord | undefined }
  | {
      readonly kind: "conditionFailed";
      readonly actionIndex: number;
      readonly openTries: boolean;
      /** The item, for people. */
      readonly where?: string;
      /** Its id (`itemId`), where the action names its key. */
      readonly item?: string;
    }
  | { readonly kind: "conflict" }
  | { readonly kind: "throttled" }
  | { readonly kind: "refused"; readonly cause: unknown }
  | { readonly kind: "unknown"; readonly cause: unknown }
  /** Not committed: the effects can't be one transaction, or what they mean to insert is somebody else's, or gone. */
  | { readonly kind: "invalid"; readonly error: SemelError }
  /** Nothing was sent: the time was up. */
  | { readonly kind: "outOfTime" };

/** What happened in this run of the handler so far. */
export interface CommitProgress {
  readonly tries: number;
  /** A try was left without a definite answer. */
  readonly openTries: boolean;
}

export const COMMIT_NOT_STARTED: CommitProgress = { tries: 0, openTries: false };

export type CommitStep =
  | { readonly kind: "settled"; readonly outcome: CommitOutcome }
  | { readonly kind: "readRecord"; readonly answer: CommitAnswer; readonly progress: CommitProgress }
  | {
      readonly kind: "retry";
      readonly backoff: Backoff;
      readonly sameToken: boolean;
      /** The outcome if no time is left for another try. */
      readonly otherwise: CommitOutcome;
      readonly progress: CommitProgress;
    };

/** A step after the reads that it asked for. */
export type ReadyStep = Exclude<CommitStep, { kind: "readRecord" }>;

/** Tries of one transaction; with the caps of backoff.ts, over a minute of waiting. */
export const COMMIT_TRIES_MAX = 100;

export function afterAnswer(answer: CommitAnswer, before: CommitProgress, own: CommitHead): CommitStep {
  const open = answer.kind === "unknown" || answer.kind === "inProgress";
  const progress = { tries: before.tries + 1, openTries: before.openTries || open };
  switch (answer.kind) {
    case "applied":
      return settled({ kind: "committed" }); // C1
    case "recordExists":
      return answer.found ? verdict(answer.found, own) : { kind: "readRecord", answer, progress };
    case "conditionFailed":
      return { kind: "readRecord", answer, progress }; // C4
    case "refused":
      return settled(notDone({ kind: "refused", cause: answer.cause }, progress));
    case "conflict":
      return again(CONFLICT_BACKOFF, false, notDone({ kind: "conflict" }, progress), progress);
    case "throttled":
      return again(THROTTLE_BACKOFF, false, notDone({ kind: "throttled" }, progress), progress);
    case "inProgress":
      return again(UNKNOWN_BACKOFF, true, OPEN, progress); // C3
    case "unknown":
      return again(UNKNOWN_BACKOFF, true, { kind: "unknown", cause: answer.cause }, progress); // C3
  }
}

/** After the strong read that `readRecord` asked for. `found` is a record that stands in the way, if one does. */
export function afterRecordRead(
  found: FoundRecord | undefined,
  step: Extract<CommitStep, { kind: "readRecord" }>,
  own: CommitHead,
): ReadyStep {
  if (found) return verdict(found, own);
  const { answer, progress } = step;
  if (answer.kind === "conditionFailed") {
    return settled({ kind: "conditionFailed", actionIndex: answer.actionIndex, openTries: progress.openTries });
  }
  // Nothing is held any more, and what held it will not come back: the record's time to live ran out.
  if (own.fencingToken !== undefined) return settled({ kind: "claimed", record: undefined });
  // The record that refused us is gone again (its time to live ran out): the condition decides once more.
  return again(CONFLICT_BACKOFF, false, notDone({ kind: "conflict" }, progress), progress);
}

const OPEN: CommitOutcome = {
  kind: "unknown",
  cause: "an earlier try of the same transaction was left without an answer",
};

function settled(outcome: CommitOutcome): ReadyStep {
  return { kind: "settled", outcome };
}

function verdict(found: FoundRecord, own: CommitHead): ReadyStep {
  if (own.status === "WATERMARK") return settled(judgeWatermark(found));
  const judged = judgeRecord(found, own);
  return settled(judged.kind === "ours" ? { kind: "committed", record: judged.record } : judged);
}

function notDone(outcome: CommitOutcome, progress: CommitProgress): CommitOutcome {
  return progress.openTries ? OPEN : outcome; // C2
}

function again(backoff: Backoff, sameToken: boolean, otherwise: CommitOutcome, progress: CommitProgress): ReadyStep {
  if (progress.tries >= COMMIT_TRIES_MAX) return settled(otherwise); // C5
  return { kind: "retry", backoff, sameToken, otherwise, progress };
}
