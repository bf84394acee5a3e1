// What becomes of a batch: every message for itself, the response always explicit.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

interface Order {
  orderId: string;
  pence: number;
}
const Order = z.object({ orderId: z.string(), pence: z.number().int() });
const options = { schema: Order, key: "orderId" };

function post({ body }: { body: Order }, tx: Tx): void {
  tx.put({ TableName: "Orders", Item: { ...body } });
  tx.increment({ TableName: "Counters", Key: { id: "total" } }, { pence: body.pence });
}

const failures = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

describe("a batch", () => {
  it("commits messages with their records, in one transaction, and acknowledges them", async () => {
    const { orders, memory, host, requests, context } = testConsumer(options);
    const event = sqsEvent({ body: { orderId: "a", pence: 5 } }, { body: { orderId: "b", pence: 7 } });
    expect(await host.run(orders.lambda(post)(event, context()))).toEqual(failures());
    expect(memory.items("Counters")).toEqual([{ id: { S: "total" }, pence: { N: "12" } }]);
    expect(memory.items("Orders").map(({ orderId }) => orderId)).toEqual([{ S: "a" }, { S: "b" }]);
    expect(memory.items(RECORDS)).toHaveLength(2);
    // Key names are looked up once a process; then both go together.
    expect(requests.map(({ request }) => request.operation)).toEqual(["DescribeTable", "TransactWriteItems"]);
  });

  it("commits each message by itself without group commit", async () => {
    const { orders, memory, host, requests, context } = testConsumer({ ...options, groupCommit: false });
    const event = sqsEvent({ body: { orderId: "a", pence: 5 } }, { body: { orderId: "b", pence: 7 } });
    expect(await host.run(orders.lambda(post)(event, context()))).toEqual(failures());
    expect(memory.items("Counters")).toEqual([{ id: { S: "total" }, pence: { N: "12" } }]);
    expect(requests.map(({ request }) => request.operation)).toEqual(["TransactWriteItems", "TransactWriteItems"]);
  });

  it("writes a record with format, status, attempt, fingerprint, time and lifetime", async () => {
    const { orders, memory, host, context } = testConsumer(options);
    await host.run(orders.lambda(post)(sqsEvent({ body: { orderId: "a", pence: 5 } }), context()));
    const [record] = memory.items(RECORDS);
    expect(record).toEqual({
      pk: { S: expect.stringMatching(/^orders#[0-9a-f]{64}$/) },
      formatVersion: { N: "1" },
      status: { S: "COMPLETED" },
      messageId: { S: "m-1" },
      attemptId: { S: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      fingerprint: { S: expect.stringMatching(/^1:[0-9a-f]{64}$/) },
      committedAt: { N: "1767600000000" },
      expiresAt: { N: String(1_767_600_000 + 40 * 86_400) },
    });
  });

  it("acknowledges a duplicate without running its effects again", async () => {
    const { orders, memory, host, context } = testConsumer(options);
    const handler = orders.lambda(post);
    const body = { orderId: "a", pence: 5 };
    await host.run(handler(sqsEvent({ messageId: "first", body }), context()));
    expect(await host.run(handler(sqsEvent({ messageId: "second", body }), context()))).toEqual(failures());
    expect(memory.items("Counters")).toMatchObject([{ pence: { N: "5" } }]);
  });

  it("fails a message of a committed key with another payload (I7)", async () => {
    const { orders, memory, host, context, codes } = testConsumer(options);
    const handler = orders.lambda(post);
    await host.run(handler(sqsEvent({ body: { orderId: "a", pence: 5 } }), context()));
    const response = await host.run(handler(sqsEvent({ body: { orderId: "a", pence: 6 } }), context()));
    expect(response).toEqual(failures("m-1"));
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
    expect(memory.items("Counters")).toMatchObject([{ pence: { N: "5" } }]);
  });

  it("lets the fingerprint option say what must be the same", async () => {
    const { orders, host, context } = testConsumer({ ...options, fingerprint: ({ body }) => body.orderId });
    const handler = orders.lambda(post);
    await host.run(handler(sqsEvent({ body: { orderId: "a", pence: 5 } }), context()));
    expect(await host.run(handler(sqsEvent({ body: { orderId: "a", pence: 6 } }), context()))).toEqual(failures());
  });

  it("fails an unparsable body, a refused one, one without a key and a throwing one alone", async () => {
    const { orders, memory, host, context, codes } = testConsumer({ schema: Order, key: ({ body }) => body.orderId });
    const event = sqsEvent(
      { body: "{" },
      { body: { orderId: "b" } },
      { body: { orderId: "", pence: 1 } },
      { body: { orderId: "d", pence: 1 } },
      { body: { orderId: "e", pence: 1 } },
      { body: { orderId: "f", pence: 1 } },
    );
    const handler = orders.lambda((message, tx) => {
      post(message, tx);
      if (message.body.orderId === "d") throw null;
      if (message.body.orderId === "e") throw Object.create(null);
    });
    expect(await host.run(handler(event, context()))).toEqual(failures("m-1", "m-2", "m-3", "m-4", "m-5"));
    expect(codes().sort()).toEqual(["SEMEL_BODY", "SEMEL_HANDLER", "SEMEL_HANDLER", "SEMEL_KEY", "SEMEL_SCHEMA"]);
    expect(memory.items("Orders")).toMatchObject([{ orderId: { S: "f" } }]);
  });

  it("B1: runs one of several messages with the same key; the others get its outcome", async () => {
    const { orders, memory, host, context, codes } = testConsumer(options);
    const [same, other] = [
      { orderId: "a", pence: 5 },
      { orderId: "a", pence: 6 },
    ];
    const event = sqsEvent({ body: same }, { body: same }, { body: other });
    let runs = 0;
    const handler = orders.lambda((message, tx) => {
      runs++;
      post(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(failures("m-3"));
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
    expect(runs).toBe(1);
    expect(memory.items("Counters")).toMatchObject([{ pence: { N: "5" } }]);
  });

  it("B1: fails both copies of a message when the one that runs fails", async () => {
    const { orders, host, context } = testConsumer(options);
    const body = { orderId: "a", pence: 5 };
    const event = sqsEvent({ messageId: "same", body }, { messageId: "same", body });
    const handler = orders.lambda(() => {
      throw new Error("no");
    });
    expect(await host.run(handler(event, context()))).toEqual(failures("same"));
  });

  it("runs as many messages side by side as the option says", async () => {
    for (const concurrency of [1, 3]) {
      const { orders, host, context } = testConsumer({ ...options, concurrency });
      let [running, most] = [0, 0];
      const handler = orders.lambda(async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => host.after(10, resolve));
        running--;
      });
      const bodies = Array.from({ length: 7 }, (_, index) => ({ body: { orderId: `o${index}`, pence: 1 } }));
      expect(await host.run(handler(sqsEvent(...bodies), context()))).toEqual(failures());
      expect(most).toBe(concurrency);
    }
  });
});

describe("the default key", () => {
  const stamped = { "semel-idempotency-key": { stringValue: "k-1", dataType: "String" } };

  it("is the attribute that a publisher stamps", async () => {
    const { orders, memory, host, context } = testConsumer();
    let key = "";
    const handler = orders.lambda((_message, tx) => {
      key = tx.key;
    });
    await host.run(handler(sqsEvent({ body: 1, messageAttributes: stamped }), context()));
    expect(key).toBe("k-1");
    expect(memory.items(RECORDS)).toHaveLength(1);
  });

  it("fails closed where it is missing: the message id is used only by name", async () => {
    const { orders, host, context, logged } = testConsumer();
    expect(await host.run(orders.lambda(() => {})(sqsEvent({ body: 1 }), context()))).toEqual(failures("m-1"));
    expect(logged[0]?.message).toMatch(/attribute semel-idempotency-key \(no key option\) gave undefined/);

    const byName = testConsumer({ key: "messageId" });
    expect(await byName.host.run(byName.orders.lambda(() => {})(sqsEvent({ body: 1 }), byName.context()))).toEqual(
      failures(),
    );
  });
});

it("counts outcomes as metrics, since a failed message is no error of the function", async () => {
  const added: [string, string, number][] = [];
  let published = 0;
  const metrics = {
    addMetric: (name: string, unit: "Count", value: number) => void added.push([name, unit, value]),
    publishStoredMetrics: () => void published++,
  };
  const { orders, host, context } = testConsumer({ ...options, metrics });
  const body = { orderId: "a", pence: 5 };
  await host.run(orders.lambda(post)(sqsEvent({ body }, { body }, { body: "{" }), context()));
  expect(added.sort()).toEqual([
    ["MessagesCommitted", "Count", 1],
    ["MessagesDuplicate", "Count", 1],
    ["MessagesFailed", "Count", 1],
  ]);
  expect(published).toBe(1);
});
