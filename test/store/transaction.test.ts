// Attacks T1 and T2 of lib/store/transaction.ts, G1 and G2 of lib/store/conditions.ts.

import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import type { Effect, Guard, GuardTerm } from "../../lib/protocol/effects.ts";
import type { IdempotencyRecord } from "../../lib/protocol/record.ts";
import { RECORD_INDEX, transactionActions } from "../../lib/store/transaction.ts";

const record: IdempotencyRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "mine",
  fingerprint: "1:a",
  committedAtMs: 5,
  expiresAtSeconds: 6,
};
const none = { names: {}, values: {} };
const put = (id: string, extra: Item = {}): Effect => ({
  kind: "put",
  tableName: "T",
  item: { id: { S: id }, ...extra },
  expressions: none,
});
const guard = (id: string, ...terms: GuardTerm[]): Guard => ({ tableName: "T", key: { id: { S: id } }, terms });
const actions = (effects: readonly Effect[], guards: readonly Guard[] = []): ReturnType<typeof transactionActions> =>
  transactionActions("Records", { record, effects, guards }, () => ["id"]);

describe("T1: the record", () => {
  it("is the first action, put only where no record is, and asks for the old one", () => {
    expect(actions([put("a")])[RECORD_INDEX]).toMatchObject({
      Put: {
        TableName: "Records",
        ConditionExpression:
          "attribute_not_exists(pk) OR (formatVersion = :semelFormat AND " +
          "((#semelStatus = :semelRejected AND messageId <> :semelThis) OR " +
          "((#semelStatus = :semelReleased OR (#semelStatus = :semelInProgress AND leaseUntil <= :semelNow)) AND " +
          "(attribute_not_exists(rejectedMessageId) OR rejectedMessageId <> :semelThis))))",
        ExpressionAttributeNames: { "#semelStatus": "status" },
        ExpressionAttributeValues: {
          ":semelRejected": { S: "REJECTED" },
          ":semelFormat": { N: "1" },
          ":semelThis": { S: "m-1" },
          ":semelReleased": { S: "RELEASED" },
          ":semelInProgress": { S: "IN_PROGRESS" },
          ":semelNow": { N: String(record.committedAtMs) },
        },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    });
  });
});

describe("T2: limits are checked before anything is sent", () => {
  const many = (count: number): Effect[] => Array.from({ length: count }, (_, index) => put(`i${index}`));

  it("99 effects and guards, beside the record", () => {
    expect(actions(many(99))).toHaveLength(100);
    expect(() => actions(many(100))).toThrow(/100 effects and guards do not fit.*so 99 are left.*SEMEL_LIMIT/s);
    expect(() => actions(many(99), [guard("g", { attribute: "n", value: undefined })])).toThrow(
      /100 effects and guards/,
    );
  });

  it("400 KB an item, names included", () => {
    const text = (bytes: number): Item => ({ text: { S: "x".repeat(bytes) } });
    const overhead = "id".length + "a".length + "text".length;
    expect(actions([put("a", text(400 * 1024 - overhead))])).toHaveLength(2);
    expect(() => actions([put("a", text(400 * 1024 - overhead + 1))])).toThrow(
      /409601 bytes, but DynamoDB takes 409600/,
    );
  });

  it("4 MB in all", () => {
    const large = Array.from({ length: 11 }, (_, index) => put(`i${index}`, { text: { S: "x".repeat(390_000) } }));
    expect(actions(large.slice(0, 10))).toHaveLength(11);
    expect(() => actions(large)).toThrow(/The transaction holds \d+ bytes, but DynamoDB takes 4194304/);
  });

  it("4 KB an expression: a guard over too many attributes names its remedy", () => {
    const terms = Array.from({ length: 400 }, (_, index) => ({ attribute: `a${index}`, value: { N: "1" } }));
    expect(() => actions([], [guard("g", ...terms)])).toThrow(
      /item \{"id":"g"\}.*name the attributes that matter, or a version/,
    );
  });
});

describe("guards", () => {
  it("merge into the effect on their item, after its own condition", () => {
    const update: Effect = {
      kind: "update",
      tableName: "T",
      key: { id: { S: "a" } },
      expressions: { condition: "a = :x OR b = :x", update: "SET c = :x", names: {}, values: { ":x": { N: "1" } } },
    };
    const [, action, ...rest] = actions([update], [guard("a", { attribute: "n", value: { N: "7" } })]);
    expect(rest).toEqual([]);
    expect(action?.Update).toMatchObject({
      ConditionExpression: "(a = :x OR b = :x) AND #semel0 = :semel0",
      ExpressionAttributeNames: { "#semel0": "n" },
      ExpressionAttributeValues: { ":x": { N: "1" }, ":semel0": { N: "7" } },
    });
  });

  it("merge into a put of their item, and into folded increments", () => {
    const increment: Effect = { kind: "increment", tableName: "T", key: { id: { S: "b" } }, amounts: { n: "1" } };
    const list = actions(
      [put("a"), increment, increment],
      [guard("a", { attribute: "id", value: undefined }), guard("b", { attribute: "id", value: "present" })],
    );
    expect(list.slice(1)).toMatchObject([
      { Put: { ConditionExpression: "attribute_not_exists(#semel0)" } },
      { Update: { ConditionExpression: "attribute_exists(#semel0)", UpdateExpression: "ADD #semelAdd0 :semelAdd0" } },
    ]);
  });

  it("are one check of their own for an item without an effect, each term once", () => {
    const term = { attribute: "n", value: undefined };
    const [, check, ...rest] = actions([], [guard("g", term), guard("g", term, { attribute: "m", value: undefined })]);
    expect(rest).toEqual([]);
    expect(check?.ConditionCheck?.ConditionExpression).toBe(
      "attribute_not_exists(#semel0) AND attribute_not_exists(#semel1)",
    );
  });
});

it("leaves out what DynamoDB refuses when empty", () => {
  const [, action] = actions([put("a")]);
  expect(Object.keys(action?.Put ?? {})).toEqual(["TableName", "Item"]);
});
