// What is often written by hand: look for the record, do the effect, put the record. A crash or a second worker between
// the steps repeats the effect.

import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import type { SQSHandler, SQSRecord } from "aws-lambda";
import { ENVIRONMENT } from "../names.ts";
import { increment } from "./increment.ts";
import { settle } from "./settle.ts";

const TTL_SECONDS = 30 * 24 * 60 * 60;
const client = new DynamoDBClient();

export const handler: SQSHandler = ({ Records }) => settle(Records, post);

async function post({ messageId, body }: SQSRecord): Promise<void> {
  const TableName = process.env[ENVIRONMENT.records];
  const id = { S: messageId };
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: { id }, ConsistentRead: true }));
  if (Item !== undefined) return;
  await increment(client, body);
  const expiresAt = { N: String(Math.floor(Date.now() / 1000) + TTL_SECONDS) };
  await client.send(new PutItemCommand({ TableName, Item: { id, expiresAt } }));
}
