// Batches through group commit, under answers that go wrong: attacks GL1 to GL3 of lib/store/group-committer.ts.

import { describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault, faultySend } from "../support/faulty-send.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";

interface Body {
  readonly id: string;
  readonly item?: string;
}

const batch = (count: number, item?: (index: number) => string): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { id: `k${index}`, ...(item ? { item: item(index) } : {}) } }));
const failures = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

/** Counts each message on an item; its own unless the body names one. */
function count({ body }: { body: unknown }, tx: Tx): void {
  const { id, item } = body as Body;
  tx.increment({ TableName: "Counters", Key: { id: item ?? id } }, { n: 1 });
}

const transactions = ({ requests }: Pick<TestConsumer<unknown>, "requests">): number[] =>
  requests.flatMap(({ request }) =>
    request.operation === "TransactWriteItems" ? [request.input.TransactItems.length] : [],
  );

function firstTransactions(...faults: readonly Fault[]): (request: DynamoDbRequest) => Fault {
  const left = [...faults];
  return ({ operation }) => (operation === "TransactWriteItems" ? (left.shift() ?? "none") : "none");
}

const total = ({ memory }: Pick<TestConsumer<unknown>, "memory">): number =>
  memory.items("Counters").reduce((sum, { n }) => sum + Number(n?.N), 0);

it("T2: a clock that steps back holds nothing back", async () => {
  const { memory, host, context } = testConsumer();
  let lagMs = 0;
  let conflicts = 1;
  const { send } = faultySend(memory, host, ({ operation }) => {
    if (operation !== "TransactWriteItems" || conflicts-- <= 0) return "none";
    host.after(1, () => {
      lagMs = 50; // stepped back: timers fire before their time has come
    });
    return "conflict-on-effect";
  });
  const lagging = { ...host, nowMs: () => host.nowMs() - lagMs };
  const options = { consumer: "orders", table: RECORDS, retentionDays: 40, key: "id" };
  const orders = createExactlyOnce(options, { host: lagging, send, environment: {} });
  expect(await host.run(orders.lambda(count)(sqsEvent(...batch(2)), context()))).toEqual(failures());
});

describe("group commit", () => {
  it("commits a batch of 10 in one request", async () => {
    const scene = testConsumer({ key: "id" });
    expect(await scene.host.run(scene.orders.lambda(count)(sqsEvent(...batch(10)), scene.context()))).toEqual(
      failures(),
    );
    expect(transactions(scene)).toEqual([20]);
    expect(total(scene)).toBe(10);
  });

  it("after a conflict, goes on with half of what it sent, however large it may get", async () => {
    let conflict = false;
    const scene = testConsumer({ key: "id" }, ({ operation }) => {
      const met = conflict && operation === "TransactWriteItems";
      conflict &&= !met;
      return met ? "conflict-on-record" : "none";
    });
    const handler = scene.orders.lambda(count);
    await scene.host.run(handler(sqsEvent(...batch(1_000)), scene.context())); // success lets it grow
    const before = transactions(scene).length;
    conflict = true;
    const twelve = Array.from({ length: 12 }, (_, index) => ({ body: { id: `new${index}` } }));
    expect(await scene.host.run(handler(sqsEvent(...twelve), scene.context()))).toEqual(failures());
    expect(transactions(scene).slice(before)).toEqual([24, 12, 10, 2]); // the last one met the conflict
  });

  it("works as well for a batch of 1,000, in transactions of at most 100 actions", async () => {
    const scene = testConsumer({ key: "id" });
    expect(await scene.host.run(scene.orders.lambda(count)(sqsEvent(...batch(1_000)), scene.context()))).toEqual(
      failures(),
    );
    const sizes = transactions(scene);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(sizes.length).toBeLessThan(60);
    expect(total(scene)).toBe(1_000);
    expect(scene.memory.items(RECORDS)).toHaveLength(1_000);
  });

  it("commits the first messages of a large batch while the last ones start", async () => {
    const scene = testConsumer({ key: "id" });
    const sentBefore: number[] = [];
    const handler = scene.orders.lambda((message, tx) => {
      sentBefore.push(transactions(scene).length);
      count(message, tx);
    });
    expect(await scene.host.run(handler(sqsEvent(...batch(300)), scene.context()))).toEqual(failures());
    expect(sentBefore[99]).toBe(0);
    expect(sentBefore[299]).toBeGreaterThan(0);
    expect(total(scene)).toBe(300);
  });

  it("folds a hot item: few requests, and never two under way on it", async () => {
    const scene = testConsumer({ key: "id" });
    const event = sqsEvent(...batch(100, () => "hot"));
    expect(await scene.host.run(scene.orders.lambda(count)(event, scene.context()))).toEqual(failures());
    expect(transactions(scene).length).toBeLessThanOrEqual(5);
    expect(scene.memory.items("Counters")).toEqual([{ id: { S: "hot" }, n: { N: "100" } }]);
  });

  it("puts other writes of one item into different transactions, one after the other", async () => {
    const scene = testConsumer({ key: "id" });
    const event = sqsEvent(...batch(4, () => "same"));
    const handler = scene.orders.lambda(({ body }, tx) => {
      const { id, item } = body as Body;
      const values = { ":id": new Set([id]) };
      tx.update({
        TableName: "Counters",
        Key: { id: item },
        UpdateExpression: "ADD ids :id",
        ExpressionAttributeValues: values,
      });
    });
    expect(await scene.host.run(handler(event, scene.context()))).toEqual(failures());
    expect(transactions(scene)).toEqual([2, 2, 2, 2]);
    expect(scene.memory.items("Counters")).toMatchObject([{ ids: { SS: ["k0", "k1", "k2", "k3"] } }]);
  });

  it("a duplicate leaves by its index; the others go again without its share", async () => {
    const scene = testConsumer({ key: "id" });
    const event = sqsEvent(...batch(5, () => "hot"));
    const handler = scene.orders.lambda(count);
    await scene.host.run(handler({ Records: event.Records.slice(0, 2) }, scene.context()));
    expect(await scene.host.run(handler(event, scene.context()))).toEqual(failures());
    expect(scene.memory.items("Counters")).toEqual([{ id: { S: "hot" }, n: { N: "5" } }]);
    expect(transactions(scene)).toEqual([3, 6, 4]);
  });

  it("GL1: a failed condition, a throw and a refused write fail their own messages alone", async () => {
    const scene = testConsumer({ key: "id" });
    const handler = scene.orders.lambda(({ messageId, body }, tx) => {
      if (messageId === "m-2") throw new Error("no");
      count({ body }, tx);
      const Key = { orderId: "none" };
      if (messageId === "m-3") tx.check({ TableName: "Orders", Key, ConditionExpression: "attribute_exists(orderId)" });
      if (messageId === "m-4") tx.update({ TableName: "Orders", Key, UpdateExpression: "SET a.b = a" });
    });
    const response = await scene.host.run(handler(sqsEvent(...batch(8)), scene.context()));
    expect(response).toEqual(failures("m-2", "m-3", "m-4"));
    expect(scene.codes().sort()).toEqual(["SEMEL_CONDITION", "SEMEL_HANDLER", "SEMEL_REFUSED"]);
    expect(total(scene)).toBe(5);
    expect(scene.memory.items(RECORDS)).toHaveLength(5);
  });

  it("GT3: a fold that DynamoDB refuses fails its members, and nobody else", async () => {
    const scene = testConsumer({ key: "id" });
    const Item = { id: { S: "text" }, n: { S: "no number" } };
    scene.memory.send({
      operation: "TransactWriteItems",
      input: { TransactItems: [{ Put: { TableName: "Counters", Item } }] },
    });
    const event = sqsEvent(...batch(6, (index) => (index < 2 ? "text" : "number")));
    expect(await scene.host.run(scene.orders.lambda(count)(event, scene.context()))).toEqual(failures("m-1", "m-2"));
    expect(scene.memory.items("Counters")).toContainEqual({ id: { S: "number" }, n: { N: "4" } });
  });

  it.each(FAULTS)("%s at the first transaction: every message is committed once, and acknowledged", async (fault) => {
    const scene = testConsumer({ key: "id" }, firstTransactions(fault));
    const event = sqsEvent(...batch(10, (index) => (index % 2 ? "hot" : `own${index}`)));
    expect(await scene.host.run(scene.orders.lambda(count)(event, scene.context()))).toEqual(failures());
    await scene.host.drain();
    expect(total(scene)).toBe(10);
  });

  it("GL2: a group without an answer goes again as it was, under its token", async () => {
    const scene = testConsumer({ key: "id" }, firstTransactions("hangs", "in-progress", "server-error-applied"));
    await scene.host.run(scene.orders.lambda(count)(sqsEvent(...batch(10)), scene.context(20_000)));
    const sent = scene.requests.flatMap(({ request }) =>
      request.operation === "TransactWriteItems" ? [request.input] : [],
    );
    expect(sent.length).toBeGreaterThan(3);
    for (const input of sent) expect(input).toEqual(sent[0]);
    expect(total(scene)).toBe(10);
  });

  it("GL3: an open try is not forgotten when the group is taken apart", async () => {
    const scene = testConsumer({ key: "id" }, ({ operation }) =>
      operation === "TransactWriteItems" ? (faults.shift() ?? "conflict-on-record") : "none",
    );
    const faults: Fault[] = ["applied-later"];
    const response = await scene.host.run(scene.orders.lambda(count)(sqsEvent(...batch(2)), scene.context(8_000)));
    expect(response).toEqual(failures("m-1", "m-2"));
    expect(new Set(scene.codes())).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME"]));
  });

  it("conflicts shrink the groups, successes let them grow again", async () => {
    const scene = testConsumer({ key: "id", lanes: 1 }, firstTransactions("conflict-on-record", "conflict-on-record"));
    await scene.host.run(scene.orders.lambda(count)(sqsEvent(...batch(100)), scene.context()));
    const sizes = transactions(scene);
    expect(sizes[0]).toBe(24);
    expect(Math.min(...sizes.slice(1, 4))).toBeLessThanOrEqual(12);
    expect(Math.max(...sizes)).toBeGreaterThan(24);
    expect(total(scene)).toBe(100);
  });

  it("GC3: never has two transactions under way on one item, nor more than the lanes allow", async () => {
    const underWay: Set<string>[] = [];
    const overlaps: string[] = [];
    let most = 0;
    const scene = testConsumer({ key: "id", lanes: 3 }, (request) => {
      if (request.operation !== "TransactWriteItems") return "none";
      const actions = request.input.TransactItems;
      const items = new Set(actions.map(({ Put, Update }) => JSON.stringify(Put?.Item["pk"] ?? Update?.Key)));
      for (const others of underWay) overlaps.push(...[...items].filter((item) => others.has(item)));
      underWay.push(items);
      most = Math.max(most, underWay.length);
      scene.host.after(5, () => underWay.splice(underWay.indexOf(items), 1));
      return "slow";
    });
    const event = sqsEvent(...batch(120, (index) => `shared${index % 7}`));
    expect(await scene.host.run(scene.orders.lambda(count)(event, scene.context()))).toEqual(failures());
    expect(total(scene)).toBe(120);
    const other = sqsEvent(...batch(200).map(({ body }) => ({ body: { id: `other ${(body as Body).id}` } })));
    expect(await scene.host.run(scene.orders.lambda(count)(other, scene.context()))).toEqual(failures());
    expect([overlaps, most]).toEqual([[], 3]);
  });

  it("the guilty go alone from then on: their re-runs cancel nobody else's transaction", async () => {
    const scene = testConsumer({ key: "id", concurrency: 100 });
    const handler = scene.orders.lambda(async ({ messageId, body }, tx) => {
      count({ body }, tx);
      const Key = { orderId: "none" };
      if (messageId === "m-1") tx.check({ TableName: "Orders", Key, ConditionExpression: "attribute_exists(orderId)" });
      // The others are ready one after the other, some just when the guilty one has run again.
      else await new Promise<void>((resolve) => scene.host.after(Number(messageId.slice(2)) - 2, resolve));
    });
    expect(await scene.host.run(handler(sqsEvent(...batch(200)), scene.context()))).toEqual(failures("m-1"));
    const withCheck = scene.requests.flatMap(({ request }) => {
      const actions = request.operation === "TransactWriteItems" ? request.input.TransactItems : [];
      return actions.some(({ ConditionCheck }) => ConditionCheck) ? [actions.length] : [];
    });
    expect(withCheck).toEqual([5, 3, 3, 3]); // first with m-2, then alone
  });

  it("a sum beyond 38 digits, which no message makes by itself, goes in parts", async () => {
    const scene = testConsumer({ key: "id" });
    const amounts = [10n ** 30n, 1n];
    const handler = scene.orders.lambda(({ body }, tx) => {
      const n = amounts[Number((body as Body).id.slice(1))] ?? 0n;
      tx.increment({ TableName: "Counters", Key: { id: "n" } }, n === 1n ? { n: 1e-11 } : { n });
    });
    const response = await scene.host.run(handler(sqsEvent(...batch(2)), scene.context()));
    // Alone each of them is a number; what DynamoDB says of their sum is the business of the second.
    expect(response.batchItemFailures.length).toBeLessThanOrEqual(1);
    expect(scene.memory.items(RECORDS).length).toBeGreaterThanOrEqual(1);
    expect(scene.codes()).not.toContain("SEMEL_LIMIT");
  });

  it("a table whose key names cannot be looked up: its puts go alone", async () => {
    const scene = testConsumer({ key: "id" }, ({ operation }) =>
      operation === "DescribeTable" ? "throttled" : "none",
    );
    const handler = scene.orders.lambda(({ body }, tx) =>
      tx.put({ TableName: "Orders", Item: { orderId: (body as Body).id } }),
    );
    expect(await scene.host.run(handler(sqsEvent(...batch(3)), scene.context(30_000)))).toEqual(failures());
    expect(transactions(scene)).toEqual([2, 2, 2]);
  });
});
