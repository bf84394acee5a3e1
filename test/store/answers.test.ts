// Attacks A1 to A3 of lib/store/answers.ts: every mixture of cancellation reasons, every error name.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CANCELLATION_CODES, type CancellationReason, type Item } from "../../lib/aws/dynamodb.ts";
import { commitAnswer, readMayBeRetried } from "../../lib/store/answers.ts";
import { recordToItem } from "../../lib/store/items.ts";
import { named } from "../support/faulty-send.ts";

const record = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "theirs",
  fingerprint: "1:a",
  committedAtMs: 5,
  expiresAtSeconds: 6,
} as const;

function cancelled(...reasons: CancellationReason[]): Error {
  return Object.assign(named("TransactionCanceledException", "cancelled"), { CancellationReasons: reasons });
}
const codes = (...list: string[]): CancellationReason[] => list.map((Code) => ({ Code }));

describe("a cancelled transaction", () => {
  it("A1, A2: is judged by position and code, in every mixture", () => {
    const code = fc.constantFrom<string>(...CANCELLATION_CODES, "SomethingNew");
    fc.assert(
      fc.property(fc.array(code, { minLength: 1, maxLength: 6 }), (list) => {
        const answer = commitAnswer(cancelled(...codes(...list)));
        const [own, ...effects] = list;
        // Only the record's own failed condition speaks of the record.
        expect(answer.kind === "recordExists").toBe(own === "ConditionalCheckFailed");
        // A failed condition of an effect counts only if nothing was wrong with the record.
        const business = own === "None" && effects.includes("ConditionalCheckFailed");
        expect(answer.kind === "conditionFailed").toBe(business);
        if (answer.kind === "conditionFailed") expect(list[answer.actionIndex]).toBe("ConditionalCheckFailed");
        // Never done, never open: a cancelled transaction did nothing.
        expect(["applied", "unknown", "inProgress"]).not.toContain(answer.kind);
      }),
      { numRuns: 5_000 },
    );
  });

  it("decodes the raw record of the reason", () => {
    const answer = commitAnswer(
      cancelled({ Code: "ConditionalCheckFailed", Item: recordToItem(record) }, { Code: "None" }),
    );
    expect(answer).toEqual({ kind: "recordExists", found: { kind: "record", record } });
  });

  it("decodes the raw rejection, and a record of before rejections", () => {
    const rejection = { ...record, status: "REJECTED", code: "SEMEL_KEY", reason: "why" } as const;
    const { messageId: _none, ...older } = recordToItem(record);
    const answers = [recordToItem(rejection), older].map((Item) =>
      commitAnswer(cancelled({ Code: "ConditionalCheckFailed", Item }, { Code: "None" })),
    );
    expect(answers).toEqual([
      { kind: "recordExists", found: { kind: "record", record: rejection } },
      { kind: "recordExists", found: { kind: "record", record: { ...record, messageId: "" } } },
    ]);
  });

  it("leaves a record without its old item to be read", () => {
    expect(commitAnswer(cancelled(...codes("ConditionalCheckFailed")))).toEqual({
      kind: "recordExists",
      found: undefined,
    });
  });

  it("never takes a record that it cannot read for done", () => {
    const changes: Item[] = [
      { formatVersion: { N: "2" } },
      { status: { S: "IN_PROGRESS" } },
      { status: { S: "PAUSED" } },
      { attemptId: { N: "1" } },
      { fingerprint: { NULL: true } },
      { status: { S: "REJECTED" }, messageId: { N: "1" } },
    ];
    for (const change of changes) {
      const Item = { ...recordToItem(record), ...change };
      const answer = commitAnswer(cancelled({ Code: "ConditionalCheckFailed", Item }));
      expect(answer).toMatchObject({ kind: "recordExists", found: { kind: "unreadable" } });
    }
  });

  it.each([
    [["None", "ValidationError"], "refused"],
    [["TransactionConflict", "ValidationError"], "refused"],
    [["None", "ItemCollectionSizeLimitExceeded"], "refused"],
    [["None", "ThrottlingError"], "throttled"],
    [["ProvisionedThroughputExceeded", "TransactionConflict"], "throttled"],
    [["None", "TransactionConflict"], "conflict"],
    [["TransactionConflict", "ConditionalCheckFailed"], "conflict"],
    [[], "conflict"],
  ])("%j is %s", (list, kind) => {
    expect(commitAnswer(cancelled(...codes(...list))).kind).toBe(kind);
  });
});

describe("A3: what is not known to be a refusal is unknown", () => {
  it.each([
    ["TransactionInProgressException", "inProgress"],
    ["ThrottlingException", "throttled"],
    ["ProvisionedThroughputExceededException", "throttled"],
    ["RequestLimitExceeded", "throttled"],
    ["TransactionConflictException", "conflict"],
    ["ValidationException", "refused"],
    ["ResourceNotFoundException", "refused"],
    ["AccessDeniedException", "refused"],
    ["ExpiredTokenException", "refused"],
    ["IdempotentParameterMismatchException", "unknown"],
    ["InternalServerError", "unknown"],
    ["TimeoutError", "unknown"],
    ["AbortError", "unknown"],
    ["Error", "unknown"],
  ])("%s: %s", (name, kind) => {
    expect(commitAnswer(named(name, "x")).kind).toBe(kind);
    expect(readMayBeRetried(named(name, "x"))).toBe(kind !== "refused");
  });

  it("a refusal by a client that sent again by itself says nothing of its earlier tries", () => {
    const refusal = (attempts: number): Error =>
      Object.assign(named("ExpiredTokenException", "x"), { $metadata: { attempts } });
    expect(commitAnswer(refusal(1)).kind).toBe("refused");
    expect(commitAnswer(refusal(2)).kind).toBe("unknown");
  });

  it.each([undefined, null, "text", {}])("%j thrown: unknown", (thrown) => {
    expect(commitAnswer(thrown).kind).toBe("unknown");
  });
});
