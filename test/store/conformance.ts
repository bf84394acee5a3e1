// What every store of records must do, whatever engine stands behind its `send`.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttributeValue, Item } from "../../lib/aws/dynamodb.ts";
import { systemHost } from "../../lib/host.ts";
import type { Effect, Guard } from "../../lib/protocol/effects.ts";
import type { IdempotencyRecord, RejectedRecord } from "../../lib/protocol/record.ts";
import { recordToItem } from "../../lib/store/items.ts";
import { type CallControl, type RecordStore, recordStore } from "../../lib/store/record-store.ts";
import type { Send } from "../../lib/store/send.ts";

/** Has the tables Records (pk) and Data (id; a string). */
export interface Engine {
  readonly send: Send;
  stop(): Promise<void>;
}

const control: CallControl = { timeLeftMs: () => 10_000, signal: new AbortController().signal };
const none = { names: {}, values: {} };

export function describeStore(name: string, startEngine: () => Promise<Engine>): void {
  describe(`the record store on ${name}`, () => {
    let engine: Engine;
    let store: RecordStore;
    let ids = 0;
    beforeAll(async () => {
      engine = await startEngine();
      store = recordStore({ table: "Records", send: engine.send, host: systemHost });
    });
    afterAll(() => engine.stop());

    const unique = (): string => `k${++ids}`;
    const recordOf = (pk: string, attemptId: string, fingerprint = "1:a"): IdempotencyRecord => ({
      pk,
      status: "COMPLETED",
      messageId: "m-1",
      attemptId,
      fingerprint,
      committedAtMs: 5,
      expiresAtSeconds: 6,
    });
    const increment = (id: string): Effect => ({
      kind: "increment",
      tableName: "Data",
      key: { id: { S: id } },
      amounts: { n: "1" },
    });
    const put = (item: Item, condition?: string): Effect => ({
      kind: "put",
      tableName: "Data",
      item,
      expressions: condition === undefined ? none : { ...none, condition },
    });
    const commit = (record: IdempotencyRecord, effects: readonly Effect[], guards: readonly Guard[] = []) =>
      store.commit({ record, effects, guards }, control);
    const data = (id: string): Promise<Item | undefined> =>
      store.get({ TableName: "Data", Key: { id: { S: id } } }, control);

    it("commits record and effects together, once", async () => {
      const [pk, id] = [unique(), unique()];
      expect(await commit(recordOf(pk, "one"), [increment(id)])).toMatchObject({ kind: "committed" });
      expect(await commit(recordOf(pk, "two"), [increment(id)])).toMatchObject({ kind: "duplicate" });
      expect(await data(id)).toEqual({ id: { S: id }, n: { N: "1" } });
    });

    it("recognises its own attempt: the answer of an earlier try was lost", async () => {
      const pk = unique();
      await commit(recordOf(pk, "one"), []);
      expect(await commit(recordOf(pk, "one"), [])).toMatchObject({ kind: "committed" });
    });

    it("tells another payload from a duplicate", async () => {
      const pk = unique();
      await commit(recordOf(pk, "one", "1:a"), []);
      expect(await commit(recordOf(pk, "two", "1:b"), [])).toEqual({ kind: "payloadMismatch", committedAtMs: 5 });
    });

    it("takes a record of a newer format neither for done nor for absent", async () => {
      const [pk, id] = [unique(), unique()];
      const newer: Item = { ...recordToItem(recordOf(pk, "one")), formatVersion: { N: "2" } };
      await engine.send(
        { operation: "TransactWriteItems", input: { TransactItems: [{ Put: { TableName: "Records", Item: newer } }] } },
        {},
      );
      const outcome = await commit(recordOf(pk, "two"), [increment(id)]);
      expect(outcome).toEqual({ kind: "unreadable", formatVersion: "2", status: "COMPLETED" });
      expect(await data(id)).toBeUndefined();
    });

    const rejectionOf = (pk: string, messageId: string, attemptId: string): RejectedRecord => ({
      ...recordOf(pk, attemptId),
      status: "REJECTED",
      messageId,
      code: "SEMEL_PERMANENT",
      reason: "why",
    });
    const rejected = { kind: "rejected", messageId: "m-1", code: "SEMEL_PERMANENT", reason: "why" };

    it("P4: a rejection stops its own message, and no other", async () => {
      const [pk, id] = [unique(), unique()];
      expect(await commit(rejectionOf(pk, "m-1", "one"), [])).toMatchObject({ kind: "committed" });
      expect(await commit(rejectionOf(pk, "m-1", "one"), [])).toMatchObject({ kind: "committed" }); // its own, sent again
      expect(await commit(rejectionOf(pk, "m-1", "two"), [])).toEqual(rejected);
      expect(await commit(recordOf(pk, "three"), [increment(id)])).toEqual(rejected);
      expect(await data(id)).toBeUndefined();
      const redriven = { ...recordOf(pk, "four"), messageId: "m-2" };
      expect(await commit(redriven, [increment(id)])).toMatchObject({ kind: "committed" });
      expect(await commit(rejectionOf(pk, "m-1", "five"), [])).toMatchObject({ kind: "duplicate" });
      expect(await commit(rejectionOf(pk, "m-3", "six"), [])).toMatchObject({ kind: "duplicate" });
      expect(await data(id)).toMatchObject({ n: { N: "1" } });
    });

    it("P4: a failed condition of a redriven message is the business's, whatever was rejected before", async () => {
      const [pk, id] = [unique(), unique()];
      await commit(rejectionOf(pk, "m-1", "one"), []);
      await commit(recordOf(unique(), "two"), [put({ id: { S: id } })]);
      const redriven = { ...recordOf(pk, "three"), messageId: "m-2" };
      const outcome = await commit(redriven, [put({ id: { S: id } }, "attribute_not_exists(id)")]);
      expect(outcome.kind).toBe("conditionFailed");
    });

    it("P1: a rejection of a newer format stops every message", async () => {
      const pk = unique();
      const newer: Item = { ...recordToItem(rejectionOf(pk, "m-1", "one")), formatVersion: { N: "2" } };
      await engine.send(
        { operation: "TransactWriteItems", input: { TransactItems: [{ Put: { TableName: "Records", Item: newer } }] } },
        {},
      );
      const outcome = await commit({ ...recordOf(pk, "two"), messageId: "m-2" }, []);
      expect(outcome).toEqual({ kind: "unreadable", formatVersion: "2", status: "REJECTED" });
    });

    it("a failed condition of an effect applies nothing, and names the item", async () => {
      const [pk, id] = [unique(), unique()];
      await commit(recordOf(unique(), "one"), [put({ id: { S: id } })]);
      const outcome = await commit(recordOf(pk, "two"), [
        increment(`${id}-other`),
        put({ id: { S: id } }, "attribute_not_exists(id)"),
      ]);
      expect(outcome).toEqual({
        kind: "conditionFailed",
        actionIndex: 2,
        openTries: false,
        where: `the put of item {"id":"${id}"} of table Data`,
      });
      expect(await data(`${id}-other`)).toBeUndefined();
      expect(await commit(recordOf(pk, "three"), [])).toMatchObject({ kind: "committed" });
    });

    it("a duplicate wins over its own failed conditions", async () => {
      const [pk, id] = [unique(), unique()];
      const effects = [put({ id: { S: id } }, "attribute_not_exists(id)")];
      await commit(recordOf(pk, "one"), effects);
      expect(await commit(recordOf(pk, "two"), effects)).toMatchObject({ kind: "duplicate" });
    });

    it("holds guards on every type of value", async () => {
      const id = unique();
      const values: Record<string, AttributeValue> = {
        text: { S: "x" },
        number: { N: "12345678901234567890123456789012345678" },
        bytes: { B: Uint8Array.of(0, 255) },
        yes: { BOOL: true },
        nothing: { NULL: true },
        list: { L: [{ S: "a" }, { M: { deep: { N: "1" } } }] },
        set: { SS: ["b", "a"] },
        numbers: { NS: ["1", "2"] },
      };
      await commit(recordOf(unique(), "one"), [put({ id: { S: id }, ...values })]);
      const read = (await data(id)) ?? {};
      const terms = Object.keys(values).map((attribute) => ({ attribute, value: read[attribute] }));
      const guard: Guard = { tableName: "Data", key: { id: { S: id } }, terms };
      expect(await commit(recordOf(unique(), "two"), [], [guard])).toMatchObject({ kind: "committed" });
      for (const changed of terms) {
        const stale = {
          ...guard,
          terms: terms.map((term) => (term === changed ? { ...term, value: { S: "other" } } : term)),
        };
        expect((await commit(recordOf(unique(), "three"), [], [stale])).kind).toBe("conditionFailed");
      }
      const absent = { ...guard, terms: [{ attribute: "text", value: undefined }] };
      expect((await commit(recordOf(unique(), "four"), [], [absent])).kind).toBe("conditionFailed");
    });

    it("looks up key names to find two puts of one item, and lets two of different items through", async () => {
      const id = unique();
      const twice = await commit(recordOf(unique(), "one"), [
        put({ id: { S: id } }),
        put({ id: { S: id }, n: { N: "1" } }),
      ]);
      expect(twice).toMatchObject({ kind: "invalid", error: { code: "SEMEL_EFFECT" } });
      const two = await commit(recordOf(unique(), "two"), [put({ id: { S: id } }), put({ id: { S: `${id}-b` } })]);
      expect(two).toMatchObject({ kind: "committed" });
    });

    it("what DynamoDB refuses is refused, and nothing is applied", async () => {
      const [pk, id] = [unique(), unique()];
      const outcome = await commit(recordOf(pk, "one"), [
        put({ id: { S: id } }),
        { ...increment(id), tableName: "Nowhere" },
      ]);
      expect(outcome.kind).toBe("refused");
      expect(await data(id)).toBeUndefined();
      expect(await commit(recordOf(pk, "two"), [])).toMatchObject({ kind: "committed" });
    });

    it("sends nothing when the time is up", async () => {
      const pk = unique();
      const late = { ...control, timeLeftMs: () => 0 };
      expect(await store.commit({ record: recordOf(pk, "one"), effects: [], guards: [] }, late)).toEqual({
        kind: "outOfTime",
      });
      expect(await commit(recordOf(pk, "two"), [])).toMatchObject({ kind: "committed" });
    });

    it("lets one of many that commit a key at a time through", async () => {
      const [pk, id] = [unique(), unique()];
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, n) => commit(recordOf(pk, `a${n}`), [increment(id)])),
      );
      expect(outcomes.filter(({ kind }) => kind === "committed")).toHaveLength(1);
      expect(outcomes.filter(({ kind }) => kind === "duplicate")).toHaveLength(19);
      expect(await data(id)).toMatchObject({ n: { N: "1" } });
    });
  });
}
