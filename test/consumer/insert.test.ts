// Strategy insert through the whole consumer, and tx.insert beside a record. Attacks IN1 to IN3 of lib/protocol/insert.ts and
// IC1 to IC4 of lib/store/insert-committer.ts.

import { describe, expect, it } from "vitest";
import type { ExactlyOnceOptions, Tx } from "../../lib/index.ts";
import { PermanentError } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf } from "../support/memory-queue.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";

interface Body {
  readonly id: string;
  readonly price?: number;
}

const options = {
  key: "id",
  strategy: "insert",
  insert: { appendOnlyTable: "Orders", primaryKey: "orderId" },
  deadLetterQueueUrl: DLQ_URL,
} as const satisfies ExactlyOnceOptions;
const done = { batchItemFailures: [] };
const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

function place({ body }: { body: unknown }, tx: Tx): void {
  tx.insert({ TableName: "Orders", Item: { price: (body as Body).price ?? 1 } });
}

const never = (): never => {
  throw new PermanentError("no such customer");
};

type Scene = TestConsumer<unknown>;
const deliver = (
  { orders, host, context }: Scene,
  handler: Parameters<Scene["orders"]["lambda"]>[0],
  ...messages: readonly TestMessage[]
): Promise<unknown> => host.run(orders.lambda(handler)(sqsEvent(...messages), context()));
const operations = ({ requests }: Scene): string[] =>
  requests.map(({ request }) => request.operation).filter((operation) => operation !== "DescribeTable");
const ids = ({ memory }: Scene): unknown[] => memory.items("Orders").map(({ orderId }) => orderId?.S);
const statuses = ({ memory }: Scene): unknown[] => memory.items(RECORDS).map(({ status }) => status?.S);
const reasons = ({ queue }: Scene): unknown[] => queue.deadLetters.map(failureOf);
const foreign = (scene: Scene): unknown =>
  scene.memory.send({ operation: "PutItem", input: { TableName: "Orders", Item: { orderId: { S: "a" } } } });

/** A new process over the orders that another one left. */
function over({ memory }: Scene, change: ExactlyOnceOptions = {}): Scene {
  const scene = testConsumer({ ...options, ...change });
  for (const Item of memory.items("Orders")) {
    scene.memory.send({ operation: "PutItem", input: { TableName: "Orders", Item } });
  }
  return scene;
}

function first(operation: DynamoDbRequest["operation"], ...faults: readonly Fault[]) {
  const left = [...faults];
  return (request: DynamoDbRequest): Fault => (request.operation === operation ? (left.shift() ?? "none") : "none");
}

describe("strategy insert", () => {
  it("writes a batch in one request, nothing else, and knows it again", async () => {
    const scene = testConsumer(options);
    const batch = ["a", "b", "c"].map((id) => ({ body: { id } }));
    expect(await deliver(scene, place, ...batch)).toEqual(done);
    expect(operations(scene)).toEqual(["BatchExecuteStatement"]);
    expect(ids(scene)).toEqual(["a", "b", "c"]);
    expect(scene.memory.items(RECORDS)).toEqual([]);
    const again = over(scene);
    expect(await deliver(again, place, ...batch)).toEqual(done);
    expect(operations(again)).toEqual(["BatchExecuteStatement", "BatchGetItem"]);
    expect(again.memory.items("Orders")).toEqual(scene.memory.items("Orders"));
    expect(again.codes()).toEqual([]);
  });

  it("writes one message in one request", async () => {
    const scene = testConsumer(options);
    expect(await deliver(scene, place, { body: { id: "a" } })).toEqual(done);
    expect(operations(scene)).toEqual(["PutItem"]);
  });

  it("copies in one batch: one is inserted, the others get its outcome", async () => {
    const scene = testConsumer(options);
    expect(await deliver(scene, place, { body: { id: "a" } }, { body: { id: "a" } })).toEqual(done);
    expect(ids(scene)).toEqual(["a"]);
  });

  it("takes the whole key from a function of the idempotency key", async () => {
    const insert = {
      appendOnlyTable: "Lines",
      primaryKey: (key: string) => ({ orderId: key.split("/")[0] ?? "", line: key.split("/")[1] ?? "" }),
    };
    const scene = testConsumer({ ...options, insert });
    const handler = (_: unknown, tx: Tx): void => tx.insert({ TableName: "Lines", Item: { orderId: "o" } });
    expect(await deliver(scene, handler, { body: { id: "o/1" } }, { body: { id: "o/2" } })).toEqual(done);
    expect(scene.memory.items("Lines").map(({ line }) => line?.S)).toEqual(["1", "2"]);
  });

  it("may read without a guard", async () => {
    const scene = testConsumer(options);
    const handler = async (message: { body: unknown }, tx: Tx): Promise<void> => {
      await tx.get({ TableName: "Counters", Key: { id: "n" } }, { guard: false });
      place(message, tx);
    };
    expect(await deliver(scene, handler, { body: { id: "a" } })).toEqual(done);
  });

  it("another payload under the same key goes to the dead-letter queue", async () => {
    const scene = testConsumer({ ...options, committedKeysMax: 0 });
    await deliver(scene, place, { body: { id: "a" } });
    expect(await deliver(scene, place, { messageId: "m-2", body: { id: "a", price: 2 } })).toEqual(done);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_PAYLOAD_MISMATCH", messageId: "m-2" }]);
    expect(scene.memory.items("Orders")).toMatchObject([{ price: { N: "1" } }]);
  });

  it.each([1, 2])("somebody else's item is not overwritten, in a batch of %i: the dead-letter queue", async (size) => {
    const scene = testConsumer(options);
    foreign(scene);
    const batch = ["a", "b"].slice(0, size).map((id) => ({ body: { id } }));
    expect(await deliver(scene, place, ...batch)).toEqual(done);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_INSERT", messageId: "m-1" }]);
    expect(scene.memory.items("Orders")[0]).toEqual({ orderId: { S: "a" } });
    expect(statuses(scene)).toEqual(["REJECTED"]);
  });

  it("the item of another consumer on the same table is somebody else's", async () => {
    const scene = testConsumer(options);
    await deliver(scene, place, { body: { id: "a" } });
    const other = over(scene, { consumer: "invoices" });
    await deliver(other, place, { body: { id: "a" } });
    expect(reasons(other)).toMatchObject([{ code: "SEMEL_INSERT" }]);
  });

  it("an item that was there and is gone is not inserted again: the dead-letter queue", async () => {
    const scene: Scene = testConsumer({ ...options, committedKeysMax: 0 }, ({ operation }) => {
      if (operation === "BatchGetItem") {
        const Delete = { TableName: "Orders", Key: { orderId: { S: "a" } } };
        scene.memory.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Delete }] } });
      }
      return "none";
    });
    await deliver(scene, place, { body: { id: "a" } });
    expect(await deliver(scene, place, { messageId: "m-9", body: { id: "a" } }, { body: { id: "b" } })).toEqual(done);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_INSERT", messageId: "m-9" }]);
    expect(ids(scene)).toEqual(["b"]);
  });

  it.each<[string, (tx: Tx) => unknown, RegExp]>([
    ["nothing", () => {}, /declared nothing/],
    ["a put", (tx) => tx.put({ TableName: "Orders", Item: {} }), /declared put/],
    ["two inserts", (tx) => [0, 1].map(() => tx.insert({ TableName: "Orders", Item: {} })), /insert, insert/],
    ["an increment", (tx) => tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 }), /declared increment/],
    ["a guarded get", (tx) => tx.get({ TableName: "Counters", Key: { id: "n" } }), /declared guarded get/],
    ["another table", (tx) => tx.insert({ TableName: "Counters", Item: {} }), /names table Counters/],
    ["a key of its own", (tx) => tx.insert({ TableName: "Orders", Item: { orderId: "z" } }), /function of tx.key/],
  ])("a handler that declares %s fails: the code is wrong, not the message", async (_, declare, message) => {
    const scene = testConsumer(options);
    const handler = async (_message: unknown, tx: Tx): Promise<void> => void (await declare(tx));
    expect(await deliver(scene, handler, { body: { id: "a" } })).toEqual(failed("m-1"));
    expect(scene.codes()).toEqual(["SEMEL_EFFECT"]);
    expect(String(scene.logged.find(({ level }) => level === "error")?.details["error"])).toMatch(message);
    expect(scene.memory.items("Orders")).toEqual([]);
    expect(scene.queue.deadLetters).toEqual([]);
  });

  it("a primary key that is no function of the idempotency key fails, and inserts nothing", async () => {
    let calls = 0;
    const insert = { appendOnlyTable: "Orders", primaryKey: (key: string) => ({ orderId: `${key} ${++calls}` }) };
    const scene = testConsumer({ ...options, insert });
    expect(await deliver(scene, place, { body: { id: "a" } }, { body: { id: "b" } })).toEqual(failed("m-1", "m-2"));
    expect(scene.codes()).toEqual(["SEMEL_OPTIONS", "SEMEL_OPTIONS"]);
    expect(scene.memory.items("Orders")).toEqual([]);
  });

  it("an item beyond 400 KB goes to the dead-letter queue", async () => {
    const scene = testConsumer(options);
    const handler = (_: unknown, tx: Tx): void =>
      tx.insert({ TableName: "Orders", Item: { text: "x".repeat(400 * 1024) } });
    expect(await deliver(scene, handler, { body: { id: "a" } })).toEqual(done);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_LIMIT" }]);
  });

  it.each(FAULTS)("%s, at each write of one and of many: everything ends inserted once", async (fault) => {
    for (const count of [1, 3]) {
      const write = count === 1 ? "PutItem" : "BatchExecuteStatement";
      const scene = testConsumer({ ...options, committedKeysMax: 0 }, first(write, fault, fault));
      const batch = ["a", "b", "c"].slice(0, count).map((id, index) => ({ messageId: `m-${index}`, body: { id } }));
      const { batchItemFailures } = (await deliver(scene, place, ...batch)) as { batchItemFailures: unknown[] };
      await scene.host.drain();
      if (batchItemFailures.length > 0) expect(await deliver(scene, place, ...batch)).toEqual(done);
      expect(ids(scene)).toEqual(batch.map(({ body }) => body.id));
      expect(scene.queue.deadLetters).toEqual([]);
    }
  });

  it("without an answer until the deadline it is not known; the next delivery finds it", async () => {
    const errors = Array.from({ length: 9 }, (): Fault => "hangs");
    const scene = testConsumer({ ...options, committedKeysMax: 0 }, first("PutItem", "answer-lost", ...errors));
    expect(await deliver(scene, place, { body: { id: "a" } })).toEqual(failed("m-1"));
    expect(scene.codes()).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
    expect(ids(scene)).toEqual(["a"]);
    const next = over(scene);
    expect(await deliver(next, place, { body: { id: "a" }, receiveCount: 2 })).toEqual(done);
    expect(next.memory.items("Orders")).toEqual(scene.memory.items("Orders"));
  });
});

describe("a rejection under strategy insert", () => {
  it("is recorded, sent, and acknowledged; a redrive may run", async () => {
    const scene = testConsumer(options);
    expect(await deliver(scene, never, { body: { id: "a" } })).toEqual(done);
    expect(statuses(scene)).toEqual(["REJECTED"]);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_PERMANENT" }]);
    expect(await deliver(scene, place, { messageId: "redriven", body: { id: "a" } })).toEqual(done);
    expect(ids(scene)).toEqual(["a"]);
  });

  it("of what was inserted is none: a duplicate, and no dead letter", async () => {
    for (const count of [1, 2]) {
      const scene = testConsumer({ ...options, committedKeysMax: 0 });
      const batch = ["a", "b"].slice(0, count).map((id) => ({ body: { id }, receiveCount: 2 }));
      await deliver(scene, place, ...batch);
      expect(await deliver(scene, never, ...batch)).toEqual(done);
      expect(scene.queue.deadLetters).toEqual([]);
      expect(statuses(scene)).toEqual([]);
    }
  });

  it("does not stop an insert of the same message that is applied late: single, and its redrive is a duplicate", async () => {
    const scene = testConsumer({ ...options, committedKeysMax: 0 }, first("PutItem", "applied-later"));
    const { orders, host } = scene;
    const slow = orders.lambda(place)(sqsEvent({ body: { id: "a" } }), scene.context(1_000));
    expect(await host.run(slow)).toEqual(failed("m-1"));
    expect(await deliver(scene, never, { body: { id: "a" }, receiveCount: 2 })).toEqual(done);
    await host.drain();
    expect(ids(scene)).toEqual(["a"]);
    expect(await deliver(scene, place, { messageId: "redriven", body: { id: "a" } })).toEqual(done);
    expect(ids(scene)).toEqual(["a"]);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_PERMANENT" }]);
  });

  it("before a key is known goes as ever", async () => {
    const scene = testConsumer(options);
    expect(await deliver(scene, place, { body: "no JSON" })).toEqual(done);
    expect(reasons(scene)).toMatchObject([{ code: "SEMEL_BODY" }]);
    expect(statuses(scene)).toEqual([]);
  });
});

describe("tx.insert beside a record, under strategy commit", () => {
  it.each([1, 2])("inserts with the record, in one transaction, in a batch of %i", async (count) => {
    const scene = testConsumer({ key: "id" });
    const handler = ({ body }: { body: unknown }, tx: Tx): void => {
      tx.insert({ TableName: "Orders", Item: { orderId: (body as Body).id } });
      tx.insert({ TableName: "Lines", Item: { orderId: (body as Body).id, line: "1" } });
      tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
    };
    const batch = ["a", "b"].slice(0, count).map((id) => ({ body: { id } }));
    expect(await deliver(scene, handler, ...batch)).toEqual(done);
    expect(operations(scene)).toEqual(["TransactWriteItems"]);
    expect(ids(scene)).toEqual(["a", "b"].slice(0, count));
    expect(scene.memory.items(RECORDS)).toHaveLength(count);
  });

  it("an item that is there fails the commit, as any condition: nothing is overwritten", async () => {
    const scene = testConsumer({ key: "id" });
    foreign(scene);
    const handler = (_: unknown, tx: Tx): void => tx.insert({ TableName: "Orders", Item: { orderId: "a", n: 1 } });
    expect(await deliver(scene, handler, { body: { id: "x" } })).toEqual(failed("m-1"));
    expect(scene.codes()).toEqual(["SEMEL_CONDITION"]);
    expect(scene.memory.items("Orders")).toEqual([{ orderId: { S: "a" } }]);
    expect(scene.memory.items(RECORDS)).toEqual([]);
  });

  it("an item that was read before is guarded, and inserted", async () => {
    const scene = testConsumer({ key: "id" });
    const handler = async (_: unknown, tx: Tx): Promise<void> => {
      const Key = { orderId: "a" };
      if (await tx.get({ TableName: "Orders", Key })) return;
      tx.insert({ TableName: "Orders", Item: Key });
    };
    expect(await deliver(scene, handler, { body: { id: "x" } })).toEqual(done);
    expect(ids(scene)).toEqual(["a"]);
  });

  it("one item is inserted once by a message, and needs its key", async () => {
    for (const items of [[{ orderId: "a" }, { orderId: "a" }], [{ n: 1 }]]) {
      const scene = testConsumer({ key: "id" });
      const handler = (_: unknown, tx: Tx): void => {
        for (const Item of items) tx.insert({ TableName: "Orders", Item });
      };
      expect(await deliver(scene, handler, { body: { id: "x" } })).toEqual(failed("m-1"));
      expect(scene.codes()).toEqual(["SEMEL_EFFECT"]);
    }
  });

  it.each([
    ["a condition", { ConditionExpression: "attribute_exists(x)" }, /foreign field ConditionExpression/],
    ["the record table", { TableName: RECORDS }, /table of the idempotency records/],
  ])("takes no %s", async (_name, change, message) => {
    const scene = testConsumer({ key: "id" });
    const handler = (_: unknown, tx: Tx): void => tx.insert({ TableName: "Orders", Item: { orderId: "a" }, ...change });
    expect(await deliver(scene, handler, { body: { id: "x" } })).toEqual(failed("m-1"));
    expect(String(scene.logged.find(({ level }) => level === "error")?.details["error"])).toMatch(message);
  });
});
