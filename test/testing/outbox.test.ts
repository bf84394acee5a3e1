// assertExactlyOnce on handlers that send through tx: exactly once in the outbox under every schedule. And one that sends by itself,
// of which a schedule is found that breaks it.

import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { exactlyOnce } from "semel";
import { assertExactlyOnce } from "semel/testing";
import { expect, it } from "vitest";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";
const options = {
  consumer: "orders",
  table: "Records",
  retentionDays: 30,
  key: "id",
  outbox: { table: "Outbox" },
} as const;
const tables = { Outbox: { partitionKey: "pk", sortKey: "sk" } };

interface Order {
  readonly id: string;
}
const idOf = (body: unknown): string => (body as Order).id;

it.each(["commit", "claim"] as const)("is exactly once under strategy %s, in groups and without", async (strategy) => {
  const orders = exactlyOnce({ ...options, strategy });
  const handler = orders.lambda(({ body }, tx) => {
    tx.send(QUEUE, idOf(body));
    tx.send(`${QUEUE}.fifo`, idOf(body), { groupId: "all" });
    tx.publish("shop", { source: "shop", detailType: "Ordered", detail: body as Order });
  });
  const report = await assertExactlyOnce<Order>(handler, {
    events: strategy === "commit" ? [{ id: "a" }, { id: "b" }] : [{ id: "a" }],
    tables,
    recordTable: "Records",
    deliveries: 1,
    effects: ({ outbox }, { body: { id } }) => {
      const messages = outbox("Outbox");
      expect(new Set(messages.map((one) => one.id)).size).toBe(messages.length);
      return messages.filter(({ body }) => body === id || body === JSON.stringify({ id })).length / 3;
    },
  });
  expect(report.schedules).toBeGreaterThan(10);
});

it("what a handler sends by itself may be doubled", async () => {
  const client = new SQSClient({ region: "eu-west-1" });
  const handler = exactlyOnce(options).lambda(async ({ body }) => {
    await client.send(new SendMessageCommand({ QueueUrl: QUEUE, MessageBody: idOf(body) }));
  });
  const exploring = assertExactlyOnce<Order>(handler, {
    events: [{ id: "a" }],
    tables,
    recordTable: "Records",
    clients: [client],
    effects: ({ sent }, { body: { id } }) => sent(QUEUE).filter(({ body }) => body === id).length,
  });
  await expect(exploring).rejects.toThrow(/doubled: the effect of the event is there 2 times/);
});
