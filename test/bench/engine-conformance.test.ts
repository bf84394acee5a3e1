// The benchmark's engine answers the requests that contenders send as the embedded engine does, through the real SDK.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  type CancellationReason,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { noCounters } from "../../bench/engine/counters.ts";
import { fakeDynamoDb } from "../../bench/engine/fake-dynamodb.ts";
import { type EngineServer, engineServer } from "../../bench/engine/server.ts";
import { emptyTable, keyAttributes } from "../../lib/store/memory/table.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";

const TableName = "Items";
const counters = noCounters();
let embedded: Dynoxide;
let fake: EngineServer;
let fakeClient: DynamoDBClient;

beforeAll(async () => {
  embedded = await startDynoxide();
  await embedded.client.send(
    new CreateTableCommand({
      TableName,
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }),
  );
  const tables = new Map([[TableName, emptyTable(keyAttributes({ partitionKey: "id" }))]]);
  fake = engineServer(fakeDynamoDb(tables, counters));
  await once(fake.server.listen(0, "127.0.0.1"), "listening");
  fakeClient = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${(fake.server.address() as AddressInfo).port}`,
    region: "eu-west-1",
    credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    maxAttempts: 1,
  });
});

afterAll(async () => {
  await embedded?.stop();
  fakeClient?.destroy();
  fake?.server.close();
});

/** Any of the SDK's commands; their types have no common one that `send` takes. */
type Command = object;

/** What a caller can tell: the output, or the error with its reasons. Texts of errors are not compared. */
async function outcome(client: DynamoDBClient, command: Command): Promise<unknown> {
  try {
    const { $metadata, ...output } = await client.send(command as GetItemCommand);
    expect($metadata.requestId).toMatch(/./);
    return output;
  } catch (error) {
    const { name, Item, CancellationReasons } = error as Error & {
      Item?: unknown;
      CancellationReasons?: CancellationReason[];
    };
    const reasons = CancellationReasons?.map(({ Code, Item: item }) => ({ Code, ...(item && { item }) }));
    return { name, Item, reasons };
  }
}

const put = (id: string, n: string, condition?: string): TransactWriteItem => ({
  Put: {
    TableName,
    Item: { id: { S: id }, n: { N: n } },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
  },
});
const add = (id: string, amount: string) => ({
  TableName,
  Key: { id: { S: id } },
  UpdateExpression: "ADD #n :n",
  ExpressionAttributeNames: { "#n": "n" },
  ExpressionAttributeValues: { ":n": { N: amount } },
});
const transact = (...TransactItems: TransactWriteItem[]): Command => new TransactWriteItemsCommand({ TransactItems });
const get = (id: string, more: object = {}): Command =>
  new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true, ...more });
const lease = {
  TableName,
  Item: { id: { S: "lease" }, status: { S: "INPROGRESS" }, expiry: { N: "200" } },
  ConditionExpression:
    "attribute_not_exists(#id) OR #expiry < :now OR (#status = :p AND attribute_exists(#ipe) AND #ipe < :ms)",
  ExpressionAttributeNames: { "#id": "id", "#expiry": "expiry", "#ipe": "in_progress_expiry", "#status": "status" },
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
} as const;
const leaseAt = (now: string): Command => {
  const ExpressionAttributeValues = { ":now": { N: now }, ":ms": { N: `${now}000` }, ":p": { S: "INPROGRESS" } };
  return new PutItemCommand({ ...lease, ExpressionAttributeValues });
};

const inserts = (...ids: string[]): Command =>
  new BatchExecuteStatementCommand({
    Statements: ids.map((id) => ({
      Statement: `INSERT INTO "${id === "nowhere" ? "Nowhere" : TableName}" VALUE {'id':?,'it''s':?}`,
      Parameters: [{ S: id }, { N: "1" }],
    })),
  });

const REQUESTS: readonly (readonly [string, Command])[] = [
  ["a read of nothing", get("a")],
  ["an increment makes the item", new UpdateItemCommand(add("a", "5"))],
  ["an increment adds", new UpdateItemCommand(add("a", "-2.5"))],
  ["the same increment once more", new UpdateItemCommand(add("a", "-2.5"))],
  ["a read", get("a")],
  ["a projected read", get("a", { ProjectionExpression: "#n", ExpressionAttributeNames: { "#n": "n" } })],
  ["a lease on nothing", leaseAt("100")],
  ["a lease that is taken, with the old item", leaseAt("100")],
  ["a lease that ran out", leaseAt("300")],
  [
    "a put that may not replace",
    new PutItemCommand({ ...put("a", "1").Put, ConditionExpression: "attribute_not_exists(id)" } as never),
  ],
  [
    "SET of several attributes",
    new UpdateItemCommand({
      TableName,
      Key: { id: { S: "lease" } },
      UpdateExpression: "SET #status = :done, #d = :d",
      ExpressionAttributeNames: { "#status": "status", "#d": "data" },
      ExpressionAttributeValues: { ":done": { S: "COMPLETED" }, ":d": { M: { ok: { BOOL: true } } } },
    }),
  ],
  ["what it made", get("lease")],
  [
    "a transaction of a record and an increment",
    transact(put("r1", "1", "attribute_not_exists(id)"), { Update: add("b", "1") }),
  ],
  [
    "the same again is cancelled, with its record",
    transact(put("r1", "2", "attribute_not_exists(id)"), { Update: add("b", "1") }),
  ],
  [
    "one duplicate cancels the innocent",
    transact(put("r2", "1", "attribute_not_exists(id)"), put("r1", "1", "attribute_not_exists(id)")),
  ],
  ["the innocent is not there", get("r2")],
  ["the cancelled increment is not there", get("b")],
  [
    "a check and a delete",
    transact(
      { ConditionCheck: { TableName, Key: { id: { S: "a" } }, ConditionExpression: "attribute_exists(id)" } },
      { Delete: { TableName, Key: { id: { S: "r1" } } } },
    ),
  ],
  ["an item twice in one transaction", transact(put("c", "1"), { Update: add("c", "1") })],
  [
    "an increment of a text",
    transact({ Update: { ...add("lease", "1"), ExpressionAttributeNames: { "#n": "status" } } }),
  ],
  ["an update of nothing's key", new UpdateItemCommand({ ...add("a", "1"), ExpressionAttributeNames: { "#n": "id" } })],
  ["a syntax error", new UpdateItemCommand({ ...add("a", "1"), UpdateExpression: "ADD #n" })],
  ["a placeholder too many", get("a", { ExpressionAttributeNames: { "#n": "n" } })],
  ["no such table", new GetItemCommand({ TableName: "Nowhere", Key: { id: { S: "a" } } })],
  ["a wrong key", new GetItemCommand({ TableName, Key: { other: { S: "a" } } })],
  ["a delete", new DeleteItemCommand({ TableName, Key: { id: { S: "b" } } })],
  ["a delete of nothing", new DeleteItemCommand({ TableName, Key: { id: { S: "b" } } })],
  ["what was deleted", get("b")],
];

it("answers alike, request for request", async () => {
  for (const [name, command] of REQUESTS) {
    const [ours, theirs] = [await outcome(fakeClient, command), await outcome(embedded.client, command)];
    expect(ours, name).toEqual(theirs);
  }
});

it("inserts many items at once, each judged alone", async () => {
  const codes = async (client: DynamoDBClient, command: Command): Promise<unknown> => {
    const { Responses } = (await outcome(client, command)) as { Responses?: { Error?: { Code?: string } }[] };
    return Responses?.map(({ Error: error }) => error?.Code);
  };
  const [mixed, before] = [["s1", "nowhere", "s2", ""], counters.writeUnits];
  for (const command of [inserts("s1"), inserts(...mixed), inserts(...mixed)]) {
    expect(await codes(fakeClient, command)).toEqual(await codes(embedded.client, command));
  }
  expect(counters.writeUnits - before).toBe(5); // one each, of failed ones too; none where nothing can be written
  expect(await codes(fakeClient, inserts("s1", "s3"))).toEqual(["DuplicateItem", undefined]);
  expect(await outcome(fakeClient, get("s2"))).toEqual(await outcome(embedded.client, get("s2")));
  for (const ids of [[], Array.from({ length: 26 }, (_, index) => `x${index}`)]) {
    expect(await outcome(fakeClient, inserts(...ids))).toMatchObject({ name: "ValidationException" });
  }
});

it("reads many items at once, in whatever order", async () => {
  const keys = ["m1", "m2", "m3"].map((id) => ({ id: { S: id } }));
  const read = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } } });
  const twice = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [...keys, ...keys] } } });
  const found = async (client: DynamoDBClient): Promise<unknown> => {
    await outcome(client, transact(put("m1", "1"), put("m3", "3")));
    const { Responses, UnprocessedKeys } = await client.send(read);
    const items = Responses?.[TableName]?.toSorted((a, b) => (String(a["id"]?.S) < String(b["id"]?.S) ? -1 : 1));
    return { items, UnprocessedKeys, twice: await outcome(client, twice) };
  };
  const ours = await found(fakeClient);
  expect(ours).toEqual(await found(embedded.client));
  expect(ours).toMatchObject({ items: [{ id: { S: "m1" } }, { id: { S: "m3" } }] });
});

it("describes a table's key", async () => {
  const keyOf = async (client: DynamoDBClient): Promise<unknown> =>
    (await client.send(new DescribeTableCommand({ TableName }))).Table?.KeySchema;
  expect(await keyOf(fakeClient)).toEqual(await keyOf(embedded.client));
});

it("refuses other services, and does not count them", async () => {
  const { port } = fake.server.address() as AddressInfo;
  const before = counters.requests;
  const request = { method: "POST", headers: { "x-amz-target": "AmazonSQS.ChangeMessageVisibilityBatch" }, body: "{}" };
  const response = await fetch(`http://127.0.0.1:${port}`, request);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("UnknownOperationException");
  expect(counters.requests).toBe(before);
});
