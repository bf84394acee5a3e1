// Query and BatchWriteItem of the memory store, laid beside the embedded engine's answers. Attacks M8 and M9.

import {
  BatchWriteItemCommand,
  CreateTableCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Item } from "../../../lib/aws/dynamodb.ts";
import { memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import type { QueryInput } from "../../../lib/store/send.ts";
import { type Dynoxide, startDynoxide } from "../../support/dynoxide.ts";

const TableName = "Outbox";
const memory = memoryDynamoDb({
  [TableName]: {
    partitionKey: "pk",
    sortKey: "sk",
    indexes: { unsent: { partitionKey: "unsent", sortKey: "createdAt" } },
  },
});
const item = (pk: string, sk: string, createdAt?: string): Item => ({
  pk: { S: pk },
  sk: { S: sk },
  ...(createdAt === undefined ? {} : { unsent: { S: "1" }, createdAt: { S: createdAt } }),
});
// In the index two have the same sort key, one is not in it.
const ITEMS = [
  item("g#a", "3", "09"),
  item("g#a", "1", "07"),
  item("g#a", "2", "08"),
  item("g#a", "counter"),
  item("g#b", "1", "05"),
  item("g#c", "1", "04"),
];

let engine: Dynoxide;
beforeAll(async () => {
  engine = await startDynoxide();
  const key = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: "HASH" as const },
    { AttributeName: range, KeyType: "RANGE" as const },
  ];
  await engine.client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: key("pk", "sk"),
      AttributeDefinitions: ["pk", "sk", "unsent", "createdAt"].map((name) => ({
        AttributeName: name,
        AttributeType: "S" as const,
      })),
      GlobalSecondaryIndexes: [
        { IndexName: "unsent", KeySchema: key("unsent", "createdAt"), Projection: { ProjectionType: "ALL" } },
      ],
    }),
  );
  for (const one of ITEMS) {
    memory.send({ operation: "PutItem", input: { TableName, Item: one } });
    await engine.client.send(new PutItemCommand({ TableName, Item: one }));
  }
});
afterAll(() => engine.stop());

const group = (pk: string, upTo: string): QueryInput => ({
  TableName,
  ConsistentRead: true,
  KeyConditionExpression: "#pk = :pk AND #sk <= :upTo",
  ExpressionAttributeNames: { "#pk": "pk", "#sk": "sk" },
  ExpressionAttributeValues: { ":pk": { S: pk }, ":upTo": { S: upTo } },
});
const unsent = (before: string): QueryInput => ({
  TableName,
  IndexName: "unsent",
  KeyConditionExpression: "unsent = :shard AND createdAt <= :before",
  ExpressionAttributeValues: { ":shard": { S: "1" }, ":before": { S: before } },
});

describe("a query", () => {
  it.each([
    ["of a group, in the order of the sort key", group("g#a", "2"), ["g#a 1", "g#a 2"]],
    ["of a group, without its counter", group("g#a", "9"), ["g#a 1", "g#a 2", "g#a 3"]],
    ["of a group that is not there", group("g#x", "9"), []],
    [
      "of an index, by its sort key, without what has not its attributes",
      unsent("08"),
      ["g#c 1", "g#b 1", "g#a 1", "g#a 2"],
    ],
  ])("%s is answered as by the engine, whole and page by page", async (_, input, expected) => {
    for (const Limit of [undefined, 1, 2, 3]) {
      const [found, pages] = [[], []] as [string[], number[]];
      let from: Item | undefined;
      do {
        const asked = { ...input, ...(Limit && { Limit }), ...(from && { ExclusiveStartKey: from }) };
        const own = memory.send({ operation: "Query", input: asked });
        const answer = await engine.client.send(new QueryCommand(asked as QueryCommandInput));
        expect(own).toEqual({
          Items: answer.Items,
          ...(answer.LastEvaluatedKey && { LastEvaluatedKey: answer.LastEvaluatedKey }),
        });
        found.push(...(own.Items ?? []).map(({ pk, sk }) => `${pk?.S} ${sk?.S}`));
        pages.push(own.Items?.length ?? 0);
        from = own.LastEvaluatedKey;
      } while (from);
      expect(found).toEqual(expected); // M8
      if (Limit) expect(Math.max(...pages)).toBeLessThanOrEqual(Limit); // M9
    }
  });

  it.each([
    { ...unsent("08"), IndexName: "other" },
    { ...unsent("08"), ConsistentRead: true },
    {
      ...group("g#a", "2"),
      KeyConditionExpression: "#sk <= :upTo",
      ExpressionAttributeValues: { ":upTo": { S: "2" } },
      ExpressionAttributeNames: { "#sk": "sk" },
    },
  ])("that cannot be answered is refused by both", async (input) => {
    expect(() => memory.send({ operation: "Query", input })).toThrow();
    await expect(engine.client.send(new QueryCommand(input))).rejects.toThrow();
  });
});

it("deletes in batches, also what is gone", async () => {
  const key = (pk: string, sk: string) => ({ DeleteRequest: { Key: { pk: { S: pk }, sk: { S: sk } } } });
  const input = { RequestItems: { [TableName]: [key("g#b", "1"), key("g#b", "2")] } };
  expect(memory.send({ operation: "BatchWriteItem", input })).toEqual({ UnprocessedItems: {} });
  const answer = await engine.client.send(new BatchWriteItemCommand(input));
  expect(answer.UnprocessedItems).toEqual({});
  const left = memory.send({ operation: "Query", input: group("g#b", "9") });
  expect(left.Items).toEqual([]);
  expect((await engine.client.send(new QueryCommand(group("g#b", "9") as QueryCommandInput))).Items).toEqual([]);
  const twice = { RequestItems: { [TableName]: [key("g#a", "1"), key("g#a", "1")] } };
  expect(() => memory.send({ operation: "BatchWriteItem", input: twice })).toThrow(/duplicates/);
  await expect(engine.client.send(new BatchWriteItemCommand(twice))).rejects.toThrow(/duplicates/);
});
