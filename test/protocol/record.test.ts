import { describe, expect, it } from "vitest";
import {
  type ClaimedRecord,
  expiresAtSeconds,
  type IdempotencyRecord,
  type Intended,
  judgeRecord,
  type RejectedRecord,
  standsInTheWay,
} from "../../lib/protocol/record.ts";

const record: IdempotencyRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "theirs",
  fingerprint: "1:a",
  committedAtMs: 1_000,
  expiresAtSeconds: 2_000,
};
const found = { kind: "record", record } as const;

const by = (messageId: string, rest: Partial<Intended> = {}): Intended => ({
  attemptId: "mine",
  messageId,
  status: "COMPLETED",
  committedAtMs: 5_000,
  ...rest,
});

describe("a record that is found", () => {
  it("P1: of an unknown format is never taken for done", () => {
    const unreadable = { kind: "unreadable", formatVersion: "2", status: "COMPLETED" } as const;
    expect(
      judgeRecord(unreadable, { attemptId: "theirs", fingerprint: "1:a", status: "COMPLETED", messageId: "m-9" }),
    ).toBe(unreadable);
  });

  it("P2: of the own attempt is ours, even if the fingerprint option changed meanwhile", () => {
    expect(
      judgeRecord(found, { attemptId: "theirs", fingerprint: "1:b", status: "COMPLETED", messageId: "m-9" }),
    ).toMatchObject({
      kind: "ours",
    });
  });

  it("of another attempt with the same payload is a duplicate", () => {
    expect(
      judgeRecord(found, { attemptId: "mine", fingerprint: "1:a", status: "COMPLETED", messageId: "m-9" }),
    ).toEqual({
      kind: "duplicate",
      record,
    });
  });

  it("P3: of another payload is a mismatch (I7)", () => {
    const verdict = judgeRecord(found, {
      attemptId: "mine",
      fingerprint: "1:b",
      status: "COMPLETED",
      messageId: "m-9",
    });
    expect(verdict).toEqual({ kind: "payloadMismatch", committedAtMs: 1_000 });
  });
});

describe("P4: a rejection", () => {
  const rejection: RejectedRecord = { ...record, status: "REJECTED", code: "SEMEL_KEY", reason: "why" };
  const rejected = { kind: "record", record: rejection } as const;

  it("is neither a duplicate nor a mismatch, whatever the payload", () => {
    for (const fingerprint of ["1:a", "1:b"]) {
      const verdict = judgeRecord(rejected, { attemptId: "mine", fingerprint, status: "COMPLETED", messageId: "m-9" });
      expect(verdict).toEqual({ kind: "rejected", messageId: "m-1", code: "SEMEL_KEY", reason: "why" });
    }
  });

  it("of the own attempt is ours: the answer to it was lost", () => {
    expect(
      judgeRecord(rejected, { attemptId: "theirs", fingerprint: "1:b", status: "REJECTED", messageId: "m-9" }),
    ).toMatchObject({
      kind: "ours",
    });
  });

  it("P2: is not the own commit, nor the other way round, though the attempt is the same", () => {
    const own = { attemptId: "theirs", fingerprint: "1:a" };
    expect(judgeRecord(rejected, { ...own, status: "COMPLETED", messageId: "m-9" })).toMatchObject({
      kind: "rejected",
    });
    expect(judgeRecord(found, { ...own, status: "REJECTED", messageId: "m-9" })).toEqual({ kind: "duplicate", record });
  });

  it("stops its own message, and no other; a completed or unreadable record stops all", () => {
    expect(standsInTheWay(rejected, by("m-1"))).toBe(true);
    expect(standsInTheWay(rejected, by("m-2"))).toBe(false);
    for (const id of ["m-1", "m-2"]) {
      expect(standsInTheWay(found, by(id))).toBe(true);
      expect(standsInTheWay({ kind: "unreadable", formatVersion: "2", status: "REJECTED" }, by(id))).toBe(true);
    }
  });
});

describe("P4, P5: a claim", () => {
  const claim: ClaimedRecord = {
    ...record,
    status: "IN_PROGRESS",
    fencingToken: 3,
    claimedAtMs: 1_000,
    leaseUntilMs: 5_001,
    ownerDeadlineMs: 9_000,
    steps: {},
  };
  const at = (rest: Partial<ClaimedRecord>) => ({ kind: "record", record: { ...claim, ...rest } }) as const;

  it("is never taken for done, whoever wrote it", () => {
    for (const attemptId of ["mine", "theirs"]) {
      const verdict = judgeRecord(at({}), { attemptId, fingerprint: "1:a", status: "COMPLETED", messageId: "m-9" });
      expect(verdict).toEqual({ kind: "claimed", record: claim });
    }
  });

  it("lets its holder commit, and nobody else who claims", () => {
    expect(standsInTheWay(at({}), by("m-1", { attemptId: "theirs", fencingToken: 3 }))).toBe(false);
    expect(standsInTheWay(at({}), by("m-1", { attemptId: "theirs", fencingToken: 2 }))).toBe(true);
    expect(standsInTheWay(at({}), by("m-1", { fencingToken: 3 }))).toBe(true);
    const released = at({ status: "RELEASED" });
    expect(standsInTheWay(released, by("m-1", { attemptId: "theirs", fencingToken: 3 }))).toBe(true);
  });

  it("of a key under which a message was rejected stops that message, whatever became of the claim", () => {
    const rejection = { messageId: "m-1", code: "SEMEL_PERMANENT", reason: "no" };
    for (const status of ["IN_PROGRESS", "RELEASED"] as const) {
      const found = at({ status, rejection, leaseUntilMs: 1 });
      const claimant = { attemptId: "mine", fingerprint: "1:a", status: "COMPLETED" } as const;
      expect(judgeRecord(found, { ...claimant, messageId: "m-1" })).toEqual({ kind: "rejected", ...rejection });
      expect(judgeRecord(found, { ...claimant, messageId: "m-2" })).toMatchObject({ kind: "claimed" });
      expect(standsInTheWay(found, by("m-1"))).toBe(true);
      expect(standsInTheWay(found, by("m-2"))).toBe(false);
    }
  });

  it("lets a commit without a claim pass when nobody works on it any more, and no rejection", () => {
    expect(standsInTheWay(at({}), by("m-2"))).toBe(true);
    for (const free of [at({ leaseUntilMs: 5_000 }), at({ status: "RELEASED" })]) {
      expect(standsInTheWay(free, by("m-2"))).toBe(false);
      expect(standsInTheWay(free, by("m-2", { status: "REJECTED" }))).toBe(true);
    }
  });
});

it("a record's lifetime is rounded up to whole seconds, never down", () => {
  expect(expiresAtSeconds(1_500, 1)).toBe(86_402);
  expect(expiresAtSeconds(1_000, 0.5 / 86_400)).toBe(2);
});
