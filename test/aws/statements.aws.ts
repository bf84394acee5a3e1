// Facts about BatchExecuteStatement, which strategy insert and keyed state write with.

import {
  BatchExecuteStatementCommand,
  type BatchExecuteStatementCommandOutput,
  type BatchStatementRequest,
  type BatchStatementResponse,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect } from "vitest";
import { TRANSACTION_BYTES_MAX } from "../../lib/aws/limits.ts";
import { itemBytes } from "../../lib/protocol/item-size.ts";
import { nameOf } from "./answers.ts";
import { startTables, type Tables } from "./engines.ts";
import { fact, tally } from "./fact.ts";
import { missing } from "./given.ts";

const STATEMENTS_MAX = 25;
const timeoutMs = 240_000;

const lacking = missing("DynamoDB");
let tables: Tables;
let TableName = "";
beforeAll(async () => {
  if (lacking !== undefined) return;
  tables = await startTables({ Ledger: "id" });
  TableName = tables.real("Ledger");
});
afterAll(() => tables?.stop());

/** As semel says it. */
const insert = (id: string, value: string): BatchStatementRequest => ({
  Statement: `INSERT INTO "${TableName}" VALUE {'id':?,'v':?}`,
  Parameters: [{ S: id }, { S: value }],
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
});
/** The answers, or the name of the error of the whole call. */
async function execute(...Statements: BatchStatementRequest[]): Promise<BatchStatementResponse[] | string> {
  try {
    const command = new BatchExecuteStatementCommand({ Statements });
    const { Responses = [] }: BatchExecuteStatementCommandOutput = await tables.client.send(command);
    return Responses;
  } catch (error) {
    return nameOf(error);
  }
}
const wordOf = ({ Error: error }: BatchStatementResponse): string =>
  error === undefined ? "done" : (error.Code ?? "?");
async function textOf(id: string): Promise<string | undefined> {
  const names = { ProjectionExpression: "#v", ExpressionAttributeNames: { "#v": "v" } };
  const command = new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true, ...names });
  return (await tables.client.send(command)).Item?.["v"]?.S;
}

fact({ id: "PartiQL", question: "an INSERT that finds an item, asked for the old one", missing: lacking }, async () => {
  await execute(insert("there", "old"));
  const answers = await execute(insert("new", "new"), insert("there", "changed"));
  if (typeof answers === "string") throw new Error(`the whole call failed: ${answers}`); // each is judged alone
  expect(answers.map(wordOf)).toEqual(["done", expect.stringMatching(/^(DuplicateItem|ConditionalCheckFailed)$/)]);
  expect([await textOf("there"), await textOf("new")]).toEqual(["old", "new"]);
  const item = answers[1]?.Error?.Item;
  if (item !== undefined) expect(item["v"]).toEqual({ S: "old" }); // semel judges the message by it
  return `${answers.map(wordOf).at(-1)}, ${item === undefined ? "without the old item" : "with the old item"}`;
});

/** As semel says it of a state: two attributes, under a condition on a path. */
const update = (id: string, value: string, seen: string): BatchStatementRequest => ({
  Statement: `UPDATE "${TableName}" SET "v" = ?, "mark" = ? WHERE "id" = ? AND "mark"."seen" = ? AND "mark"."by" = ?`,
  Parameters: [{ S: value }, markOf(value), { S: id }, { S: seen }, { S: "semel" }],
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
});
const markOf = (seen: string) => ({ M: { seen: { S: seen }, by: { S: "semel" } } });

fact({ id: "PartiQL", question: "an UPDATE of two attributes, separated by a comma", missing: lacking }, async () => {
  const Item = { id: { S: "state" }, v: { S: "1" }, mark: markOf("1") };
  await tables.client.send(new PutItemCommand({ TableName, Item }));
  const answers = await execute(update("state", "2", "1"), update("nobody", "1", "1"));
  if (typeof answers === "string") throw new Error(`the whole call failed: ${answers}`); // each is judged alone
  const words = answers.map(wordOf);
  expect(await textOf("nobody")).toBeUndefined(); // an UPDATE never creates
  expect(await textOf("state")).toBe(words[0] === "done" ? "2" : "1");
  return `${words[0]}; of an item that is not there: ${words[1]}`;
});

fact(
  { id: "PartiQL", question: "an UPDATE whose condition fails, asked for the old item", missing: lacking },
  async () => {
    await execute(insert("stale", "1"));
    const answers = await execute(update("stale", "2", "0"), insert("beside", "1"));
    if (typeof answers === "string") throw new Error(`the whole call failed: ${answers}`);
    expect([await textOf("stale"), await textOf("beside")]).toEqual(["1", "1"]);
    const item = answers[0]?.Error?.Item;
    if (item !== undefined) expect(item["v"]).toEqual({ S: "1" });
    return `${answers.map(wordOf)[0]}, ${item === undefined ? "without the old item" : "with the old item"}`;
  },
);

fact({ id: "PartiQL", question: "two INSERTs of one item in one call", missing: lacking }, async () => {
  const answers = await execute(insert("twice", "1"), insert("twice", "2"));
  const value = await textOf("twice");
  if (typeof answers === "string") {
    expect(value).toBeUndefined();
    return `the whole call is refused: ${answers}`;
  }
  const words = answers.map(wordOf);
  expect(value).toBe(words[0] === "done" ? "1" : words[1] === "done" ? "2" : undefined);
  return words.join(", ");
});

for (const megabytes of [1, 3.9, 8]) {
  const question = `${STATEMENTS_MAX} INSERTs of ${megabytes} MB together`;
  fact({ id: "PartiQL", question, missing: lacking, timeoutMs }, async () => {
    const share = Math.floor((megabytes * TRANSACTION_BYTES_MAX) / 4 / STATEMENTS_MAX);
    const ids = Array.from({ length: STATEMENTS_MAX }, (_, index) => `${megabytes}-${String(index).padStart(2, "0")}`);
    const own = share - itemBytes({ id: { S: ids[0] ?? "" }, v: { S: "" } });
    const answers = await execute(...ids.map((id) => insert(id, "x".repeat(own))));
    const words = typeof answers === "string" ? ids.map(() => answers) : answers.map(wordOf);
    for (const [index, id] of typeof answers === "string" ? [] : ids.entries()) {
      const word = words[index];
      // A server error leaves it open. A refusal does not: semel judges each statement by its own answer.
      if (word !== "InternalServerError") expect((await textOf(id)) !== undefined).toBe(word === "done");
    }
    return typeof answers === "string" ? `the whole call: ${answers}` : tally(words);
  });
}
