// Sending with the real SDK against the embedded engine: its conditions, its keys, its sizes. Attacks OX2 to OX4 of
// lib/consumer/outbox.ts, OC1.

import { CreateTableCommand, paginateScan, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { OUTBOX_TABLE } from "../../lib/contract.ts";
import { systemHost } from "../../lib/host.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { isGroup, type OutboxItem, readOutboxItem } from "../../lib/protocol/outbox.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import { OUTBOX, RECORDS } from "../support/consumer.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { createTables } from "../support/tables.ts";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";
const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
const { partitionKey, sortKey } = OUTBOX_TABLE;

let dynoxide: Dynoxide;
beforeAll(async () => {
  dynoxide = await startDynoxide();
  const { client } = dynoxide;
  await createTables(client, { [RECORDS]: "pk" });
  await client.send(
    new CreateTableCommand({
      TableName: OUTBOX,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [partitionKey, sortKey].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
      KeySchema: [
        { AttributeName: partitionKey, KeyType: "HASH" },
        { AttributeName: sortKey, KeyType: "RANGE" },
      ],
    }),
  );
  await waitUntilTableExists({ client, minDelay: 1, maxDelay: 5, maxWaitTime: 60 }, { TableName: OUTBOX });
});
afterAll(() => dynoxide.stop());

it.each(["commit", "claim"] as const)(
  "three workers at one group under strategy %s: each message once",
  async (strategy) => {
    const names = { consumer: `${strategy}s`, table: RECORDS, retentionDays: 40, key: "id", outbox: { table: OUTBOX } };
    const groupId = strategy;
    const deliver = async (ids: readonly string[]): Promise<unknown> => {
      const send = sdkSend(dynoxide.client);
      const orders = createExactlyOnce({ ...names, strategy }, { host: systemHost, send, environment: {} });
      const handler = orders.lambda(({ body }, tx) => {
        const { id } = body as { id: string };
        tx.send(QUEUE, `${id} ${"x".repeat(200 * 1024)}`, {
          attributes: { b: { DataType: "Binary", BinaryValue: Uint8Array.of(7) } },
        });
        tx.send(QUEUE, `${id} ${"x".repeat(200 * 1024)}`);
        tx.send(`${QUEUE}.fifo`, id, { groupId });
      });
      return handler(sqsEvent(...ids.map((id) => ({ messageId: `${strategy} ${id}`, body: { id } }))), context);
    };
    const ids = ["a", "b", "c", "d", "e", "f"];
    const none = { batchItemFailures: [] };
    expect(await Promise.all([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)].map(deliver))).toEqual([
      none,
      none,
      none,
    ]);
    expect(await deliver(ids)).toEqual(none); // all of it again
    const found: Item[] = [];
    for await (const { Items = [] } of paginateScan({ client: dynoxide.client }, { TableName: OUTBOX })) {
      found.push(...(Items as Item[]));
    }
    const items = found.flatMap((item): OutboxItem[] => {
      const found = readOutboxItem(item);
      return found.kind === "messages" ? [found.item] : [];
    });
    const group = items.filter(({ messages: [first] }) => first?.kind === "sqs" && first.groupId === groupId);
    expect(group.every(({ pk }) => isGroup(pk))).toBe(true);
    expect(group.flatMap(({ messages }) => messages.map(({ body }) => body)).toSorted()).toEqual(ids);
    const numbers = group.map(({ sk }) => Number(sk.slice(0, 20))).toSorted((one, other) => one - other);
    expect(numbers).toEqual(ids.map((_, index) => (numbers[0] ?? 0) + index));
  },
);
