// What the embedded engine has not: transactions that hold their items (N1), the state they judge (N2), bills (N3), delays.

import { expect, it } from "vitest";
import { type Counters, noCounters } from "../../bench/engine/counters.ts";
import { DELAY_MODELS, delays } from "../../bench/engine/delays.ts";
import { type Begun, type FakeDynamoDb, fakeDynamoDb } from "../../bench/engine/fake-dynamodb.ts";
import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { emptyTable, keyAttributes } from "../../lib/store/memory/table.ts";

const TableName = "t";
const put = (id: string, text = "", more: object = {}) => ({
  TableName,
  Item: { id: { S: id }, text: { S: text } },
  ...more,
});
const NEW = { ConditionExpression: "attribute_not_exists(id)" };

function open(): { engine: FakeDynamoDb; counters: Counters; transact(...items: TransactWriteItem[]): Begun } {
  const counters = noCounters();
  const engine = fakeDynamoDb(new Map([[TableName, emptyTable(keyAttributes({ partitionKey: "id" }))]]), counters);
  return { engine, counters, transact: (...TransactItems) => engine.begin("TransactWriteItems", { TransactItems }) };
}

function codes(begun: Begun): unknown {
  try {
    return begun.finish();
  } catch (error) {
    const { name, CancellationReasons } = error as Error & { CancellationReasons?: { Code: string }[] };
    return CancellationReasons?.map(({ Code }) => Code) ?? name;
  }
}

it("N1: a second transaction, and a plain write, on an item in a transaction conflict; a read does not", () => {
  const { engine, counters, transact } = open();
  const first = transact({ Put: put("a") }, { Put: put("b") });
  const second = transact({ Put: put("c") }, { Put: put("b") });
  const write = engine.begin("PutItem", put("a", "plain"));
  const read = engine.begin("GetItem", { TableName, Key: { id: { S: "a" } }, ConsistentRead: true });
  const other = transact({ Put: put("c") });
  expect(codes(read)).toEqual({});
  expect(codes(write)).toBe("TransactionConflictException");
  expect(codes(second)).toEqual(["None", "TransactionConflict"]);
  expect(codes(other)).toEqual({}); // the second held nothing
  expect(codes(first)).toEqual({});
  expect(codes(transact({ Put: put("b") }))).toEqual({}); // and the first holds nothing any more
  expect(counters.conflicts).toBe(2);
});

it("N1: a cancelled transaction holds its items no longer", () => {
  const { transact } = open();
  expect(codes(transact({ Put: put("a") }))).toEqual({});
  expect(codes(transact({ Put: put("a", "", NEW) }, { Put: put("b") }))).toEqual(["ConditionalCheckFailed", "None"]);
  expect(codes(transact({ Put: put("b", "", NEW) }))).toEqual({}); // N3: nor did it write b
});

it("N2: conditions see the state at the finish", () => {
  const { engine, transact } = open();
  const late = transact({ Put: put("a", "", NEW) });
  const [one, two] = [engine.begin("PutItem", put("b", "", NEW)), engine.begin("PutItem", put("b", "", NEW))];
  expect(codes(two)).toEqual({});
  expect(codes(one)).toBe("ConditionalCheckFailedException");
  expect(codes(late)).toEqual({});
});

it("N3: bills a unit for each KB, twice in a transaction, failed and cancelled ones too", () => {
  const { engine, counters, transact } = open();
  const billed = (act: () => unknown): Counters => {
    Object.assign(counters, noCounters());
    act();
    return { ...counters };
  };
  const [small, large] = ["x", "x".repeat(2_000)];
  expect(billed(() => codes(engine.begin("PutItem", put("a", small))))).toMatchObject({ requests: 1, writeUnits: 1 });
  expect(billed(() => codes(engine.begin("PutItem", put("a", large))))).toMatchObject({ writeUnits: 2 });
  // what is replaced counts too, where it is larger
  expect(billed(() => codes(engine.begin("PutItem", put("a", small))))).toMatchObject({ writeUnits: 2 });
  expect(billed(() => codes(engine.begin("PutItem", put("a", small, NEW))))).toMatchObject({
    writeUnits: 1,
    wastedWriteUnits: 1,
  });
  expect(billed(() => codes(transact({ Put: put("b", large) }, { Put: put("c") })))).toMatchObject({
    writeUnits: 2 * (2 + 1),
    wastedWriteUnits: 0,
  });
  expect(billed(() => codes(transact({ Put: put("a", "", NEW) }, { Put: put("d") })))).toMatchObject({
    requests: 1,
    writeUnits: 4,
    wastedWriteUnits: 4,
  });
  const read = (id: string, ConsistentRead: boolean) => ({ TableName, Key: { id: { S: id } }, ConsistentRead });
  expect(billed(() => codes(engine.begin("GetItem", read("b", true)))).readUnits).toBe(1);
  expect(billed(() => codes(engine.begin("GetItem", read("nothing", false)))).readUnits).toBe(0.5);
});

it("what is wrong with a request comes with its answer, and what it has not is said", () => {
  const { engine, transact } = open();
  expect(codes(transact())).toBe("ValidationException");
  expect(codes(transact(...Array.from({ length: 101 }, (_, n) => ({ Put: put(String(n)) }))))).toBe(
    "ValidationException",
  );
  expect(codes(engine.begin("PutItem", { ...put("a"), TableName: "nowhere" }))).toBe("ResourceNotFoundException");
  expect(codes(engine.begin("Scan", {}))).toBe("UnknownOperationException");
});

it("models: all alike, or transactions dearer by their actions", () => {
  expect([DELAY_MODELS.U0(), DELAY_MODELS.U5()]).toEqual([0, 5]);
  expect(DELAY_MODELS.R5("PutItem", 1)).toBe(5);
  expect(DELAY_MODELS.R5("TransactWriteItems", 2)).toBeCloseTo(16.05);
  expect(DELAY_MODELS.R5("TransactWriteItems", 100)).toBeCloseTo(38.1);
});

it("an answer that is due soon does not wait for one that came first", { timeout: 5_000 }, async () => {
  const later = delays();
  later(60_000, () => {});
  await new Promise<void>((done) => later(5, done));
});

it("answers go out in order of their time", async () => {
  const later = delays();
  const order: string[] = [];
  await new Promise<void>((done) => {
    later(40, () => {
      order.push("40");
      done();
    });
    later(5, () => order.push("5"));
    later(20, () => order.push("20"));
    later(5, () => order.push("5 again"));
  });
  expect(order).toEqual(["5", "5 again", "20", "40"]);
});
