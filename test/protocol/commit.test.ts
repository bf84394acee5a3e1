// Attacks C1 to C5 of lib/protocol/commit.ts with every sequence of answers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterAnswer,
  afterRecordRead,
  COMMIT_NOT_STARTED,
  COMMIT_TRIES_MAX,
  type CommitAnswer,
  type CommitOutcome,
  type CommitProgress,
} from "../../lib/protocol/commit.ts";
import type { CompletedRecord, FoundRecord } from "../../lib/protocol/record.ts";

const claimant: CompletedRecord = {
  pk: "orders#1",
  committedAtMs: 1,
  expiresAtSeconds: 2,
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "mine",
  fingerprint: "1:a",
};

function recordOf(attemptId: string, fingerprint: string): FoundRecord {
  return { kind: "record", record: { ...claimant, attemptId, fingerprint } };
}

const found = fc.constantFrom<FoundRecord>(
  recordOf("mine", "1:a"),
  recordOf("theirs", "1:a"),
  recordOf("theirs", "1:b"),
  { kind: "unreadable", formatVersion: "2", status: "COMPLETED" },
);
const answer: fc.Arbitrary<CommitAnswer> = fc.oneof(
  fc.constant<CommitAnswer>({ kind: "applied" }),
  found.map((record): CommitAnswer => ({ kind: "recordExists", found: record })),
  fc.constantFrom<CommitAnswer>(
    { kind: "recordExists", found: undefined },
    { kind: "conditionFailed", actionIndex: 1 },
    { kind: "conflict" },
    { kind: "throttled" },
    { kind: "inProgress" },
    { kind: "refused", cause: "no" },
    { kind: "unknown", cause: "reset" },
  ),
);
const read = fc.option(found, { nil: undefined });

interface Trace {
  readonly outcome: CommitOutcome;
  /** Everything that said the transaction is there. */
  readonly proofs: readonly string[];
  readonly open: boolean;
  /** For every try after the first: was the token kept, and what had the answer before been? */
  readonly retries: readonly { sameToken: boolean; after: CommitAnswer["kind"] }[];
}

/** Plays answers and reads until the commit is settled; then time is up. */
function play(answers: readonly CommitAnswer[], reads: readonly (FoundRecord | undefined)[]): Trace {
  let progress: CommitProgress = COMMIT_NOT_STARTED;
  const proofs: string[] = [];
  const retries: { sameToken: boolean; after: CommitAnswer["kind"] }[] = [];
  let [open, readIndex] = [false, 0];
  let otherwise: CommitOutcome = { kind: "outOfTime" };
  const seen = (record: FoundRecord | undefined): void => {
    if (record?.kind === "record" && record.record.attemptId === "mine") proofs.push("ours");
    else if (record?.kind === "record" && record.record.fingerprint === "1:a") proofs.push("theirs");
  };
  for (const one of answers) {
    if (one.kind === "applied") proofs.push("applied");
    if (one.kind === "recordExists") seen(one.found);
    open ||= one.kind === "unknown" || one.kind === "inProgress";
    let step = afterAnswer(one, progress, claimant);
    if (step.kind === "readRecord") {
      const record = reads[readIndex++ % Math.max(1, reads.length)];
      seen(record);
      step = afterRecordRead(record, step, claimant);
    }
    if (step.kind === "settled") return { outcome: step.outcome, proofs, open, retries };
    ({ progress, otherwise } = step);
    retries.push({ sameToken: step.sameToken, after: one.kind });
  }
  return { outcome: otherwise, proofs, open, retries };
}

describe("a commit", () => {
  const traces = fc.tuple(fc.array(answer, { minLength: 1, maxLength: 8 }), fc.array(read, { maxLength: 4 }));

  it("C1: is done only on a success or on a record that is there", () => {
    fc.assert(
      fc.property(traces, ([answers, reads]) => {
        const { outcome, proofs } = play(answers, reads);
        if (outcome.kind === "committed") expect(proofs.some((proof) => proof !== "theirs")).toBe(true);
        if (outcome.kind === "duplicate") expect(proofs).toContain("theirs");
      }),
      { numRuns: 5_000 },
    );
  });

  it("C2: is never said to be not done after an answer that left it open", () => {
    fc.assert(
      fc.property(traces, ([answers, reads]) => {
        const { outcome, open } = play(answers, reads);
        if (!open) return;
        expect(["conflict", "throttled", "refused"]).not.toContain(outcome.kind);
        if (outcome.kind === "conditionFailed") expect(outcome.openTries).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it("C3: goes out under the same token after no answer, under a new one after a definite cancellation", () => {
    fc.assert(
      fc.property(traces, ([answers, reads]) => {
        for (const { sameToken, after } of play(answers, reads).retries) {
          expect(sameToken).toBe(after === "unknown" || after === "inProgress");
        }
      }),
    );
  });

  it("C4: reads the record before a failed condition is the business's", () => {
    const step = afterAnswer({ kind: "conditionFailed", actionIndex: 2 }, COMMIT_NOT_STARTED, claimant);
    if (step.kind !== "readRecord") throw new Error(`expected a read, got ${step.kind}`);
    expect(afterRecordRead(recordOf("mine", "1:a"), step, claimant)).toMatchObject({ outcome: { kind: "committed" } });
    expect(afterRecordRead(recordOf("theirs", "1:a"), step, claimant)).toMatchObject({
      outcome: { kind: "duplicate" },
    });
    expect(afterRecordRead(undefined, step, claimant)).toEqual({
      kind: "settled",
      outcome: { kind: "conditionFailed", actionIndex: 2, openTries: false },
    });
  });

  it("C5: is not tried forever", () => {
    const last = { tries: COMMIT_TRIES_MAX - 1, openTries: false };
    expect(afterAnswer({ kind: "conflict" }, last, claimant)).toEqual({
      kind: "settled",
      outcome: { kind: "conflict" },
    });
    expect(afterAnswer({ kind: "inProgress" }, last, claimant)).toMatchObject({ outcome: { kind: "unknown" } });
  });

  it("a record without its old item is read; one that is gone again is tried again", () => {
    const step = afterAnswer({ kind: "recordExists", found: undefined }, COMMIT_NOT_STARTED, claimant);
    if (step.kind !== "readRecord") throw new Error(`expected a read, got ${step.kind}`);
    expect(afterRecordRead(undefined, step, claimant)).toMatchObject({ kind: "retry", sameToken: false });
  });
});
