// The same function without semel, for comparison: reads each device's statistics, folds its readings into them, and writes them.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord, DynamoDBStreamHandler } from "aws-lambda";
import { ReadingChange } from "./reading.ts";
import { foldReading, NO_READINGS, type Statistics } from "./statistics.ts";
import { STATISTICS, STATISTICS_KEY } from "./tables.ts";

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

export const handler: DynamoDBStreamHandler = async ({ Records }) => {
  const devices = Map.groupBy(Records, ({ dynamodb }) => JSON.stringify(dynamodb?.Keys));
  for (const [device, changes] of devices) await fold(device, changes);
  return { batchItemFailures: [] };
};

async function fold(device: string, changes: readonly DynamoDBRecord[]): Promise<void> {
  const Key = { [STATISTICS_KEY]: device };
  const { Item } = await client.send(new GetCommand({ TableName: STATISTICS, Key, ConsistentRead: true }));
  let state: Statistics = Item?.["state"] ?? NO_READINGS;
  for (const { dynamodb } of changes) {
    const image = dynamodb?.NewImage as Parameters<typeof unmarshall>[0] | undefined;
    const { newImage } = ReadingChange.parse({ newImage: image && unmarshall(image) });
    if (newImage) state = foldReading(state, newImage);
  }
  await client.send(new PutCommand({ TableName: STATISTICS, Item: { ...Key, state } }));
}
