// HC1 to HC3: what the SDK's own clients make of the store of an exploration, laid beside the embedded engine's answers; and how
// their retries meet its faults.

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assertExactlyOnce, type ExactlyOnceCase, stub } from "../../lib/testing/index.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";

const TableName = "Things";
const TABLES = { [TableName]: { partitionKey: "id", sortKey: "at", sortKeyType: "N" } } as const;
const key = (id: string, at: number) => ({ id: { S: id }, at: { N: String(at) } });
const item = (id: string, at: number) => ({ ...key(id, at), data: { B: new Uint8Array([1, 2, at]) }, n: { N: "1" } });
const names = { ExpressionAttributeNames: { "#n": "n" } };

/** Each by itself, one after the other. */
const COMMANDS: readonly [string, () => object][] = [
  ["a put", () => new PutItemCommand({ TableName, Item: item("a", 1) })],
  [
    "a put that gives the old item",
    () => new PutItemCommand({ TableName, Item: item("a", 1), ReturnValues: "ALL_OLD" }),
  ],
  [
    "a condition that fails",
    () =>
      new PutItemCommand({
        TableName,
        Item: item("a", 1),
        ConditionExpression: "attribute_not_exists(id)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
  ],
  ...(["ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW"] as const).map((ReturnValues): [string, () => object] => [
    `an update that gives ${ReturnValues}`,
    () =>
      new UpdateItemCommand({
        TableName,
        Key: key("a", 1),
        UpdateExpression: "ADD #n :one SET flag = :flag",
        ...names,
        ExpressionAttributeValues: { ":one": { N: "1" }, ":flag": { BOOL: true } },
        ReturnValues,
      }),
  ]),
  ["a get", () => new GetItemCommand({ TableName, Key: key("a", 1), ConsistentRead: true })],
  ["a get of nothing", () => new GetItemCommand({ TableName, Key: key("z", 1) })],
  ["a key that does not fit", () => new GetItemCommand({ TableName, Key: { id: { S: "a" } } })],
  [
    "a batch of writes",
    () =>
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: [
            ...[2, 3, 4].map((at) => ({ PutRequest: { Item: item("a", at) } })),
            { DeleteRequest: { Key: key("a", 1) } },
          ],
        },
      }),
  ],
  ["a batch of reads", () => new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key("a", 2)] } } })],
  [
    "a transaction of reads",
    () =>
      new TransactGetItemsCommand({ TransactItems: [2, 9].map((at) => ({ Get: { TableName, Key: key("a", at) } })) }),
  ],
  [
    "a query",
    () =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: "id = :id AND #at BETWEEN :from AND :to",
        ExpressionAttributeNames: { "#at": "at" },
        ExpressionAttributeValues: { ":id": { S: "a" }, ":from": { N: "2" }, ":to": { N: "3" } },
        ScanIndexForward: false,
      }),
  ],
  [
    "a query of one",
    () =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: "id = :id",
        ExpressionAttributeValues: { ":id": { S: "a" } },
        Limit: 1,
      }),
  ],
  [
    "a query that goes on",
    () =>
      new QueryCommand({
        TableName,
        KeyConditionExpression: "id = :id",
        FilterExpression: "#n = :one",
        ...names,
        ExpressionAttributeValues: { ":id": { S: "a" }, ":one": { N: "1" } },
        ExclusiveStartKey: key("a", 2),
      }),
  ],
  ["a scan that counts", () => new ScanCommand({ TableName, Select: "COUNT" })],
  ["a scan of one attribute", () => new ScanCommand({ TableName, ProjectionExpression: "#n", ...names })],
  ["a delete", () => new DeleteItemCommand({ TableName, Key: key("a", 2), ReturnValues: "ALL_OLD" })],
  [
    "a delete whose condition fails",
    () => new DeleteItemCommand({ TableName, Key: key("a", 2), ConditionExpression: "attribute_exists(id)" }),
  ],
  [
    "a transaction that is cancelled",
    () =>
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: item("b", 1) } },
          { Delete: { TableName, Key: key("a", 9), ConditionExpression: "attribute_exists(id)" } },
        ],
      }),
  ],
  [
    "a transaction",
    () => new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: item("b", 1) } }] }),
  ],
];

/** What a caller sees, without what belongs to the wire. */
async function outcomes(client: DynamoDBClient): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const [, command] of COMMANDS) {
    const outcome = await client.send(command() as GetItemCommand).then(
      ({ $metadata, ...answer }) => answer,
      ({ name, Item, CancellationReasons }) => ({
        name,
        Item,
        codes: CancellationReasons?.map(({ Code }: { Code?: string }) => Code),
      }),
    );
    all.push(outcome);
  }
  return all;
}

/** Runs it in a sandbox, once. */
async function inSandbox(act: () => Promise<unknown>, given: Partial<ExactlyOnceCase<string>>): Promise<unknown> {
  let result: unknown;
  const handler = async (): Promise<void> => {
    result = await act();
  };
  const once = { events: ["go"], tables: TABLES, effects: () => 1, faults: 0, deliveries: 1 };
  await assertExactlyOnce<string>(handler, { ...once, ...given });
  return result;
}

describe("the SDK's client over the store of an exploration", () => {
  let engine: Dynoxide;
  let expected: unknown[];
  beforeAll(async () => {
    engine = await startDynoxide();
    await engine.client.send(
      new CreateTableCommand({
        TableName,
        KeySchema: [
          { AttributeName: "id", KeyType: "HASH" },
          { AttributeName: "at", KeyType: "RANGE" },
        ],
        AttributeDefinitions: [
          { AttributeName: "id", AttributeType: "S" },
          { AttributeName: "at", AttributeType: "N" },
        ],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
    expected = await outcomes(engine.client);
  });
  afterAll(() => engine?.stop());

  it("answers as the embedded engine", async () => {
    const client = new DynamoDBClient({});
    const found = (await inSandbox(() => outcomes(client), { clients: [client] })) as unknown[];
    for (const [index, [name]] of COMMANDS.entries()) expect(found[index], name).toEqual(expected[index]);
    expect(found).toHaveLength(COMMANDS.length);
  });

  it("describes its tables, and speaks plain values to a document client", async () => {
    const client = new DynamoDBClient({});
    const documents = DynamoDBDocumentClient.from(client);
    const act = async (): Promise<unknown> => {
      const { Table } = await client.send(new DescribeTableCommand({ TableName }));
      await documents.send(
        new PutCommand({ TableName, Item: { id: "a", at: 1, tags: new Set(["x"]), bytes: new Uint8Array([7]) } }),
      );
      const { Item } = await documents.send(new GetCommand({ TableName, Key: { id: "a", at: 1 } }));
      return { keys: Table?.KeySchema?.map(({ AttributeName }) => AttributeName), Item };
    };
    expect(await inSandbox(act, { clients: [documents] })).toEqual({
      keys: ["id", "at"],
      Item: { id: "a", at: 1, tags: new Set(["x"]), bytes: new Uint8Array([7]) },
    });
  });

  it("HC1: goes where it went before, when the exploration is over", async () => {
    const { config } = engine.client;
    const before = { ...config };
    await inSandbox(() => engine.client.send(new GetItemCommand({ TableName, Key: key("b", 1) })), {
      clients: [engine.client],
    });
    expect(Object.entries(config).every(([name, value]) => Object.is(value, before[name as keyof typeof before]))).toBe(
      true,
    );
    const { Item } = await engine.client.send(new GetItemCommand({ TableName, Key: key("b", 1) }));
    expect(Item).toBeDefined();
  });

  it("HC3: retries by itself, in the time of the sandbox, as often in the last run as in the first", async () => {
    const client = new DynamoDBClient({ maxAttempts: 3 });
    const attempts = new Set<number | undefined>();
    const failures = new Set<unknown>();
    const note = stub("note");
    const handler = async (): Promise<void> => {
      const put = new PutItemCommand({ TableName, Item: item("a", 1) });
      await client.send(put).then(
        ({ $metadata }) => attempts.add($metadata.attempts),
        (error: { name: string; $metadata: { attempts: number } }) =>
          failures.add(`${error.name} ${error.$metadata.attempts}`),
      );
      await note();
    };
    const given: ExactlyOnceCase<string> = {
      events: ["go"],
      tables: TABLES,
      clients: [client],
      effects: ({ calls }) => Math.min(1, calls(note).length),
      faults: 3,
      deliveries: 2,
      faultKinds: ["throttled"],
    };
    const { runs } = await assertExactlyOnce(handler, given);
    expect(runs).toBeGreaterThan(20);
    expect([...attempts].sort()).toEqual([1, 2, 3]);
    expect([...failures]).toEqual(["ThrottlingException 3"]);
  });
});
