// Facts about TransactWriteItems: D3, D5, D10, D11.

import { randomUUID } from "node:crypto";
import { GetItemCommand, PutItemCommand, type TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect } from "vitest";
import { APPLIED, transact } from "./answers.ts";
import { startTables, type Tables } from "./engines.ts";
import { fact, tally } from "./fact.ts";
import { missing } from "./given.ts";

const ROUNDS = 20;
const SIDE_BY_SIDE = 8;
const CODES = [
  "None",
  "ConditionalCheckFailed",
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
];

/** Else it may have been applied or not: a 500, a reset. */
const isDefinite = (answer: string): boolean =>
  answer === APPLIED || answer.split(" + ").every((code) => CODES.includes(code));

const lacking = missing("DynamoDB");
let tables: Tables;
let TableName = "";
beforeAll(async () => {
  if (lacking !== undefined) return;
  tables = await startTables({ Data: "id" });
  TableName = tables.real("Data");
});
afterAll(() => tables?.stop());

const keyOf = (id: string) => ({ TableName, Key: { id: { S: id } } });
const increment = (id: string): TransactWriteItem => ({
  Update: { ...keyOf(id), UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } } },
});
const putNew = (id: string): TransactWriteItem => ({
  Put: { TableName, Item: { id: { S: id } }, ConditionExpression: "attribute_not_exists(id)" },
});
const put = (id: string, more = {}) =>
  tables.client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, ...more } }));
async function read(id: string) {
  return (await tables.client.send(new GetItemCommand({ ...keyOf(id), ConsistentRead: true }))).Item;
}
const count = async (id: string): Promise<number> => Number((await read(id))?.["n"]?.N ?? 0);

fact({ id: "D3", question: "the same token again, after a success", missing: lacking }, async () => {
  const input = { TransactItems: [increment("d3")], ClientRequestToken: randomUUID() };
  expect(await transact(tables.client, input)).toBe(APPLIED);
  const again = await transact(tables.client, input);
  const changed = await transact(tables.client, { ...input, TransactItems: [increment("d3-other")] });
  expect(again).toBe(APPLIED);
  expect(await count("d3")).toBe(1); // a repeated try is no second effect
  return `${again}, without effect; with other actions: ${changed}`;
});

fact(
  { id: "D5", question: "the same token again, after a cancellation whose cause is gone", missing: lacking },
  async () => {
    const guarded: TransactWriteItem = {
      Update: {
        ...increment("d5").Update,
        ...keyOf("d5"),
        UpdateExpression: "ADD n :one",
        ConditionExpression: "attribute_exists(opened)",
      },
    };
    const input = { TransactItems: [guarded], ClientRequestToken: randomUUID() };
    expect(await transact(tables.client, input)).toBe("ConditionalCheckFailed");
    await put("d5", { opened: { BOOL: true } });
    const again = await transact(tables.client, input);
    expect([APPLIED, "ConditionalCheckFailed", "IdempotentParameterMismatchException"]).toContain(again);
    expect(await count("d5")).toBe(again === APPLIED ? 1 : 0); // semel takes a new token, and believes the answer
    return again === APPLIED ? "applied: a cancelled try is not remembered" : `${again}: a cancelled try is remembered`;
  },
);

fact(
  { id: "D10", question: "a failed condition beside an item that others are writing", missing: lacking },
  async () => {
    await put("d10-taken");
    const answers: string[] = [];
    let [applied, open] = [0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const others = Array.from({ length: SIDE_BY_SIDE }, () =>
        transact(tables.client, { TransactItems: [increment("d10-hot")] }),
      );
      const own = transact(tables.client, { TransactItems: [putNew("d10-taken"), increment("d10-hot")] });
      answers.push(await own);
      const theirs = await Promise.all(others);
      applied += theirs.filter((answer) => answer === APPLIED).length;
      open += theirs.filter((answer) => !isDefinite(answer)).length;
    }
    expect(answers).not.toContain(APPLIED);
    const hot = await count("d10-hot"); // a cancelled transaction applies nothing
    expect(hot).toBeGreaterThanOrEqual(applied);
    expect(hot).toBeLessThanOrEqual(applied + open);
    const masked = answers.filter(
      (answer) => isDefinite(answer) && !answer.startsWith("ConditionalCheckFailed"),
    ).length;
    return `${tally(answers)}: the failed condition was not told in ${masked} of ${ROUNDS}`;
  },
);

fact({ id: "D11", question: "transactions side by side that only check one item", missing: lacking }, async () => {
  await put("d11-shared");
  const check: TransactWriteItem = {
    ConditionCheck: { ...keyOf("d11-shared"), ConditionExpression: "attribute_exists(id)" },
  };
  const answers: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ids = Array.from({ length: SIDE_BY_SIDE }, (_, one) => `d11-${round}-${one}`);
    const all = await Promise.all(ids.map((id) => transact(tables.client, { TransactItems: [check, putNew(id)] })));
    for (const [one, id] of ids.entries()) {
      const answer = all[one] ?? "";
      if (isDefinite(answer)) expect((await read(id)) !== undefined).toBe(answer === APPLIED);
    }
    answers.push(...all);
  }
  const conflicts = answers.filter((answer) => answer.startsWith("TransactionConflict")).length;
  return `${tally(answers)}: checks ${conflicts === 0 ? "were never seen to conflict" : "conflict with each other"}`;
});
