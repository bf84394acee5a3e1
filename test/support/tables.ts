// Tables for a test, through the real SDK.

import { CreateTableCommand, type DynamoDBClient, waitUntilTableExists } from "@aws-sdk/client-dynamodb";

const CREATION_SECONDS_MAX = 120;

/** By name: the partition key, a string. Resolves when all can be used. */
export async function createTables(client: DynamoDBClient, tables: Readonly<Record<string, string>>): Promise<void> {
  for (const [TableName, AttributeName] of Object.entries(tables)) {
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName, AttributeType: "S" }],
        KeySchema: [{ AttributeName, KeyType: "HASH" }],
      }),
    );
  }
  for (const TableName of Object.keys(tables)) {
    await waitUntilTableExists({ client, minDelay: 1, maxDelay: 5, maxWaitTime: CREATION_SECONDS_MAX }, { TableName });
  }
}
