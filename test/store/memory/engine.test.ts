// The memory store against the embedded engine: the same random transactions must end the same way. Attacks M1, M2, M4.
// More runs: SEMEL_RUNS=5000 npx vitest run test/store/memory/engine.test.ts

import { CreateTableCommand, GetItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CancellationReason, Item } from "../../../lib/aws/dynamodb.ts";
import { memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import { itemText } from "../../../lib/store/memory/values.ts";
import type { TransactWriteItemsInput } from "../../../lib/store/send.ts";
import { type Dynoxide, startDynoxide } from "../../support/dynoxide.ts";
import { type Comparison, exclusionOf } from "./exclusions.ts";
import { type ActionTree, ONE, projection, run, type TransactionTree, TWO, toAction } from "./transactions.ts";

const RUNS = Number(process.env["SEMEL_RUNS"] ?? 200);
const TABLES = {
  [ONE]: { partitionKey: "pk" },
  [TWO]: { partitionKey: "pk", sortKey: "sk", sortKeyType: "N" as const },
};

let engine: Dynoxide;
let scopes = 0;
/** Shows that the random transactions reach every outcome. */
const outcomes = new Map<string, number>();

beforeAll(async () => {
  engine = await startDynoxide();
  const pk = { AttributeName: "pk", AttributeType: "S" as const };
  const sk = { AttributeName: "sk", AttributeType: "N" as const };
  const hash = { AttributeName: "pk", KeyType: "HASH" as const };
  const range = { AttributeName: "sk", KeyType: "RANGE" as const };
  const create = (TableName: string, more: object) =>
    engine.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        KeySchema: [hash],
        AttributeDefinitions: [pk],
        ...more,
      }),
    );
  await create(ONE, {});
  await create(TWO, { KeySchema: [hash, range], AttributeDefinitions: [pk, sk] });
});
afterAll(() => engine.stop());

test("random transactions end as on the engine", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(run, async ({ seed, transactions }) => {
      const scope = `${scopes++} `;
      let memory = memoryDynamoDb(TABLES);
      for (const { actions, token } of [{ actions: seed, token: undefined }, ...twice(transactions)]) {
        const TransactItems = actions.map((one) => toAction(one, scope));
        const input = { TransactItems, ...(token === undefined ? {} : { ClientRequestToken: scope + token }) };
        const next = memory.clone();
        const error = errorOf(() => next.send({ operation: "TransactWriteItems", input }));
        if (isExcluded({ actions: TransactItems, before: memory, reasons: error?.CancellationReasons ?? [] })) continue;
        memory = next;
        const expected = outcomeOf(error);
        expect(outcomeOf(await engineError(input)), JSON.stringify(input)).toEqual(expected);
        count(expected);
      }
      const all = [...memory.items(ONE), ...memory.items(TWO)].map(itemText).sort();
      expect(
        (await engineItems([seed, ...transactions.map((one) => one.actions)].flat(), scope)).map(itemText).sort(),
      ).toEqual(all);
    }),
    { numRuns: RUNS },
  );
  for (const code of [
    "ok",
    "ValidationException",
    "ConditionalCheckFailed",
    "ValidationError",
    "with an old item",
    "IdempotentParameterMismatchException",
  ]) {
    expect(outcomes.get(code) ?? 0, `transactions that end with ${code}`).toBeGreaterThan(RUNS / 20);
  }
});

function twice(transactions: TransactionTree[]): TransactionTree[] {
  return transactions.flatMap((one) => (one.again ? [one, one] : [one]));
}

interface Failure extends Error {
  CancellationReasons?: CancellationReason[];
}

test("projections read as on the engine", { timeout: 600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(projection, async ({ item, paths }) => {
      const Item: Item = { ...item, pk: { S: `${scopes++} read` } };
      const TransactItems = [{ Put: { TableName: ONE, Item } }];
      const memory = memoryDynamoDb(TABLES);
      memory.send({ operation: "TransactWriteItems", input: { TransactItems } });
      await engine.client.send(new TransactWriteItemsCommand({ TransactItems }));
      const input = { TableName: ONE, Key: { pk: Item["pk"] ?? { S: "" } }, ProjectionExpression: paths };
      const { Item: expected } = memory.send({ operation: "GetItem", input });
      const { Item: actual } = await engine.client.send(new GetItemCommand(input));
      expect(actual && itemText(actual), paths).toBe(expected && itemText(expected));
    }),
    { numRuns: Math.ceil(RUNS / 3) },
  );
});

function errorOf(act: () => unknown): Failure | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error as Failure;
  }
}

async function engineError(input: TransactWriteItemsInput): Promise<Failure | undefined> {
  try {
    await engine.client.send(new TransactWriteItemsCommand(input));
    return undefined;
  } catch (error) {
    return error as Failure;
  }
}

function isExcluded(comparison: Comparison): boolean {
  const found = exclusionOf(comparison);
  if (found !== undefined) outcomes.set("excluded", (outcomes.get("excluded") ?? 0) + 1);
  return found !== undefined;
}

function outcomeOf(error: Failure | undefined): unknown {
  const reasons = error?.CancellationReasons?.map(({ Code, Item }) => ({ Code, Item: Item && itemText(Item) }));
  return { name: error?.name ?? "ok", reasons };
}

function count(outcome: unknown): void {
  const { name, reasons } = outcome as { name: string; reasons?: { Code: string; Item?: string }[] };
  const codes = new Set(reasons?.map(({ Code }) => Code) ?? [name]);
  if (reasons?.some(({ Item }) => Item !== undefined)) codes.add("with an old item");
  for (const code of codes) outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
}

async function engineItems(actions: ActionTree[], scope: string): Promise<Item[]> {
  const keys = new Map<string, { TableName: string; Key: Item }>();
  for (const { table, pk, sk } of actions) {
    const Key: Item = { pk: { S: scope + pk }, ...(table === TWO ? { sk: { N: String(Number(sk)) } } : {}) };
    keys.set(`${table} ${itemText(Key)}`, { TableName: table, Key });
  }
  const answers = await Promise.all(
    [...keys.values()].map((key) => engine.client.send(new GetItemCommand({ ...key, ConsistentRead: true }))),
  );
  return answers.flatMap(({ Item }) => (Item === undefined ? [] : [Item]));
}
