// BatchExecuteStatement of the memory store against the embedded engine: the same random batches must end the same way.
// Attacks M6 and M7 of lib/store/memory/batch-statements.ts. More runs: SEMEL_RUNS=5000 npx vitest run test/store/memory/statements.test.ts

import { BatchExecuteStatementCommand, CreateTableCommand, paginateScan } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttributeValue, Item } from "../../../lib/aws/dynamodb.ts";
import { memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import { itemText } from "../../../lib/store/memory/values.ts";
import type { BatchStatementRequest, BatchStatementResponse, DynamoDbRequest } from "../../../lib/store/send.ts";
import { type Dynoxide, startDynoxide } from "../../support/dynoxide.ts";

const RUNS = Number(process.env["SEMEL_RUNS"] ?? 300);
const TABLES = {
  "semel.one": { partitionKey: "pk" },
  semel_two: { partitionKey: "pk", sortKey: "sk", sortKeyType: "N" as const },
};

let engine: Dynoxide;
beforeAll(async () => {
  engine = await startDynoxide();
  for (const [TableName, schema] of Object.entries(TABLES)) {
    const sortKey = "sortKey" in schema ? schema.sortKey : undefined;
    await engine.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          ...(sortKey ? [{ AttributeName: sortKey, KeyType: "RANGE" as const }] : []),
        ],
        AttributeDefinitions: [
          { AttributeName: "pk", AttributeType: "S" },
          ...(sortKey ? [{ AttributeName: sortKey, AttributeType: "N" as const }] : []),
        ],
      }),
    );
  }
});
afterAll(() => engine.stop());

interface Ending {
  /** Name and message of what the whole call threw. */
  readonly thrown?: string;
  /** Error codes of the statements; "done" without an error. */
  readonly codes?: readonly string[];
}

const codesOf = (responses: readonly BatchStatementResponse[] = []): string[] =>
  responses.map(({ Error: error }) => error?.Code ?? "done");

function requestOf(
  Statements: readonly BatchStatementRequest[],
): Extract<DynamoDbRequest, { operation: "BatchExecuteStatement" }> {
  return { operation: "BatchExecuteStatement", input: { Statements: [...Statements] } };
}

async function onEngine(Statements: readonly BatchStatementRequest[]): Promise<Ending> {
  try {
    const { Responses } = await engine.client.send(new BatchExecuteStatementCommand({ Statements: [...Statements] }));
    return { codes: codesOf(Responses as BatchStatementResponse[]) };
  } catch (error) {
    return { thrown: String(error) };
  }
}

function onMemory(memory: ReturnType<typeof memoryDynamoDb>, Statements: readonly BatchStatementRequest[]): Ending {
  try {
    return { codes: codesOf(memory.send(requestOf(Statements)).Responses) };
  } catch (error) {
    return { thrown: String(error) };
  }
}

async function engineItems(TableName: string): Promise<string[]> {
  const pages = paginateScan({ client: engine.client }, { TableName, ConsistentRead: true });
  const texts: string[] = [];
  for await (const { Items = [] } of pages) texts.push(...(Items as Item[]).map(itemText));
  return texts.sort();
}

const statementOf = (tableName: string, item: Item): BatchStatementRequest => ({
  Statement: `INSERT INTO "${tableName}" VALUE {${Object.keys(item)
    .map((name) => `'${name.replaceAll("'", "''")}':?`)
    .join(",")}}`,
  Parameters: Object.values(item),
});

const value: fc.Arbitrary<AttributeValue> = fc.constantFrom<AttributeValue>(
  { S: "" },
  { S: "text" },
  { N: "1.50" },
  { N: "-0" },
  { B: new Uint8Array([1, 2]) },
  { BOOL: true },
  { NULL: true },
  { SS: ["b", "a"] },
  { NS: ["2", "1.0"] },
  { M: { "it's": { L: [{ S: "x" }] } } },
);
const attributes = fc.dictionary(fc.constantFrom("n", "two words", "a.b", "#x", ":y", "it's", "status"), value);
const statement = fc.record({
  tableName: fc.constantFrom("semel.one", "semel_two", "semel_two", "semel_missing"),
  pk: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
    { weight: 1, arbitrary: fc.constantFrom("number", "absent") },
  ),
  sk: fc.constantFrom<AttributeValue>({ N: "1" }, { N: "1.0" }, { N: "2" }, { S: "1" }),
  attributes,
});
const batches = fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

function itemOf(one: typeof statement extends fc.Arbitrary<infer T> ? T : never, scope: string): Item {
  const keys: Item = {
    ...(one.pk === "absent" ? {} : { pk: one.pk === "number" ? { N: "1" } : { S: scope + one.pk } }),
    ...(one.tableName === "semel_two" ? { sk: one.sk } : {}),
  };
  return { ...keys, ...one.attributes };
}

it("random batches end as on the engine", { timeout: 600_000 }, async () => {
  let scopes = 0;
  const items = new Map(Object.keys(TABLES).map((tableName): [string, string[]] => [tableName, []]));
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      const scope = `${scopes++} `;
      const memory = memoryDynamoDb(TABLES);
      for (const batch of all) {
        const statements = batch.map((one) => statementOf(one.tableName, itemOf(one, scope)));
        const expected = onMemory(memory, statements);
        expect(await onEngine(statements), JSON.stringify(statements)).toEqual(expected);
        for (const code of expected.codes ?? ["thrown"]) seen.set(code, (seen.get(code) ?? 0) + 1);
      }
      for (const [tableName, texts] of items) texts.push(...memory.items(tableName).map(itemText));
    }),
    { numRuns: RUNS },
  );
  for (const [tableName, texts] of items) expect(await engineItems(tableName)).toEqual(texts.sort());
  expect([...seen.keys()].sort()).toEqual(["DuplicateItem", "ResourceNotFound", "ValidationError", "done", "thrown"]);
});

describe("what the engine refuses as a whole, or one by one, the memory store does too", () => {
  const insert = (pk: string): BatchStatementRequest => statementOf("semel.one", { pk: { S: pk } });
  it.each<[string, readonly BatchStatementRequest[]]>([
    ["no statement", []],
    ["25 statements", Array.from({ length: 25 }, (_, index) => insert(`25 ${index}`))],
    ["26 statements", Array.from({ length: 26 }, (_, index) => insert(`26 ${index}`))],
    ["an item twice", [insert("twice"), insert("other"), insert("twice")]],
    ["an empty key", [insert("")]],
    ["too few parameters", [{ ...insert("few"), Parameters: [] }, insert("many")]],
    ["no statement at all", [{ Statement: "INSERT semel", Parameters: [{ S: "x" }] }]],
    ["an item beyond 400 KB", [statementOf("semel.one", { pk: { S: "big" }, v: { S: "x".repeat(410 * 1024) } })]],
  ])("%s", async (_, statements) => {
    const memory = memoryDynamoDb(TABLES);
    expect(onMemory(memory, statements)).toEqual(await onEngine(statements));
  });

  it("a duplicate comes without its item, even where that is asked for", async () => {
    const asked = { ...insert("returned"), ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;
    const memory = memoryDynamoDb(TABLES);
    const onBoth = async (): Promise<unknown> => {
      const { Responses } = await engine.client.send(new BatchExecuteStatementCommand({ Statements: [asked] }));
      expect(memory.send(requestOf([asked])).Responses).toEqual(Responses);
      return Responses;
    };
    await onBoth();
    expect(await onBoth()).toEqual([
      {
        Error: { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" },
        TableName: "semel.one",
      },
    ]);
  });
});
