// The effect of contenders that write it by themselves.

import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Body } from "../events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, ENVIRONMENT } from "../names.ts";

export async function increment(client: DynamoDBClient, text: string): Promise<void> {
  const { item, amount } = JSON.parse(text) as Body;
  await client.send(
    new UpdateItemCommand({
      TableName: process.env[ENVIRONMENT.counters],
      Key: { [COUNTERS_KEY]: { S: item } },
      UpdateExpression: "ADD #counted :amount",
      ExpressionAttributeNames: { "#counted": COUNTED_ATTRIBUTE },
      ExpressionAttributeValues: { ":amount": { N: String(amount) } },
    }),
  );
}
