// Attacks X1 to X3 of lib/consumer/tx.ts, and what declarations refuse.

import { describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const item = { TableName: "Orders", Item: { orderId: "1" } };
const key = { TableName: "Orders", Key: { orderId: "1" } };

/** Runs one message; the message of its failure, undefined when it was committed. */
async function failureOf(handler: (message: unknown, tx: Tx) => unknown): Promise<string | undefined> {
  const { orders, host, context, logged, memory } = testConsumer({ key: "id" });
  const response = await host.run(orders.lambda(handler)(event, context()));
  if (response.batchItemFailures.length === 0) return undefined;
  expect(response).toEqual(failed);
  expect(memory.items("Orders")).toEqual([]);
  return logged.find(({ level }) => level === "error")?.message;
}

describe("a declaration that is wrong fails the message", () => {
  it.each<[string, (tx: Tx) => void, RegExp]>([
    [
      "foreign field",
      (tx) => tx.put({ ...item, ReturnValues: "ALL_OLD" } as typeof item),
      /tx\.put: foreign field ReturnValues\. Known fields: TableName, Item/,
    ],
    ["two foreign fields", (tx) => tx.delete({ ...key, Item: {}, Foo: 1 } as typeof key), /foreign field Item, Foo/],
    ["no table", (tx) => tx.put({ ...item, TableName: undefined }), /TableName is undefined/],
    [
      "the record table",
      (tx) => tx.put({ ...item, TableName: "Records" }),
      /Records is the table of the idempotency records/,
    ],
    [
      "the record table by ARN",
      (tx) => tx.delete({ ...key, TableName: "arn:aws:dynamodb:eu-west-1:1:table/Records" }),
      /is the table of the idempotency records/,
    ],
    [
      "a read of the record table",
      (tx) => void tx.get({ ...key, TableName: "Records" }).catch(() => {}),
      /tx\.get: Records is the table/,
    ],
    ["no item", (tx) => tx.put({ TableName: "Orders" } as typeof item), /Item is undefined/],
    ["a list as item", (tx) => tx.put({ ...item, Item: [] as unknown as Record<string, unknown> }), /Item is object/],
    ["empty key", (tx) => tx.delete({ ...key, Key: {} }), /Key is empty/],
    ["undefined key value", (tx) => tx.delete({ ...key, Key: { orderId: undefined } }), /Key is empty/],
    [
      "boolean key value",
      (tx) => tx.delete({ ...key, Key: { orderId: true } }),
      /key attribute orderId is of type BOOL/,
    ],
    [
      "undefined expression value",
      (tx) => tx.delete({ ...key, ConditionExpression: "a = :a", ExpressionAttributeValues: { ":a": undefined } }),
      /the value of :a is undefined/,
    ],
    ["class instance", (tx) => tx.put({ ...item, Item: { orderId: "1", at: new Date(0) } }), /Item cannot be stored/],
    [
      "update without expression",
      (tx) => tx.update({ ...key, UpdateExpression: undefined }),
      /UpdateExpression is undefined/,
    ],
    ["check without condition", (tx) => tx.check({ ...key, ConditionExpression: "" }), /ConditionExpression is empty/],
    ["increment of nothing", (tx) => tx.increment(key, {}), /no amounts are given/],
    ["increment by NaN", (tx) => tx.increment(key, { n: Number.NaN }), /the amount of n is NaN/],
    ["increment by text", (tx) => tx.increment(key, { n: "1" as unknown as number }), /the amount of n is 1/],
    ["increment of the key", (tx) => tx.increment(key, { orderId: 1 }), /orderId is part of the key/],
    [
      "conditional increment",
      (tx) => tx.increment({ ...key, ConditionExpression: "a = b" } as typeof key, { n: 1 }),
      /foreign field ConditionExpression/,
    ],
    [
      "unknown option of get",
      (tx) => void tx.get(key, { guarded: true } as object).catch(() => {}),
      /unknown option guarded/,
    ],
    ["null", (tx) => tx.put(null as unknown as typeof item), /its parameters are null/],
  ])("%s", async (_name, declare, message) => {
    expect(await failureOf((_message, tx) => declare(tx))).toMatch(message);
    // X1: swallowed by the handler, it fails all the same.
    const swallowed = await failureOf((_message, tx) => {
      try {
        declare(tx);
      } catch {}
    });
    expect(swallowed).toMatch(message);
  });

  it.each<[string, (tx: Tx) => void, RegExp]>([
    [
      "a null condition",
      (tx) => tx.delete({ ...key, ConditionExpression: null as unknown as string }),
      /ConditionExpression is null/,
    ],
    [
      "a condition that is a number",
      (tx) => tx.delete({ ...key, ConditionExpression: 1 as unknown as string }),
      /ConditionExpression is 1 \(number\)/,
    ],
    [
      "a name that is no text",
      (tx) =>
        tx.delete({
          ...key,
          ConditionExpression: "#a = #a",
          ExpressionAttributeNames: { "#a": 1 as unknown as string },
        }),
      /ExpressionAttributeNames #a is 1/,
    ],
    [
      "a placeholder of semel's",
      (tx) =>
        tx.delete({
          ...key,
          ConditionExpression: "#semel0 = :semel0",
          ExpressionAttributeNames: { "#semel0": "a" },
          ExpressionAttributeValues: { ":semel0": 1 },
        }),
      /placeholder #semel0, :semel0 is semel's own/,
    ],
    ["a function", (tx) => tx.put({ ...item, Item: { orderId: "1", f: () => 1 } }), /a function has no attribute type/],
    ["a Blob", (tx) => tx.put({ ...item, Item: { orderId: "1", b: new Blob(["x"]) } }), /a Blob has to be read first/],
    [
      "__proto__",
      (tx) => tx.put({ ...item, Item: JSON.parse('{"orderId":"1","in":{"__proto__":1}}') }),
      /cannot be named "__proto__"/,
    ],
    [
      "an unsafe whole number to add",
      (tx) => tx.increment(key, { n: 2 ** 53 }),
      /the amount of n is 9007199254740992\. Use a finite number; whole ones beyond 2\^53 as a bigint/,
    ],
  ])("%s", async (_name, declare, message) => {
    expect(await failureOf((_message, tx) => declare(tx))).toMatch(message);
  });

  it("one item by its table's name and by its ARN is one item", async () => {
    const arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders";
    const message = await failureOf((_message, tx) => {
      tx.put(item);
      tx.delete({ ...key, TableName: arn });
    });
    expect(message).toMatch(/put and delete both act on item/);
  });

  it("two writes of one item name the item", async () => {
    const message = await failureOf((_message, tx) => {
      tx.put(item);
      tx.delete(key);
    });
    expect(message).toMatch(/put and delete both act on item \{"orderId":"1"\} of table Orders/);
  });

  it("two puts of one item too: the table's key names are looked up", async () => {
    expect(await failureOf((_message, tx) => [tx.put(item), tx.put(item)])).toMatch(
      /put and put both act on item \{"orderId":"1"\}/,
    );
  });
});

describe("tx", () => {
  it("takes all kinds of effects in one transaction, and drops undefined values", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    const handler = orders.lambda((_message, tx) => {
      tx.put({ TableName: "Orders", Item: { orderId: "1", note: undefined, tags: new Set(["x"]) } });
      tx.update({
        TableName: "Orders",
        Key: { orderId: "2" },
        UpdateExpression: "SET n = :n",
        ExpressionAttributeValues: { ":n": 1 },
      });
      tx.delete({ TableName: "Orders", Key: { orderId: "3" } });
      tx.check({ TableName: "Orders", Key: { orderId: "4" }, ConditionExpression: "attribute_not_exists(orderId)" });
      tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1, m: 0.1 });
      tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 9007199254740993n, m: 0.2 });
    });
    expect(await host.run(handler(event, context()))).toEqual({ batchItemFailures: [] });
    expect(memory.items("Orders")).toEqual([
      { orderId: { S: "1" }, tags: { SS: ["x"] } },
      { orderId: { S: "2" }, n: { N: "1" } },
    ]);
    expect(memory.items("Counters")).toEqual([{ id: { S: "n" }, n: { N: "9007199254740994" }, m: { N: "0.3" } }]);
  });

  it("takes what was declared as it was then: later changes of the object do not count", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    const handler = orders.lambda((_message, tx) => {
      const order = { orderId: "1", n: 1 };
      tx.put({ TableName: "Orders", Item: order });
      order.n = 2;
    });
    await host.run(handler(event, context()));
    expect(memory.items("Orders")).toMatchObject([{ n: { N: "1" } }]);
  });

  it("stores bytes of every kind as they were then", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    const handler = orders.lambda((_message, tx) => {
      const bytes = Uint8Array.of(1, 2);
      const words = Uint16Array.of(1);
      tx.put({
        TableName: "Orders",
        Item: {
          orderId: "1",
          bytes,
          words,
          buffer: words.buffer,
          view: new DataView(words.buffer),
          set: new Set([bytes]),
        },
      });
      bytes.fill(0);
      words.fill(0);
    });
    expect(await host.run(handler(event, context()))).toEqual({ batchItemFailures: [] });
    const word = { B: Uint8Array.of(1, 0) };
    expect(memory.items("Orders")).toEqual([
      {
        orderId: { S: "1" },
        bytes: { B: Uint8Array.of(1, 2) },
        words: word,
        buffer: word,
        view: word,
        set: { BS: [Uint8Array.of(1, 2)] },
      },
    ]);
  });

  it("takes items of interface types", async () => {
    interface Order {
      orderId: string;
    }
    const order: Order = { orderId: "1" };
    const { orders, host, context } = testConsumer({ key: "id" });
    const handler = orders.lambda((_message, tx) => tx.put({ TableName: "Orders", Item: order }));
    expect(await host.run(handler(event, context()))).toEqual({ batchItemFailures: [] });
  });

  it("never rounds a number that it read", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    const numbers = ["0.1", "-5", "9007199254740993", "9007199254740993.5", "1234567890123456.789", "1e30"];
    memory.send({
      operation: "TransactWriteItems",
      input: {
        TransactItems: [
          { Put: { TableName: "Orders", Item: { orderId: { S: "1" }, list: { L: numbers.map((N) => ({ N })) } } } },
        ],
      },
    });
    const handler = orders.lambda(async (_message, tx) => {
      const found = await tx.get<{ list: unknown[] }>(key);
      expect(found?.list.slice(0, 3)).toEqual([0.1, -5, 9007199254740993n]);
      tx.put({ TableName: "Orders", Item: { orderId: "2", list: found?.list } });
    });
    expect(await host.run(handler(event, context()))).toEqual({ batchItemFailures: [] });
    const [before, after] = memory.items("Orders");
    expect(after?.["list"]).toEqual(before?.["list"]);
  });

  it("X2: takes nothing after the handler ended", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    let late: Promise<unknown> | undefined;
    const handler = orders.lambda((_message, tx) => {
      late = new Promise<void>((resolve) => host.after(1, resolve)).then(() => tx.put(item));
      late.catch(() => {});
    });
    await host.run(handler(event, context()));
    await host.drain();
    await expect(late).rejects.toThrow(/Cannot tx\.put: the handler of this message has ended.*SEMEL_TX_CLOSED/s);
    expect(memory.items("Orders")).toEqual([]);
  });

  it("X3: a tx.get that is not awaited fails the message", async () => {
    expect(await failureOf((_message, tx) => void tx.get(key).catch(() => {}))).toMatch(
      /while 1 tx\.get were under way/,
    );
  });

  it("gives unknown items as undefined, and known ones as plain values", async () => {
    const { orders, host, context } = testConsumer({ key: "id" });
    const seen: unknown[] = [];
    const write = orders.lambda((_message, tx) =>
      tx.put({ TableName: "Orders", Item: { orderId: "1", big: 2n ** 60n, list: [1, "a", null] } }),
    );
    const read = orders.lambda(async (_message, tx) => {
      seen.push(
        await tx.get(key),
        await tx.get({ ...key, Key: { orderId: "2" } }),
        await tx.get(key, { attributes: ["list"] }),
      );
    });
    await host.run(write(event, context()));
    await host.run(read(sqsEvent({ body: { id: "b" } }), context()));
    expect(seen).toEqual([
      { orderId: "1", big: 2n ** 60n, list: [1, "a", null] },
      undefined,
      { orderId: "1", list: [1, "a", null] },
    ]);
  });
});
