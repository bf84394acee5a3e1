// Single messages through every kind of answer: what is acknowledged, what is reported, what is in the tables.

import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import type { Tx } from "../../lib/index.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };

function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}

/** The first transactions meet these faults, all others none. */
function first(...faults: readonly Fault[]): (request: DynamoDbRequest) => Fault {
  const left = [...faults];
  return ({ operation }) => (operation === "TransactWriteItems" ? (left.shift() ?? "none") : "none");
}

const always =
  (fault: Fault) =>
  (_request: DynamoDbRequest): Fault =>
    fault;

describe("one answer that goes wrong", () => {
  it.each(FAULTS)("%s: the message is committed once, and acknowledged", async (fault) => {
    const { orders, memory, host, context } = testConsumer({ key: "id" }, first(fault));
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(done);
    await host.drain();
    expect(memory.items("Counters")).toEqual([{ id: { S: "n" }, n: { N: "1" } }]);
  });
});

describe("answers that never get better", () => {
  it.each([
    ["never-applied", "SEMEL_UNKNOWN_OUTCOME", 0],
    ["hangs", "SEMEL_UNKNOWN_OUTCOME", 0],
    ["applied-later", "SEMEL_UNKNOWN_OUTCOME", 1],
    ["server-error", "SEMEL_UNKNOWN_OUTCOME", 0],
    ["in-progress", "SEMEL_UNKNOWN_OUTCOME", 0],
    ["throttled", "SEMEL_CONTENTION", 0],
    ["conflict-on-record", "SEMEL_CONTENTION", 0],
    ["conflict-on-effect", "SEMEL_CONTENTION", 0],
  ] as const)("%s: the message is reported failed (%s), whatever became of it", async (fault, code, applied) => {
    const { orders, memory, host, context, codes, requests } = testConsumer({ key: "id" }, always(fault));
    expect(await host.run(orders.lambda(count)(event, context(6_000)))).toEqual(failed);
    expect(codes()).toEqual([code]);
    expect(requests.length).toBeGreaterThan(1);
    await host.drain();
    expect(memory.items("Counters")).toHaveLength(applied);
    expect(memory.items(RECORDS)).toHaveLength(applied);
  });

  it("a commit that was applied later makes the redelivery a duplicate", async () => {
    let fault: Fault = "applied-later";
    const { orders, memory, host, context } = testConsumer({ key: "id" }, () => fault);
    expect(await host.run(orders.lambda(count)(event, context(2_000)))).toEqual(failed);
    fault = "none";
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(done);
    await host.drain(); // the late commits meet the record
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "1" } }]);
  });
});

describe("tokens", () => {
  const tokens = (requests: ReturnType<typeof testConsumer>["requests"]): unknown[] =>
    requests.flatMap(({ request }) =>
      request.operation === "TransactWriteItems" ? [request.input.ClientRequestToken] : [],
    );

  it("stay for a try without an answer", async () => {
    const { orders, host, context, requests } = testConsumer({ key: "id" }, first("hangs", "in-progress"));
    await host.run(orders.lambda(count)(event, context()));
    expect(new Set(tokens(requests)).size).toBe(1);
    expect(tokens(requests)).toHaveLength(3);
  });

  it("change after a definite cancellation", async () => {
    const { orders, host, context, requests } = testConsumer({ key: "id" }, first("conflict-on-record", "throttled"));
    await host.run(orders.lambda(count)(event, context()));
    expect(new Set(tokens(requests)).size).toBe(3);
  });
});

describe("a condition that fails", () => {
  const reserve = async (_message: unknown, tx: Tx): Promise<void> => {
    tx.update({
      TableName: "Counters",
      Key: { id: "stock" },
      UpdateExpression: "SET n = n - :one",
      ConditionExpression: "n >= :one",
      ExpressionAttributeValues: { ":one": 1 },
    });
  };

  it("runs the handler again, 3 times at most, then fails the message and names the item", async () => {
    const { orders, memory, host, context, codes, logged } = testConsumer({ key: "id" });
    let runs = 0;
    const handler = orders.lambda((message, tx) => {
      runs++;
      return reserve(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(failed);
    expect(runs).toBe(4);
    expect(codes()).toEqual(["SEMEL_CONDITION"]);
    expect(logged.at(-1)?.message).toMatch(/item \{"id":"stock"\} of table Counters failed in each of 4 runs/);
    expect(memory.items(RECORDS)).toEqual([]);
  });

  it("gives every run an attempt id of its own", async () => {
    const { orders, host, context, requests } = testConsumer({ key: "id" });
    await host.run(orders.lambda(reserve)(event, context()));
    const ids = requests.flatMap(({ request }) =>
      request.operation === "TransactWriteItems" ? [request.input.TransactItems[0]?.Put?.Item["attemptId"]?.S] : [],
    );
    expect(new Set(ids).size).toBe(4);
  });

  it("is not the business's when the record is there: an earlier try went through", async () => {
    // The effect's own condition fails against its first, applied try, whose answer was lost.
    const { orders, memory, host, context } = testConsumer({ key: "id" }, first("answer-lost"));
    const handler = orders.lambda((_message, tx) => {
      tx.put({ TableName: "Orders", Item: { orderId: "a" }, ConditionExpression: "attribute_not_exists(orderId)" });
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(memory.items("Orders")).toHaveLength(1);
  });

  it("succeeds on a later run once the condition holds", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    let runs = 0;
    const handler = orders.lambda(async (message, tx) => {
      if (++runs === 3) seed(memory, { id: { S: "stock" }, n: { N: "1" } });
      await reserve(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(memory.items("Counters")).toEqual([{ id: { S: "stock" }, n: { N: "0" } }]);
  });
});

describe("tx.get is guarded", () => {
  const readAndWrite = (
    options?: { guard?: boolean; version?: string; attributes?: readonly string[] },
    between = () => {},
  ) =>
    async function handler(_message: unknown, tx: Tx): Promise<void> {
      const found = await tx.get<{ n: number }>({ TableName: "Counters", Key: { id: "n" } }, options);
      between();
      tx.update({
        TableName: "Counters",
        Key: { id: "n" },
        UpdateExpression: "SET n = :n",
        ExpressionAttributeValues: { ":n": (found?.n ?? 0) + 1 },
      });
    };
  const counter = (n: number): Item => ({ id: { S: "n" }, n: { N: String(n) } });

  it.each([
    ["an item that changed", [counter(1), counter(10)], 11],
    ["an item that came", [undefined, counter(10)], 11],
  ])("%s in between makes the handler run again on what is there now", async (_name, [before, after], result) => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    if (before) seed(memory, before);
    let runs = 0;
    const handler = orders.lambda(
      readAndWrite({}, () => {
        if (runs++ === 0 && after) seed(memory, after);
      }),
    );
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(2);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: String(result) } }]);
  });

  it("an item that is only read is guarded by a check of its own", async () => {
    const { orders, memory, host, context, requests } = testConsumer({ key: "id" });
    seed(memory, { id: { S: "limit" }, n: { N: "5" } });
    let runs = 0;
    const handler = orders.lambda(async (_message, tx) => {
      const limit = await tx.get<{ n: number }>({ TableName: "Counters", Key: { id: "limit" } });
      if (runs++ === 0) seed(memory, { id: { S: "limit" }, n: { N: "6" } });
      tx.put({ TableName: "Orders", Item: { orderId: "a", limit: limit?.n } });
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(memory.items("Orders")).toMatchObject([{ limit: { N: "6" } }]);
    const [last] = requests.slice(-1);
    expect(last?.request.input).toMatchObject({
      TransactItems: [{}, {}, { ConditionCheck: { TableName: "Counters" } }],
    });
  });

  it("compares the version attribute alone where one is named", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    seed(memory, { ...counter(1), v: { N: "1" } });
    let runs = 0;
    const handler = orders.lambda(
      readAndWrite({ version: "v" }, () => {
        if (runs++ === 0) seed(memory, { ...counter(5), v: { N: "1" } }); // another attribute: not compared
      }),
    );
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(1);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "2" } }]);
  });

  it("notices a named attribute that comes, and the item going", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    seed(memory, counter(1));
    let runs = 0;
    const handler = orders.lambda(
      readAndWrite({ attributes: ["n", "frozen"] }, () => {
        if (runs++ === 0) seed(memory, { ...counter(1), frozen: { BOOL: true } });
      }),
    );
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(2);
  });

  it("notices that the item is gone, even where none of the named attributes was there", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    seed(memory, { id: { S: "n" } });
    let runs = 0;
    const handler = orders.lambda(
      readAndWrite({ attributes: ["frozen"] }, () => {
        const Key = { id: { S: "n" } };
        const gone = { TransactItems: [{ Delete: { TableName: "Counters", Key } }] };
        if (runs++ === 0) memory.send({ operation: "TransactWriteItems", input: gone });
      }),
    );
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(2);
  });

  it("merges with a condition of the handler's own, in parentheses or not", async () => {
    for (const condition of ["n > :zero OR m > :zero", "(n > :zero OR m > :zero)", "(n > :zero) OR (m > :zero)"]) {
      const { orders, memory, host, context } = testConsumer({ key: "id" });
      seed(memory, counter(1));
      const handler = orders.lambda(async (_message, tx) => {
        await tx.get({ TableName: "Counters", Key: { id: "n" } });
        tx.update({
          TableName: "Counters",
          Key: { id: "n" },
          UpdateExpression: "SET n = n + :one",
          ConditionExpression: condition,
          ExpressionAttributeValues: { ":zero": 0, ":one": 1 },
        });
      });
      expect(await host.run(handler(event, context())), condition).toEqual(done);
      expect(memory.items("Counters")).toMatchObject([{ n: { N: "2" } }]);
    }
  });

  it("{ guard: false } opts out", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    seed(memory, counter(1));
    let runs = 0;
    const handler = orders.lambda(
      readAndWrite({ guard: false }, () => {
        runs++;
        seed(memory, counter(10));
      }),
    );
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(1);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "2" } }]);
  });

  it("reads strongly consistent", async () => {
    const { orders, host, context, requests } = testConsumer({ key: "id" });
    await host.run(orders.lambda(readAndWrite())(event, context()));
    expect(requests[0]?.request).toMatchObject({ operation: "GetItem", input: { ConsistentRead: true } });
  });
});

function seed(memory: MemoryDynamoDb, item: Item): void {
  memory.send({
    operation: "TransactWriteItems",
    input: { TransactItems: [{ Put: { TableName: "Counters", Item: item } }] },
  });
}
