import { describe, expect, it } from "vitest";
import { expiresAtSeconds, type IdempotencyRecord, judgeRecord } from "../../lib/protocol/record.ts";

const record: IdempotencyRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  attemptId: "theirs",
  fingerprint: "1:a",
  committedAtMs: 1_000,
  expiresAtSeconds: 2_000,
};
const found = { kind: "record", record } as const;

describe("a record that is found", () => {
  it("P1: of an unknown format is never taken for done", () => {
    const unreadable = { kind: "unreadable", formatVersion: "2", status: "COMPLETED" } as const;
    expect(judgeRecord(unreadable, { attemptId: "theirs", fingerprint: "1:a" })).toBe(unreadable);
  });

  it("P2: of the own attempt is ours, even if the fingerprint option changed meanwhile", () => {
    expect(judgeRecord(found, { attemptId: "theirs", fingerprint: "1:b" })).toEqual({ kind: "ours" });
  });

  it("of another attempt with the same payload is a duplicate", () => {
    expect(judgeRecord(found, { attemptId: "mine", fingerprint: "1:a" })).toEqual({ kind: "duplicate" });
  });

  it("P3: of another payload is a mismatch (I7)", () => {
    const verdict = judgeRecord(found, { attemptId: "mine", fingerprint: "1:b" });
    expect(verdict).toEqual({ kind: "payloadMismatch", committedAtMs: 1_000 });
  });
});

it("a record's lifetime is rounded up to whole seconds, never down", () => {
  expect(expiresAtSeconds(1_500, 1)).toBe(86_402);
  expect(expiresAtSeconds(1_000, 0.5 / 86_400)).toBe(2);
});
