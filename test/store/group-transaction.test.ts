// Attacks GT1 to GT3 of lib/store/group-transaction.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CANCELLATION_CODES } from "../../lib/aws/dynamodb.ts";
import type { Effect } from "../../lib/protocol/effects.ts";
import { groupTransaction, type MemberParts, memberAnswers, memberParts } from "../../lib/store/group-transaction.ts";
import type { MessageTransaction } from "../../lib/store/transaction.ts";
import { named } from "../support/faulty-send.ts";

const increment = (id: string, n: string): Effect => ({
  kind: "increment",
  tableName: "T",
  key: { id: { S: id } },
  amounts: { n },
});
const put = (id: string): Effect => ({
  kind: "put",
  tableName: "T",
  item: { id: { S: id } },
  expressions: { condition: "attribute_not_exists(id)", names: {}, values: {} },
});

function message(id: number, ...effects: Effect[]): MessageTransaction {
  const rest = {
    fingerprint: "1:a",
    committedAtMs: 5,
    expiresAtSeconds: 6,
    status: "COMPLETED",
    messageId: "m-1",
  } as const;
  return { record: { pk: `orders#${id}`, attemptId: `attempt ${id}`, ...rest }, effects, guards: [] };
}

/** Members 0 and 1 share the fold of "hot"; 1 and 2 have a put of their own. */
const members = [message(0, increment("hot", "1")), message(1, put("b"), increment("hot", "2")), message(2, put("c"))];
const partsOf = (message: MessageTransaction): MemberParts => memberParts("Records", message, () => ["id"]);
const group = groupTransaction(members.map(partsOf));

describe("the transaction of several messages", () => {
  it("GT1: holds each record and effect once, and each fold's whole sum", () => {
    expect(group.actions.map((action) => Object.keys(action)[0])).toEqual([
      "Put",
      "Put",
      "Put",
      "Put",
      "Put",
      "Update",
    ]);
    expect(group.owned).toEqual([[0], [1, 2], [3, 4]]);
    expect(group.shared).toEqual([[5], [5], []]);
    expect(group.actions[5]?.Update?.ExpressionAttributeValues).toEqual({ ":semelAdd0": { N: "3" } });
  });

  it("GC4: leaves out the share of a member that left", () => {
    const [first, , third] = members;
    const fewer = groupTransaction([first, third].flatMap((one) => (one ? [partsOf(one)] : [])));
    expect(fewer.actions.at(-1)?.Update?.ExpressionAttributeValues).toEqual({ ":semelAdd0": { N: "1" } });
  });
});

function answers(...codes: string[]): string[] {
  const reasons = codes.map((Code) => ({ Code }));
  const error = Object.assign(named("TransactionCanceledException", "x"), { CancellationReasons: reasons });
  return memberAnswers(error, group).map(({ kind }) => kind);
}

describe("what a cancelled group means for each member", () => {
  it.each([
    [
      ["ConditionalCheckFailed", "None", "None", "None", "None", "None"],
      ["recordExists", "innocent", "innocent"],
    ],
    [
      ["None", "None", "ConditionalCheckFailed", "None", "None", "None"],
      ["innocent", "conditionFailed", "innocent"],
    ],
    [
      ["None", "None", "None", "TransactionConflict", "None", "None"],
      ["innocent", "innocent", "conflict"],
    ],
    [
      ["None", "None", "None", "None", "None", "TransactionConflict"],
      ["conflict", "conflict", "innocent"],
    ],
    [
      ["None", "None", "None", "None", "None", "ValidationError"],
      ["suspect", "suspect", "innocent"],
    ],
    [
      ["None", "None", "None", "None", "ValidationError", "None"],
      ["innocent", "innocent", "refused"],
    ],
    [
      ["None", "ThrottlingError", "None", "None", "None", "None"],
      ["innocent", "throttled", "innocent"],
    ],
    [
      ["None", "ConditionalCheckFailed", "ConditionalCheckFailed", "None", "None", "None"],
      ["innocent", "recordExists", "innocent"],
    ],
    [
      ["None", "TransactionConflict", "ConditionalCheckFailed", "None", "None", "None"],
      ["innocent", "conflict", "innocent"],
    ],
  ])("%j", (codes, expected) => expect(answers(...codes)).toEqual(expected));

  it("GT2: nobody is blamed for what he does not own, and nobody is done", () => {
    const code = fc.constantFrom<string>(...CANCELLATION_CODES);
    fc.assert(
      fc.property(fc.array(code, { minLength: 6, maxLength: 6 }), (codes) => {
        for (const [member, kind] of answers(...codes).entries()) {
          const mine = [...(group.owned[member] ?? []), ...(group.shared[member] ?? [])].map((index) => codes[index]);
          expect(kind === "innocent").toBe(mine.every((one) => one === "None"));
          expect(["applied", "unknown", "inProgress"]).not.toContain(kind);
          if (kind === "recordExists") expect(mine[0]).toBe("ConditionalCheckFailed");
          if (kind === "conditionFailed") expect(mine[0]).toBe("None");
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("names the failed action by its place in the group", () => {
    const reasons = ["None", "None", "ConditionalCheckFailed", "None", "None", "None"].map((Code) => ({ Code }));
    const error = Object.assign(named("TransactionCanceledException", "x"), { CancellationReasons: reasons });
    expect(memberAnswers(error, group)[1]).toEqual({ kind: "conditionFailed", actionIndex: 2 });
  });

  it.each([
    ["ValidationException", "suspect"],
    ["ThrottlingException", "throttled"],
    ["TransactionInProgressException", "inProgress"],
    ["InternalServerError", "unknown"],
    ["TransactionCanceledException", "conflict"],
  ])("%s is for all: %s", (name, kind) => {
    expect(memberAnswers(named(name, "x"), group).map((answer) => answer.kind)).toEqual([kind, kind, kind]);
  });
});
