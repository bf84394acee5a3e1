import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import type { Effect, Guard, PutEffect } from "../../lib/protocol/effects.ts";
import {
  type Insertion,
  type InsertTarget,
  insertionOf,
  insertOutcome,
  judgeInserted,
  MARK,
  primaryKeyOf,
} from "../../lib/protocol/insert.ts";
import { itemBytes } from "../../lib/protocol/item-size.ts";
import type { CompletedRecord } from "../../lib/protocol/record.ts";

const none = { names: {}, values: {} };
const target: InsertTarget = { appendOnlyTable: "Ledger", primaryKey: "id" };
const record: CompletedRecord = {
  status: "COMPLETED",
  pk: `orders#${"0".repeat(64)}`,
  messageId: "11111111-2222-3333-4444-555555555555",
  attemptId: "aaaaaaaa-2222-3333-4444-555555555555",
  fingerprint: `1:${"f".repeat(64)}`,
  committedAtMs: 1_700_000_000_000,
  expiresAtSeconds: 1_800_000_000,
};
const insert = (item: Item, tableName = "Ledger"): PutEffect & { absent: true } => ({
  kind: "put",
  absent: true,
  tableName,
  item,
  expressions: none,
});
const plan = (effects: readonly Effect[], guards: readonly Guard[] = [], key: Item = { id: { S: "k-1" } }): Insertion =>
  insertionOf({ record, effects, guards }, key, target);
const withKey = (primaryKey: InsertTarget["primaryKey"]) => (key: string, names: readonly string[]) =>
  primaryKeyOf(key, { appendOnlyTable: "Ledger", primaryKey }, names);

describe("IN1: the primary key is a function of the idempotency key, all of it", () => {
  it("is the idempotency key itself under the attribute that is named", () => {
    expect(withKey("id")("k-1", ["id"])).toEqual({ id: { S: "k-1" } });
  });

  it("is what the function gives, strings and numbers", () => {
    const key = withKey((one) => ({ id: one.slice(0, 3), line: Number(one.slice(4)) }));
    expect(key("abc-7.5", ["id", "line"])).toEqual({ id: { S: "abc" }, line: { N: "7.5" } });
  });

  it("refuses a function that is not one of the key", () => {
    let calls = 0;
    const key = withKey((one) => ({ id: one, line: ++calls }));
    expect(() => key("k", ["id", "line"])).toThrow(/gave .*"1".*then .*"2".*for one idempotency key.*SEMEL_OPTIONS/);
  });

  it.each([
    ["a part is missing", () => ({ id: "x" })],
    ["one is too many", () => ({ id: "x", line: 1, more: 2 })],
    ["another attribute is named", () => ({ id: "x", place: 1 })],
    ["nothing is given", () => ({})],
  ])("refuses a key that is not the table's: %s", (_, primaryKey) => {
    expect(() => withKey(primaryKey)("k", ["id", "line"])).toThrow(
      /the key of table Ledger is id, line\. Return exactly/,
    );
  });

  it("refuses one attribute for a table that has a sort key", () => {
    expect(() => withKey("id")("k", ["id", "line"])).toThrow(/gives id, but the key of table Ledger is id, line/);
  });

  it.each([
    ["an empty string", "", /an empty string for id/],
    ["NaN", Number.NaN, /NaN for id/],
    ["infinity", Number.POSITIVE_INFINITY, /Infinity for id/],
    ["a whole number that is not exact", 2 ** 60, /1152921504606847000 for id/],
    ["undefined", undefined, /undefined for id/],
    ["true", true, /true for id/],
  ])("refuses %s", (_, value, message) => {
    const primaryKey = (() => ({ id: value })) as unknown as InsertTarget["primaryKey"];
    expect(() => withKey(primaryKey)("k", ["id"])).toThrow(message);
  });

  it.each([["a text"], [undefined], [null], [["id"]]])("refuses a function that gives %j", (given) => {
    const primaryKey = (() => given) as unknown as InsertTarget["primaryKey"];
    expect(() => withKey(primaryKey)("k", ["id"])).toThrow(/Return an object of the key attributes/);
  });

  it("tells why the function failed", () => {
    const primaryKey = (): never => {
      throw new Error("no dash");
    };
    expect(() => withKey(primaryKey)("k", ["id"])).toThrow(/primaryKey failed: no dash.*every idempotency key/);
  });

  it("fills in key attributes that the item lacks, and keeps those that are the same", () => {
    expect(plan([insert({ n: { N: "1" } })]).item).toMatchObject({ id: { S: "k-1" }, n: { N: "1" } });
    expect(plan([insert({ id: { S: "k-1" } })]).item).toMatchObject({ id: { S: "k-1" } });
    expect(plan([insert({ id: { N: "1.0" } })], [], { id: { N: "1" } }).item).toMatchObject({ id: { N: "1" } });
  });

  it("refuses another value of a key attribute, and names both", () => {
    expect(() => plan([insert({ id: { S: "k-2" } })])).toThrow(
      /id of the item is .*k-2.*gives .*k-1.*not a function of tx.key/,
    );
  });
});

describe("exactly one insert into the append-only table", () => {
  const guard: Guard = { tableName: "T", key: { id: { S: "g" } }, terms: [] };
  const { absent: _, ...put } = insert({});
  it.each<[string, readonly Effect[], readonly Guard[], RegExp]>([
    ["nothing", [], [], /declared nothing,/],
    ["two inserts", [insert({}), insert({})], [], /declared insert, insert,/],
    ["a put", [put], [], /declared put,/],
    ["an insert and a put", [insert({}), put], [], /declared insert, put,/],
    ["an increment", [{ kind: "increment", tableName: "Ledger", key: {}, amounts: {} }], [], /declared increment,/],
    ["an insert and a guarded get", [insert({})], [guard], /declared insert, guarded get,/],
    ["another table", [insert({}, "Other")], [], /names table Other, but insert.appendOnlyTable is Ledger/],
    ["an attribute of semel's", [insert({ [MARK]: { S: "" } })], [], /attribute "semel", which is semel's own mark/],
  ])("refuses %s", (_name, effects, guards, message) => {
    expect(() => plan(effects, guards)).toThrow(message);
    expect(() => plan(effects, guards)).toThrow(expect.objectContaining({ code: "SEMEL_EFFECT", retryable: false }));
  });

  it("takes the table by its ARN", () => {
    expect(plan([insert({}, "arn:aws:dynamodb:eu-west-1:1:table/Ledger")]).tableName).toBe("Ledger");
  });

  it("refuses an item beyond 400 KB, for good", () => {
    const item = { v: { S: "x".repeat(400 * 1024) } };
    expect(() => plan([insert(item)])).toThrow(expect.objectContaining({ code: "SEMEL_LIMIT" }));
  });

  it("an item of 700 bytes stays within one write unit", () => {
    const { item, bytes } = plan([insert({ v: { S: "x".repeat(699) } })]);
    expect(bytes).toBe(itemBytes(item));
    expect(bytes).toBeLessThanOrEqual(1024);
    expect(itemBytes({ [MARK]: item[MARK] ?? { NULL: true } })).toBeLessThanOrEqual(320);
  });
});

describe("IN2: what the item in the way says", () => {
  const stored = plan([insert({ n: { N: "1" } })]).item;
  const marked = (change: Item): Item => ({ ...stored, [MARK]: { M: { ...stored[MARK]?.M, ...change } } });
  const other = { ...record, attemptId: "another" };

  it("IN3: an item that is gone tells nothing", () => {
    expect(judgeInserted(undefined, record)).toEqual({ kind: "gone" });
  });

  it("the own attempt is ours", () => {
    expect(judgeInserted(stored, record)).toEqual({ kind: "ours" });
  });

  it("another attempt with the same payload is a duplicate, and its record is told", () => {
    const { expiresAtSeconds: _, ...told } = record;
    expect(judgeInserted(stored, other)).toMatchObject({ kind: "duplicate", record: told });
  });

  it("another payload is a mismatch", () => {
    const mismatch = { kind: "payloadMismatch", committedAtMs: record.committedAtMs };
    expect(judgeInserted(stored, { ...other, fingerprint: "1:b" })).toEqual(mismatch);
  });

  it("a newer format is unreadable, whatever else it holds", () => {
    expect(judgeInserted(marked({ formatVersion: { N: "2" } }), record)).toMatchObject({ kind: "unreadable" });
    const moved: Item = { ...stored, [MARK]: { M: { formatVersion: { N: "2" } } } };
    expect(judgeInserted(moved, record)).toEqual({ kind: "unreadable", formatVersion: "2", status: "inserted" });
  });

  it("a mark that lacks something is unreadable, never done", () => {
    for (const name of ["attemptId", "fingerprint", "committedAt"]) {
      expect(judgeInserted(marked({ [name]: { NULL: true } }), record)).toMatchObject({ kind: "unreadable" });
    }
  });

  it.each<[string, Item]>([
    ["no mark", { id: { S: "k-1" } }],
    ["an attribute semel of another make", { ...stored, [MARK]: { S: "v1" } }],
    ["a mark without a format", { ...stored, [MARK]: { M: { pk: { S: record.pk } } } }],
    ["the mark of another key", marked({ pk: { S: "orders#1" } })],
  ])("%s: somebody else's", (_, item) => {
    expect(judgeInserted(item, record)).toEqual({ kind: "foreign" });
  });

  it("no other item than one with this key's mark is ever taken for done", () => {
    const text = fc.oneof(fc.constantFrom(record.pk, record.attemptId, record.fingerprint), fc.string());
    const mark = fc.dictionary(fc.constantFrom("pk", "attemptId", "fingerprint", "committedAt", "formatVersion"), text);
    fc.assert(
      fc.property(mark, fc.constantFrom("1", "2", "0"), (texts, version) => {
        const M: Item = Object.fromEntries(Object.entries(texts).map(([name, S]) => [name, { S }]));
        const item: Item = { [MARK]: { M: { ...M, formatVersion: { N: version }, committedAt: { N: "1" } } } };
        const { kind } = judgeInserted(item, record);
        const own = texts["pk"] === record.pk && version === "1" && texts["fingerprint"] !== undefined;
        if (kind === "ours") expect(own && texts["attemptId"] === record.attemptId).toBe(true);
        if (kind === "duplicate") expect(own && texts["fingerprint"] === record.fingerprint).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what a failed insert comes to", () => {
  const insertion = plan([insert({})]);
  const invalid = (openTries: boolean, kind: "foreign" | "gone") => insertOutcome({ kind }, insertion, openTries);

  it("somebody else's item: for good, and the item is named", () => {
    for (const openTries of [false, true]) {
      const outcome = invalid(openTries, "foreign");
      expect(outcome).toMatchObject({ kind: "invalid", error: { code: "SEMEL_INSERT", retryable: false } });
      expect(outcome.kind === "invalid" && outcome.error.message).toMatch(/"k-1".*Ledger is there, and it is not this/);
    }
  });

  it("IN3: an item that is gone: not done, and not to be done again", () => {
    const outcome = invalid(false, "gone");
    expect(outcome).toMatchObject({ kind: "invalid", error: { code: "SEMEL_INSERT", retryable: false } });
    expect(outcome.kind === "invalid" && outcome.error.message).toMatch(/was there, and is gone.*not inserted again/);
  });

  it("IN3: gone, and an earlier try open: not known", () => {
    expect(invalid(true, "gone")).toMatchObject({ kind: "unknown" });
  });

  it("the others are what they are", () => {
    expect(insertOutcome({ kind: "ours" }, insertion, true)).toEqual({ kind: "committed" });
    const mismatch = { kind: "payloadMismatch", committedAtMs: 1 } as const;
    expect(insertOutcome(mismatch, insertion, true)).toEqual(mismatch);
  });
});
