// Facts about what counts towards the 4 MB of a transaction: D2. Sizes are those that semel counts (actionBytes).

import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect } from "vitest";
import { TRANSACTION_BYTES_MAX } from "../../lib/aws/limits.ts";
import { actionBytes } from "../../lib/store/transaction.ts";
import { APPLIED, transactPatiently } from "./answers.ts";
import { startTables, type Tables } from "./engines.ts";
import { fact } from "./fact.ts";
import { missing } from "./given.ts";

/** Each below the 400 KB of an item. */
const ITEMS = 11;
/** A transaction of 4 MB takes 8,192 write units at once, which a new table is throttled for. */
const timeoutMs = 240_000;

const lacking = missing("DynamoDB");
let tables: Tables;
let TableName = "";
beforeAll(async () => {
  if (lacking !== undefined) return;
  tables = await startTables({ Data: "id" });
  TableName = tables.real("Data");
});
afterAll(() => tables?.stop());

type Make = (id: string, value: string) => TransactWriteItem;

const putOf: Make = (id, value) => ({ Put: { TableName, Item: { id: { S: id }, v: { S: value } } } });
const updateOf: Make = (id, value) => ({
  Update: {
    TableName,
    Key: { id: { S: id } },
    UpdateExpression: "SET v = :v",
    ExpressionAttributeValues: { ":v": { S: value } },
  },
});
const checkOf: Make = (id, value) => ({
  ConditionCheck: {
    TableName,
    Key: { id: { S: id } },
    ConditionExpression: "attribute_not_exists(id) OR v = :v",
    ExpressionAttributeValues: { ":v": { S: value } },
  },
});

/** Actions that are `bytes` together as semel counts them. */
function actionsOf(make: Make, name: string, bytes: number): TransactWriteItem[] {
  const count = (action: TransactWriteItem): number => actionBytes(action as Parameters<typeof actionBytes>[0]);
  const share = Math.floor(bytes / ITEMS);
  return Array.from({ length: ITEMS }, (_, index) => {
    const id = `${name}-${String(index).padStart(2, "0")}`;
    const own = index === 0 ? bytes - share * (ITEMS - 1) : share;
    return make(id, "x".repeat(own - count(make(id, ""))));
  });
}

const REFUSALS = /^(ValidationException|TransactionCanceledException|.*ValidationError.*|RequestEntityTooLarge.*)$/;

async function answerTo(make: Make, name: string, bytes: number): Promise<string> {
  const answer = await transactPatiently(tables.client, { TransactItems: actionsOf(make, name, bytes) });
  if (answer !== APPLIED) expect(answer).toMatch(/Throttl|Exceeded/.test(answer) ? /./ : REFUSALS);
  return answer;
}

/** Throttled to the end says nothing about sizes. */
const told = (answer: string): boolean => !/Throttl|Exceeded/.test(answer);

fact({ id: "D2", question: "puts of 4 MB, and of one byte more", missing: lacking, timeoutMs }, async () => {
  const full = await answerTo(putOf, "puts", TRANSACTION_BYTES_MAX);
  const over = await answerTo(putOf, "more", TRANSACTION_BYTES_MAX + 1);
  if (told(full)) expect(full).toBe(APPLIED); // what semel lets through
  return `4 MB: ${full}; one byte more: ${over}`;
});

fact(
  { id: "D2", question: "updates whose values are 4 MB, and one byte more", missing: lacking, timeoutMs },
  async () => {
    const full = await answerTo(updateOf, "updates", TRANSACTION_BYTES_MAX);
    return `4 MB: ${full}; one byte more: ${await answerTo(updateOf, "more-updates", TRANSACTION_BYTES_MAX + 1)}`;
  },
);

fact(
  { id: "D2", question: "checks whose values are 4 MB, and one byte more", missing: lacking, timeoutMs },
  async () => {
    const full = await answerTo(checkOf, "checks", TRANSACTION_BYTES_MAX);
    return `4 MB: ${full}; one byte more: ${await answerTo(checkOf, "checks", TRANSACTION_BYTES_MAX + 1)}`;
  },
);

fact(
  { id: "D2", question: "small updates of items that are 4 MB together already", missing: lacking, timeoutMs },
  async () => {
    const there = await answerTo(putOf, "grown", TRANSACTION_BYTES_MAX);
    if (there !== APPLIED) return `not found out: the items could not be written (${there})`;
    const TransactItems = actionsOf(putOf, "grown", TRANSACTION_BYTES_MAX).map(({ Put }) => ({
      Update: {
        TableName,
        Key: { id: Put?.Item?.["id"] ?? { S: "" } },
        UpdateExpression: "SET n = :n",
        ExpressionAttributeValues: { ":n": { N: "1" } },
      },
    }));
    const answer = await transactPatiently(tables.client, { TransactItems });
    return `${answer}: what is there ${answer === APPLIED ? "does not count" : "may count"}`;
  },
);
