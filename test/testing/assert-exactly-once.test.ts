import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { it } from "vitest";
import { exactlyOnce } from "../../lib/index.ts";
import { assertExactlyOnce } from "../../lib/testing/index.ts";

const client = new DynamoDBClient({});
const orders = exactlyOnce<never>({ consumer: "orders", table: "Records", retentionDays: 30, key: "orderId" });

it("semel", async () => {
  const handler = orders.lambda(({ body }, tx) => {
    const { orderId } = body as { orderId: string };
    tx.increment({ TableName: "Orders", Key: { orderId } }, { count: 1 });
  });
  for (const faults of [1, 2]) {
    console.log(
      await assertExactlyOnce(handler, {
        events: [{ orderId: "o-1" }],
        tables: { Orders: "orderId" },
        recordTable: "Records",
        faults,
        effects: ({ items }, { body }) =>
          Number(items("Orders").find(({ orderId }) => orderId === body.orderId)?.["count"] ?? 0),
      }),
    );
  }
});

it("plain", async () => {
  const handler = async ({ Records }: { Records: { body: string }[] }) => {
    for (const { body } of Records) {
      const { orderId } = JSON.parse(body) as { orderId: string };
      await client.send(
        new UpdateItemCommand({
          TableName: "Orders",
          Key: { orderId: { S: orderId } },
          UpdateExpression: "ADD n :n",
          ExpressionAttributeValues: { ":n": { N: "1" } },
        }),
      );
    }
  };
  const error = await assertExactlyOnce(handler, {
    events: [{ orderId: "o-1" }],
    tables: { Orders: "orderId" },
    clients: [client],
    deliveries: 1,
    effects: ({ items }, { body }) =>
      Number(items("Orders").find(({ orderId }) => orderId === body.orderId)?.["n"] ?? 0),
  }).catch((error) => error);
  console.log(error.message);
});
