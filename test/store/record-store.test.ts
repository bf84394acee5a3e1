// The conformance suite on the memory store, on the embedded engine through the real SDK, and on an endpoint if one is given.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { expect, it } from "vitest";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { defaultClient, sdkSend } from "../../lib/store/sdk-send.ts";
import { startDynoxide } from "../support/dynoxide.ts";
import { createTables } from "../support/tables.ts";
import { describeClaims } from "./claim-conformance.ts";
import { describeStore, type Engine } from "./conformance.ts";

const TABLES = { Records: "pk", Data: "id" };

async function onClient(client: DynamoDBClient, stop: () => Promise<void>): Promise<Engine> {
  await createTables(client, TABLES);
  return { send: sdkSend(client), stop };
}

async function inMemory(): Promise<Engine> {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Data: { partitionKey: "id" } });
  return { send: async (request) => memory.send(request), stop: async () => {} };
}

async function onDynoxide(): Promise<Engine> {
  const engine = await startDynoxide();
  return onClient(engine.client, engine.stop);
}

for (const describeAll of [describeStore, describeClaims]) {
  describeAll("the memory store", inMemory);
  describeAll("dynoxide", onDynoxide);
}

// DynamoDB Local, LocalStack or AWS: empty of the tables Records and Data. Not run where the variable is not set.
if (process.env["SEMEL_TEST_DYNAMODB_ENDPOINT"] !== undefined) {
  describeStore(process.env["SEMEL_TEST_DYNAMODB_ENDPOINT"], () => {
    const client = new DynamoDBClient({ endpoint: process.env["SEMEL_TEST_DYNAMODB_ENDPOINT"] ?? "" });
    return onClient(client, async () => client.destroy());
  });
}

describeStore("dynoxide through a document client", async () => {
  const engine = await startDynoxide();
  const client = DynamoDBDocumentClient.from(engine.client, { marshallOptions: { convertEmptyValues: true } });
  const { stop } = await onClient(engine.client, engine.stop);
  return { send: sdkSend(client), stop };
});

it("an empty success of something in between is no success", async () => {
  const send = sdkSend({ send: async () => ({ $metadata: { httpStatusCode: 200 } }) });
  const sent = send({ operation: "TransactWriteItems", input: { TransactItems: [] } }, {});
  await expect(sent).rejects.toThrow(/no request id/);
});

it("the default client leaves retries to semel", async () => {
  const client = defaultClient() as DynamoDBClient;
  expect(await client.config.maxAttempts()).toBe(1);
});
