// What is known of a dead letter, by its record and by what its consumer said of it. Pure.
//
//   JU1. Done is only what a record, or the inserted item, of the same key and the same payload says.
//   JU2. Never run is only what has no record where there would be one. What cannot be looked up is unknown.
//   JU3. A letter of another queue is nobody's to move here, whatever became of it.

import type { InsertVerdict } from "../protocol/insert.ts";
import { type FoundRecord, judgeRecord } from "../protocol/record.ts";
import type { Failure } from "../protocol/rejection.ts";
import { failureOf, type Letter } from "./letter.ts";

/** In the order in which they are told. */
export const LETTER_CLASSES = ["never-run", "rejected", "claimed", "unknown", "mismatch", "done", "elsewhere"] as const;
export type LetterClass = (typeof LETTER_CLASSES)[number];

export interface Verdict {
  readonly letterClass: LetterClass;
  /** Groups letters of one class. */
  readonly code: string;
  readonly reason: string;
}

/** What was looked up for a letter. */
export type Evidence =
  | { readonly kind: "nothing"; readonly code: string; readonly reason: string }
  | {
      readonly kind: "looked-up";
      readonly found: FoundRecord | undefined;
      readonly fingerprint: string;
      /** False: the consumer may fingerprint otherwise. */
      readonly exact: boolean;
      /** Strategy insert: what the place of the message's item says. */
      readonly inserted?: InsertVerdict;
      /** What it means that nothing was found; undefined: that it never ran. */
      readonly absence?: { readonly code: string; readonly reason: string };
    };

export function judge(letter: Letter, evidence: Evidence): Verdict {
  const failure = failureOf(letter);
  if (evidence.kind === "nothing") return rejectedBy(failure) ?? unknown(evidence);
  return (
    byItem(evidence.inserted, failure) ??
    byRecord(letter, evidence, failure) ??
    rejectedBy(failure) ??
    (evidence.absence // JU2
      ? unknown(evidence.absence)
      : { letterClass: "never-run", code: "no record", reason: "nothing of it took effect" })
  );
}

type LookedUp = Extract<Evidence, { kind: "looked-up" }>;

function byRecord(
  letter: Letter,
  { found, fingerprint, exact }: LookedUp,
  failure: Failure | undefined,
): Verdict | undefined {
  if (found === undefined) return undefined;
  const messageId = failure?.messageId ?? letter.messageId;
  // Nobody's attempt: what is there was written by another one.
  const verdict = judgeRecord(found, { attemptId: "", fingerprint, messageId, status: "COMPLETED" });
  switch (verdict.kind) {
    case "duplicate":
      return { letterClass: "done", code: "COMPLETED", reason: doneAt(verdict.record.committedAtMs) }; // JU1
    case "payloadMismatch":
      return mismatch(verdict.committedAtMs, exact || failure?.code === "SEMEL_PAYLOAD_MISMATCH");
    case "rejected":
      return rejectedBy(failure) ?? { letterClass: "rejected", code: verdict.code, reason: verdict.reason };
    case "claimed": {
      const { leaseUntilMs, status } = verdict.record;
      const reason = `begun, and not committed; its lease ends at ${timeOf(leaseUntilMs)}`;
      return { letterClass: "claimed", code: status, reason };
    }
    default: {
      const { formatVersion, status } = verdict.kind === "unreadable" ? verdict : { formatVersion: "", status: "" };
      const reason = `its record has format ${formatVersion} and status ${status}, of another version of semel`;
      return unknown({ code: "SEMEL_RECORD_FORMAT", reason });
    }
  }
}

/** Strategy insert: the item is the record. */
function byItem(inserted: InsertVerdict | undefined, failure: Failure | undefined): Verdict | undefined {
  switch (inserted?.kind) {
    case "duplicate":
      return { letterClass: "done", code: "inserted", reason: doneAt(inserted.record.committedAtMs) }; // JU1
    case "payloadMismatch":
      return mismatch(inserted.committedAtMs, true);
    case "unreadable":
      return unknown({
        code: "SEMEL_RECORD_FORMAT",
        reason: `its item has a mark of format ${inserted.formatVersion}`,
      });
    case "foreign":
      return rejectedBy(failure) ?? unknown({ code: "SEMEL_INSERT", reason: "somebody else's item has its key" });
    default:
      return undefined; // it is not there
  }
}

function mismatch(committedAtMs: number, isSure: boolean): Verdict {
  const doubt = ", or its consumer picks what it fingerprints, or has its body in a bucket: --handler tells";
  const reason = `its key was committed at ${timeOf(committedAtMs)} with another payload${isSure ? "" : doubt}`;
  return { letterClass: "mismatch", code: "SEMEL_PAYLOAD_MISMATCH", reason };
}

function rejectedBy(failure: Failure | undefined): Verdict | undefined {
  return failure && { letterClass: "rejected", code: failure.code, reason: failure.reason };
}

function unknown({ code, reason }: { readonly code: string; readonly reason: string }): Verdict {
  return { letterClass: "unknown", code, reason };
}

function doneAt(committedAtMs: number): string {
  return `its effects were committed at ${timeOf(committedAtMs)}`;
}

function timeOf(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}

/** Whose letters are moved. */
export interface Destination {
  readonly arn: string;
  /** All queues that have this dead-letter queue. */
  readonly sourceArns: readonly string[];
  readonly consumer: string | undefined;
}

/** JU3. Undefined: the letter belongs to the destination, as far as anybody can tell. */
export function belongsElsewhere(letter: Letter, { arn, consumer, sourceArns }: Destination): Verdict | undefined {
  if (sourceArns.length < 2 || !sourceArns.includes(arn)) return undefined; // whoever names a queue of its own wants all of them there
  const from = letter.system["DeadLetterQueueSourceArn"];
  if (from === arn) return undefined;
  if (from !== undefined) return elsewhere(from, `it came from ${from}`);
  const failure = failureOf(letter);
  if (failure !== undefined && failure.consumer === consumer) return undefined;
  const told = failure ? `consumer ${failure.consumer} rejected it` : "it does not tell its queue";
  return elsewhere(failure?.consumer ?? "no queue", told);
}

function elsewhere(code: string, reason: string): Verdict {
  return { letterClass: "elsewhere", code, reason };
}
