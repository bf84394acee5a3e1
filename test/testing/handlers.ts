// Handlers to be explored, and what their effects are: each order adds one to its item in the table Orders.

import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { SQSEvent } from "aws-lambda";
import type { ExactlyOnceCase } from "../../lib/testing/index.ts";

export interface Order {
  readonly orderId: string;
}

export const client: DynamoDBClient = new DynamoDBClient({});

export const ORDERS: Pick<ExactlyOnceCase<Order>, "events" | "tables" | "recordTable" | "effects"> = {
  events: [{ orderId: "o-1" }],
  tables: { Orders: "orderId" },
  recordTable: "Records",
  effects: ({ items }, { body }) =>
    Number(items("Orders").find(({ orderId }) => orderId === body.orderId)?.["count"] ?? 0),
};

export function ordersOf({ Records }: SQSEvent): Order[] {
  return Records.map(({ body }) => JSON.parse(body) as Order);
}

/** Outside of any transaction. */
export async function addOne({ orderId }: Order): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName: "Orders",
      Key: { orderId: { S: orderId } },
      UpdateExpression: "ADD #count :one",
      ExpressionAttributeNames: { "#count": "count" },
      ExpressionAttributeValues: { ":one": { N: "1" } },
    }),
  );
}
