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
  { M: { v: { S: "text" }, w: { M: { v: { N: "1.5" } } } } },
);
const attributes = fc.dictionary(fc.constantFrom("n", "two words", "a.b", "#x", ":y", "it's", "status", "m"), value);
const insert = fc.record({
  kind: fc.constant("INSERT" as const),
  tableName: fc.constantFrom("semel.one", "semel_two", "semel_two", "semel_missing"),
  pk: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
    { weight: 1, arbitrary: fc.constantFrom("number", "absent") },
  ),
  sk: fc.constantFrom<AttributeValue>({ N: "1" }, { N: "1.0" }, { N: "2" }, { S: "1" }),
  attributes,
});
/** Keys of the table's types alone: for others the engine says that the condition failed, AWS that they do not fit. */
const update = fc.record({
  kind: fc.constant("UPDATE" as const),
  tableName: fc.constantFrom("semel.one", "semel_two", "semel_two", "semel_missing"),
  pk: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
    { weight: 1, arbitrary: fc.constant("absent") },
  ),
  sk: fc.constantFrom<AttributeValue>({ N: "1" }, { N: "1.0" }, { N: "2" }),
  // No quotes in names: how they are written is not documented. No dots: the engine takes them for paths, quoted or not.
  attributes: fc.dictionary(fc.constantFrom("n", "two words", "#x", ":y", "status", "m"), value, { minKeys: 1 }),
  terms: fc.dictionary(
    fc.constantFrom("n", "status", 'm"."v', 'm"."w"."v', "two words"),
    fc.oneof(value, fc.constantFrom<AttributeValue>({ S: "x" }, { N: "1" })),
    { maxKeys: 2 },
  ),
});
const statement = fc.oneof(insert, update);
const batches = fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 });

type Arbitrated<A> = A extends fc.Arbitrary<infer T> ? T : never;

function keysOf({ tableName, pk, sk }: Arbitrated<typeof statement>, scope: string): Item {
  return {
    ...(pk === "absent" ? {} : { pk: pk === "number" ? { N: "1" } : { S: scope + pk } }),
    ...(tableName === "semel_two" ? { sk } : {}),
  };
}

function requested(one: Arbitrated<typeof statement>, scope: string): BatchStatementRequest {
  const keys = keysOf(one, scope);
  if (one.kind === "INSERT") return statementOf(one.tableName, { ...keys, ...one.attributes });
  const equalities = (pairs: Item): string[] => Object.keys(pairs).map((name) => `"${name}" = ?`);
  const where = { ...keys, ...one.terms };
  return {
    Statement: `UPDATE "${one.tableName}" SET ${equalities(one.attributes).join(", ")} WHERE ${equalities(where).join(" AND ")}`,
    Parameters: [...Object.values(one.attributes), ...Object.values(where)],
  };
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
        const statements = batch.map((one) => requested(one, scope));
        const expected = onMemory(memory, statements);
        expect(await onEngine(statements), JSON.stringify(statements)).toEqual(expected);
        for (const code of expected.codes ?? ["thrown"]) seen.set(code, (seen.get(code) ?? 0) + 1);
      }
      for (const [tableName, texts] of items) texts.push(...memory.items(tableName).map(itemText));
    }),
    { numRuns: RUNS },
  );
  for (const [tableName, texts] of items) expect(await engineItems(tableName)).toEqual(texts.sort());
  expect([...seen.keys()].sort()).toEqual(
    ["ConditionalCheckFailed", "DuplicateItem", "ResourceNotFound", "ValidationError", "done", "thrown"].sort(),
  );
});

describe("what the engine refuses as a whole, or one by one, the memory store does too", () => {
  const insert = (pk: string): BatchStatementRequest => statementOf("semel.one", { pk: { S: pk } });
  const updateOf = (pk: string, v: string): BatchStatementRequest => ({
    Statement: 'UPDATE "semel.one" SET "v" = ? WHERE "pk" = ?',
    Parameters: [{ S: v }, { S: pk }],
  });
  it.each<[string, readonly BatchStatementRequest[]]>([
    ["no statement", []],
    ["25 statements", Array.from({ length: 25 }, (_, index) => insert(`25 ${index}`))],
    ["26 statements", Array.from({ length: 26 }, (_, index) => insert(`26 ${index}`))],
    ["an item twice", [insert("twice"), insert("other"), insert("twice")]],
    ["an empty key", [insert("")]],
    ["too few parameters", [{ ...insert("few"), Parameters: [] }, insert("many")]],
    ["no statement at all", [{ Statement: "INSERT semel", Parameters: [{ S: "x" }] }]],
    ["an UPDATE of what is not there", [updateOf("nobody", "1")]],
    ["UPDATE and INSERT of one item", [insert("both"), updateOf("both", "1")]],
    ["an UPDATE beyond 400 KB", [updateOf("nobody", "x".repeat(410 * 1024))]],
    ["an UPDATE without a key", [{ ...updateOf("a", "1"), Statement: 'UPDATE "semel.one" SET "v" = ? WHERE "v" = ?' }]],
    ["an UPDATE without a condition", [{ ...updateOf("a", "1"), Statement: 'UPDATE "semel.one" SET "v" = ?' }]],
    ["too few parameters of an UPDATE", [{ ...updateOf("a", "1"), Parameters: [{ S: "1" }] }]],
    ["an item beyond 400 KB", [statementOf("semel.one", { pk: { S: "big" }, v: { S: "x".repeat(410 * 1024) } })]],
  ])("%s", async (_, statements) => {
    const memory = memoryDynamoDb(TABLES);
    expect(onMemory(memory, statements)).toEqual(await onEngine(statements));
  });

  it("what is in the way comes without its item, even where that is asked for", async () => {
    const asked = { ...insert("returned"), ReturnValuesOnConditionCheckFailure: "ALL_OLD" } as const;
    const Statement = 'UPDATE "semel.one" SET "v" = ? WHERE "pk" = ? AND "v" = ?';
    const update = { ...asked, Statement, Parameters: [{ S: "1" }, { S: "returned" }, { S: "0" }] };
    const memory = memoryDynamoDb(TABLES);
    const onBoth = async (one: BatchStatementRequest): Promise<unknown> => {
      const { Responses } = await engine.client.send(new BatchExecuteStatementCommand({ Statements: [one] }));
      expect(memory.send(requestOf([one])).Responses).toEqual(Responses);
      return Responses;
    };
    await onBoth(asked);
    expect(await onBoth(asked)).toEqual([
      {
        Error: { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" },
        TableName: "semel.one",
      },
    ]);
    expect(await onBoth(update)).toEqual([
      { Error: { Code: "ConditionalCheckFailed", Message: "The conditional request failed" }, TableName: "semel.one" },
    ]);
  });
});
