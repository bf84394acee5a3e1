// What is in a table, as plain values.

import { type AttributeValue, type DynamoDBClient, GetItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import type { Item } from "../../aws/dynamodb.ts";
import { fromItem, toItem } from "../../consumer/marshalling.ts";
import { localError, reason } from "../../local/local-error.ts";
import type { Document } from "./types.ts";

export async function scanItems(table: string, client: DynamoDBClient): Promise<Document[]> {
  const items: Document[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const start = from === undefined ? {} : { ExclusiveStartKey: from };
    const page = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true, ...start }));
    items.push(...(page.Items ?? []).map((item) => fromItem(item as Item)));
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return items;
}

export async function readItem(table: string, key: Document, client: DynamoDBClient): Promise<Document | undefined> {
  try {
    const get = new GetItemCommand({
      TableName: table,
      Key: toItem(key) as Record<string, AttributeValue>,
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get);
    return item && fromItem(item as Item);
  } catch (thrown) {
    throw localError(`Cannot read the item of table ${table} with the key ${shown(key)}: ${reason(thrown)}`, thrown);
  }
}

function shown(key: Document): string {
  return JSON.stringify(key, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ?? typeof key;
}
