// Requests that the embedded engine answers otherwise than AWS. The memory store takes AWS's side, by its documentation or
// by what others measured against it. When an engine's update removes a difference, its test here fails: remove the entry,
// and its exclusion.

import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CancellationReason, Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import { memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import { type Dynoxide, startDynoxide } from "../../support/dynoxide.ts";
import { EXCLUSIONS } from "./exclusions.ts";

const T = "semel-one";
const SEED: Item = { pk: { S: "a" }, n: { N: "1" }, s: { S: "text" }, m: { M: { x: { N: "1" } } }, q: { NULL: true } };

interface Difference {
  readonly name: string;
  readonly why: string;
  readonly action: TransactWriteItem;
  /** The error's name, and the first cancellation code if it is a cancellation. */
  readonly aws: string;
  readonly engine: string;
}

const STATIC =
  "refused before the transaction runs (paritysuite/dynamodb-conformance, validation-ordering/transactions)";
const ACCEPTED = "accepted: see extenddb pull 169, captured from AWS";
const CONDITIONS = "ScyllaDB's alternator tests, run against AWS, and dynalite's grammar";
const update = (UpdateExpression: string, values?: Item): TransactWriteItem => ({
  Update: {
    TableName: T,
    Key: { pk: { S: "a" } },
    UpdateExpression,
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  },
});
const check = (ConditionExpression: string, values?: Item): TransactWriteItem => ({
  ConditionCheck: {
    TableName: T,
    Key: { pk: { S: "a" } },
    ConditionExpression,
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
  },
});
const CANCELLED = "TransactionCanceledException";
const INVALID = "ValidationException";

const DIFFERENCES: readonly Difference[] = [
  { name: "syntax error", why: STATIC, action: check("n = ="), aws: INVALID, engine: `${CANCELLED} ValidationError` },
  {
    name: "undefined value",
    why: STATIC,
    action: check("n = :v"),
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "undefined name",
    why: STATIC,
    action: check("attribute_exists(#n)"),
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "unused value",
    why: STATIC,
    action: check("attribute_exists(n)", { ":v": { N: "1" } }),
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "placeholders without an expression",
    why: ACCEPTED,
    action: { Put: { TableName: T, Item: SEED, ExpressionAttributeNames: { "#n": "n" } } },
    aws: "ok",
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "reserved word",
    why: STATIC,
    action: check("attribute_exists(status)"),
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "redundant parentheses",
    why: "floci issue 3690",
    action: check("((n = s))"),
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  { name: "an operand compared with itself", why: CONDITIONS, action: check("n = n"), aws: INVALID, engine: "ok" },
  {
    name: "order with a value that has none",
    why: CONDITIONS,
    action: check("n < :v", { ":v": { BOOL: true } }),
    aws: INVALID,
    engine: `${CANCELLED} ConditionalCheckFailed`,
  },
  {
    name: "BETWEEN with bounds the wrong way round",
    why: CONDITIONS,
    action: check("n BETWEEN :a AND :b", { ":a": { N: "2" }, ":b": { N: "1" } }),
    aws: INVALID,
    engine: `${CANCELLED} ConditionalCheckFailed`,
  },
  {
    name: "attribute_type with no type",
    why: CONDITIONS,
    action: check("attribute_type(n, :v)", { ":v": { S: "Q" } }),
    aws: INVALID,
    engine: `${CANCELLED} ConditionalCheckFailed`,
  },
  {
    name: "begins_with a number",
    why: CONDITIONS,
    action: check("begins_with(s, :v)", { ":v": { N: "1" } }),
    aws: INVALID,
    engine: `${CANCELLED} ConditionalCheckFailed`,
  },
  {
    name: "update of a key attribute",
    why: "documented for UpdateItem: key attributes cannot be updated; the engine even moves the item",
    action: update("SET pk = :v", { ":v": { S: "z" } }),
    aws: `${CANCELLED} ValidationError`,
    engine: "ok",
  },
  {
    name: "one path twice",
    why: "moto pull 8648, captured from AWS",
    action: update("SET n = :v, n = :v", { ":v": { N: "1" } }),
    aws: INVALID,
    engine: "ok",
  },
  {
    name: "DELETE of something that is no set",
    why: "documented: DELETE supports only set data types",
    action: update("DELETE z :v", { ":v": { N: "1" } }),
    aws: INVALID,
    engine: "ok",
  },
  {
    name: "empty set",
    why: "documented under naming rules and data types: empty sets are not allowed; checked with the request",
    action: { Put: { TableName: T, Item: { pk: { S: "a" }, g: { SS: [] } } } },
    aws: INVALID,
    engine: `${CANCELLED} ValidationError`,
  },
  {
    name: "removal below a missing parent",
    why: EXCLUSIONS[0]?.aws ?? "",
    action: update("REMOVE z.x"),
    aws: `${CANCELLED} ValidationError`,
    engine: "ok",
  },
  {
    name: "SET or ADD below a null",
    why: EXCLUSIONS[2]?.aws ?? "",
    action: update("SET q.x = :v", { ":v": { N: "1" } }),
    aws: `${CANCELLED} ValidationError`,
    engine: "ok",
  },
];

let engine: Dynoxide;
beforeAll(async () => {
  engine = await startDynoxide();
  await engine.client.send(
    new CreateTableCommand({
      TableName: T,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
    }),
  );
});
afterAll(() => engine.stop());

describe("AWS's side and the engine's", () => {
  test.each(DIFFERENCES)("$name", async ({ action, aws, engine: engineSays }) => {
    const memory = memoryDynamoDb({ [T]: { partitionKey: "pk" } });
    memory.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Put: { TableName: T, Item: SEED } }] } });
    await engine.client.send(new PutItemCommand({ TableName: T, Item: SEED }));
    const input = { TransactItems: [action] };
    expect(await outcomeOf(() => memory.send({ operation: "TransactWriteItems", input }))).toBe(aws);
    expect(await outcomeOf(() => engine.client.send(new TransactWriteItemsCommand(input)))).toBe(engineSays);
  });

  test("SET or ADD beyond the end of a list", async () => {
    const append = update("SET l[5] = :v", { ":v": { N: "1" } });
    const seed: TransactWriteItem = { Put: { TableName: T, Item: { ...SEED, l: { L: [] } } } };
    const memory = memoryDynamoDb({ [T]: { partitionKey: "pk" } });
    for (const action of [seed, append]) {
      memory.send({ operation: "TransactWriteItems", input: { TransactItems: [action] } });
      await engine.client.send(new TransactWriteItemsCommand({ TransactItems: [action] }));
    }
    const nulls = Array.from({ length: 5 }, () => ({ NULL: true }));
    expect(memory.items(T)[0]?.["l"]).toEqual({ L: [{ N: "1" }] });
    const { Item } = await engine.client.send(new GetItemCommand({ TableName: T, Key: { pk: { S: "a" } } }));
    expect(Item?.["l"]).toEqual({ L: [...nulls, { N: "1" }] });
  });

  test("ADD to a list of which an element is removed", async () => {
    const seed: TransactWriteItem = { Put: { TableName: T, Item: { ...SEED, l: { L: [{ N: "1" }, { N: "5" }] } } } };
    const both = update("REMOVE l[0] ADD l[1] :v", { ":v": { N: "1" } });
    const memory = memoryDynamoDb({ [T]: { partitionKey: "pk" } });
    for (const action of [seed, both]) {
      memory.send({ operation: "TransactWriteItems", input: { TransactItems: [action] } });
      await engine.client.send(new TransactWriteItemsCommand({ TransactItems: [action] }));
    }
    expect(memory.items(T)[0]?.["l"]).toEqual({ L: [{ N: "6" }] });
    const { Item } = await engine.client.send(new GetItemCommand({ TableName: T, Key: { pk: { S: "a" } } }));
    expect(Item?.["l"]).toEqual({ L: [{ N: "5" }, { N: "1" }] });
  });

  test("every exclusion of the comparison is among them", () => {
    const alone = ["SET or ADD beyond the end of a list", "ADD to a list of which an element is removed"];
    const names = [...DIFFERENCES.map((one) => one.name), ...alone];
    for (const { name } of EXCLUSIONS) expect(names).toContain(name);
  });
});

async function outcomeOf(act: () => unknown): Promise<string> {
  try {
    await act();
    return "ok";
  } catch (error) {
    const { name, CancellationReasons } = error as Error & { CancellationReasons?: CancellationReason[] };
    return [name, ...(CancellationReasons ?? []).map((reason) => reason.Code)].join(" ");
  }
}
