import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Acquirer, decideAcquire, judgeHeld, leaseUntil, nextFencingToken } from "../../lib/protocol/claim.ts";
import type { ClaimedRecord, CompletedRecord, FoundRecord, RejectedRecord } from "../../lib/protocol/record.ts";

const own: Acquirer = { pk: "orders#1", messageId: "m-1", attemptId: "mine", fingerprint: "1:a" };
const claim: ClaimedRecord = {
  pk: "orders#1",
  status: "IN_PROGRESS",
  messageId: "m-1",
  attemptId: "theirs",
  fingerprint: "1:a",
  fencingToken: 4,
  claimedAtMs: 500,
  leaseUntilMs: 1_000,
  ownerDeadlineMs: 5_000,
  expiresAtSeconds: 9,
  steps: {},
};
const completed: CompletedRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-0",
  attemptId: "theirs",
  fingerprint: "1:a",
  committedAtMs: 700,
  expiresAtSeconds: 9,
};
const rejected: RejectedRecord = { ...completed, status: "REJECTED", code: "SEMEL_PERMANENT", reason: "no" };
const at = (record: ClaimedRecord | CompletedRecord | RejectedRecord): FoundRecord => ({ kind: "record", record });

describe("who may run a handler now", () => {
  it("whoever finds no record", () => {
    expect(decideAcquire(undefined, own, 0)).toEqual({ kind: "create" });
  });

  it("CL3: nobody while the lease lasts, and a duplicate waits for its owner's deadline", () => {
    expect(decideAcquire(at(claim), own, 999)).toEqual({ kind: "inUse", untilMs: 5_000 });
  });

  it("T1: the next one where the lease is of a clock that goes far ahead", () => {
    const ahead = { ...claim, leaseUntilMs: 900_001, ownerDeadlineMs: 900_001 };
    expect(decideAcquire(at(ahead), own, 0)).toEqual({ kind: "takeOver", seen: ahead });
    expect(decideAcquire(at({ ...ahead, leaseUntilMs: 900_000 }), own, 0)).toMatchObject({ kind: "inUse" });
  });

  it("the next one when the lease has run out, or the key was given back", () => {
    expect(decideAcquire(at(claim), own, 1_000)).toEqual({ kind: "takeOver", seen: claim });
    const released: ClaimedRecord = { ...claim, status: "RELEASED" };
    expect(decideAcquire(at(released), own, 0)).toEqual({ kind: "takeOver", seen: released });
  });

  it("whoever finds its own attempt: the answer was lost", () => {
    const ours = { ...claim, attemptId: "mine" };
    expect(decideAcquire(at(ours), own, 2_000)).toEqual({ kind: "acquired", record: ours });
  });

  it("CL5: not another payload where steps were done, whoever had them; without any, it may", () => {
    const other: Acquirer = { ...own, fingerprint: "1:b" };
    for (const seen of [claim, { ...claim, status: "RELEASED" }, { ...rejected }] as const) {
      expect(decideAcquire(at({ ...seen, steps: { charge: "1" } }), other, 2_000)).toMatchObject({
        kind: "settled",
        verdict: { kind: "payloadMismatch" },
      });
      expect(decideAcquire(at({ ...seen, steps: { charge: "1" } }), own, 2_000)).toMatchObject({ kind: "takeOver" });
      expect(decideAcquire(at({ ...seen, steps: {} }), other, 2_000)).toMatchObject({ kind: "takeOver" });
    }
  });

  it("nobody again when it is committed, whatever claims there were", () => {
    const duplicate = { kind: "settled", verdict: { kind: "duplicate", record: completed } };
    expect(decideAcquire(at(completed), own, 0)).toEqual(duplicate);
    expect(decideAcquire(at({ ...completed, fingerprint: "1:b" }), own, 0)).toMatchObject({
      verdict: { kind: "payloadMismatch", committedAtMs: 700 },
    });
  });

  it("P4: not the message that was rejected, but every other", () => {
    expect(decideAcquire(at({ ...rejected, messageId: "m-1" }), own, 0)).toMatchObject({
      verdict: { kind: "rejected" },
    });
    expect(decideAcquire(at(rejected), own, 0)).toEqual({ kind: "takeOver", seen: rejected });
  });

  it("CL4, P4: not the message that was rejected, even where another one claimed its key since", () => {
    const rejection = { messageId: "m-1", code: "SEMEL_PERMANENT", reason: "no" };
    const settled = { kind: "settled", verdict: { kind: "rejected", ...rejection } };
    for (const seen of [claim, { ...claim, status: "RELEASED" }] as const) {
      for (const nowMs of [0, 1_000]) expect(decideAcquire(at({ ...seen, rejection }), own, nowMs)).toEqual(settled);
      const found = at({ ...seen, rejection: { ...rejection, messageId: "m-0" } });
      expect(decideAcquire(found, own, 1_000)).toMatchObject({ kind: "takeOver" });
    }
  });

  it("P1: nobody under a record that cannot be read", () => {
    const unreadable = { kind: "unreadable", formatVersion: "2", status: "IN_PROGRESS" } as const;
    expect(decideAcquire(unreadable, own, 9_999)).toEqual({ kind: "settled", verdict: unreadable });
  });
});

it("CL2: the fencing token grows with each acquisition", () => {
  expect(nextFencingToken(undefined)).toBe(1);
  expect(nextFencingToken(rejected)).toBe(1); // rejected without ever being claimed
  expect(nextFencingToken(claim)).toBe(5);
  expect(nextFencingToken({ ...rejected, fencingToken: 7 })).toBe(8);
});

it("a lease ends with its owner's invocation at the latest", () => {
  expect(leaseUntil(1_000, 30_000, 90_000)).toBe(31_000);
  expect(leaseUntil(1_000, 30_000, 5_000)).toBe(5_000);
});

describe("a holder's write that was refused", () => {
  const mine = { ...claim, attemptId: "mine" };

  it("is lost where anybody else is on the record, or nobody", () => {
    for (const found of [undefined, at(claim), at(completed), at(rejected), at({ ...claim, status: "RELEASED" })]) {
      expect(judgeHeld(found, mine, false)).toEqual({ kind: "lost" });
      expect(judgeHeld(found, mine, true)).toEqual({ kind: "lost" });
    }
  });

  it("was done where it was a release, and the record is released by this attempt; no other write is", () => {
    const released = at({ ...mine, status: "RELEASED" });
    expect(judgeHeld(released, mine, true)).toEqual({ kind: "done" });
    expect(judgeHeld(released, mine, false)).toEqual({ kind: "lost" });
  });

  it("came after the end of the claim where its own commit is there", () => {
    const done = { ...completed, attemptId: "mine", fencingToken: 4 };
    expect(judgeHeld(at(done), mine, true)).toEqual({ kind: "ended", record: done });
  });
});

it("of all records, only a lapsed or released claim and another message's rejection are ever taken over", () => {
  const found = fc.record({
    status: fc.constantFrom("IN_PROGRESS", "RELEASED", "COMPLETED", "REJECTED"),
    messageId: fc.constantFrom("m-1", "m-2"),
    attemptId: fc.constantFrom("mine", "theirs"),
    fingerprint: fc.constantFrom("1:a", "1:b"),
    leaseUntilMs: fc.constantFrom(0, 1_000, 2_000),
    steps: fc.constantFrom({}, { one: "1" }),
  });
  fc.assert(
    fc.property(found, fc.constantFrom(0, 999, 1_000, 3_000), (some, nowMs) => {
      const record = { ...claim, committedAtMs: 1, code: "", reason: "", ...some } as ClaimedRecord;
      const { kind } = decideAcquire(at(record), own, nowMs);
      const lapsed = some.status === "IN_PROGRESS" && nowMs >= some.leaseUntilMs;
      const free = lapsed || some.status === "RELEASED" || (some.status === "REJECTED" && some.messageId !== "m-1");
      if (kind === "takeOver") expect(free).toBe(true);
      if (some.status === "COMPLETED") expect(kind).toBe("settled");
    }),
    { numRuns: 2_000 },
  );
});
