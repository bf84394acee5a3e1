// Every command that the runtime sends is granted, and nothing is granted that it does not send: a consumer runs on the
// memory store, its requests are written down, and the actions that AWS asks for them are laid beside the grants.

import { describe, expect, it } from "vitest";
import type { SqsEvent } from "../../lib/aws/lambda.ts";
import {
  DEAD_LETTER_ACTIONS,
  EFFECT_ACTIONS,
  INSERT_ACTIONS,
  RECORD_ACTIONS,
  RETRY_ACTIONS,
} from "../../lib/constructs/grants.ts";
import type { SqsRequest } from "../../lib/consumer/sqs-send.ts";
import { type ExactlyOnce, type ExactlyOnceOptions, PermanentError } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { DLQ_URL, memoryQueue } from "../support/memory-queue.ts";

type TransactionPart = "Put" | "Update" | "Delete" | "ConditionCheck";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html */
const ACTION_OF_PART: Readonly<Record<TransactionPart, string>> = {
  Put: "dynamodb:PutItem",
  Update: "dynamodb:UpdateItem",
  Delete: "dynamodb:DeleteItem",
  ConditionCheck: "dynamodb:ConditionCheckItem",
};

interface Use {
  /** A table, or a queue. */
  readonly tableName: string;
  readonly action: string;
}

/** What AWS authorizes a request by. A new operation of the store does not compile until it is named here. */
function usesOf(request: DynamoDbRequest): Use[] {
  switch (request.operation) {
    case "PutItem":
    case "UpdateItem":
    case "GetItem":
    case "DescribeTable":
      return [{ tableName: request.input.TableName, action: `dynamodb:${request.operation}` }];
    case "BatchGetItem":
      return Object.keys(request.input.RequestItems).map((tableName) => ({
        tableName,
        action: "dynamodb:BatchGetItem",
      }));
    case "BatchExecuteStatement":
      return request.input.Statements.map(({ Statement }) => {
        const [, action = "", tableName = ""] = /^(INSERT) INTO "([^"]+)"/.exec(Statement) ?? [];
        return { tableName, action: action === "INSERT" ? "dynamodb:PartiQLInsert" : Statement };
      });
    case "TransactWriteItems":
      return request.input.TransactItems.flatMap((item) =>
        (["Put", "Update", "Delete", "ConditionCheck"] as const).flatMap((part) => {
          const body = item[part];
          return body === undefined ? [] : [{ tableName: body.TableName, action: ACTION_OF_PART[part] }];
        }),
      );
  }
}

/** Calls of a batch are authorized by the action of one. */
function queueUseOf({ operation, input }: SqsRequest): Use {
  switch (operation) {
    case "SendMessage":
      return { tableName: input.QueueUrl, action: "sqs:SendMessage" };
    case "ChangeMessageVisibilityBatch":
      return { tableName: input.QueueUrl.replace(/.*\//, ""), action: "sqs:ChangeMessageVisibility" };
    case "GetQueueUrl":
      return { tableName: input.QueueName, action: "sqs:GetQueueUrl" };
  }
}

function eventOf(...bodies: object[]): SqsEvent {
  const Records = bodies.map((body, index) => ({
    messageId: `message-${index}`,
    receiptHandle: "handle",
    body: JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "sender",
      ApproximateFirstReceiveTimestamp: "0",
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:111111111111:orders",
    awsRegion: "eu-west-1",
  }));
  return { Records };
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A consumer whose requests are written down. */
function observed(uses: Use[], options: ExactlyOnceOptions): ExactlyOnce<unknown> {
  const key = { partitionKey: "id" };
  const database = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: key, Journal: key });
  const queue = memoryQueue();
  return createExactlyOnce(
    {
      consumer: "orders",
      table: "Records",
      retentionDays: 40,
      key: "id",
      logger: silent,
      deadLetterQueueUrl: DLQ_URL,
      ...options,
    },
    {
      sqsSend: async (request, options) => {
        uses.push(queueUseOf(request));
        return queue.sqsSend(request, options);
      },
      send: async (request) => {
        uses.push(...usesOf(request));
        return database.send(request);
      },
    },
  );
}

const context = { awsRequestId: "request", getRemainingTimeInMillis: () => 60_000 };

/** Strategy insert: a batch, the same again with one that is new to its process, one alone, and rejections. */
async function observedInserts(): Promise<Use[]> {
  const uses: Use[] = [];
  const insert = { appendOnlyTable: "Journal", primaryKey: "id" };
  const journal = observed(uses, { strategy: "insert", insert, committedKeysMax: 0 });
  const handler = journal.lambda(({ body }, tx) => {
    if ((body as { id: string }).id === "never") throw new PermanentError("no");
    tx.insert({ TableName: "Journal", Item: {} });
  });
  const done = { batchItemFailures: [] };
  expect(await handler(eventOf({ id: "a" }, { id: "b" }, { id: "never" }), context)).toEqual(done);
  expect(await handler(eventOf({ id: "a" }, { id: "b" }), context)).toEqual(done);
  expect(await handler(eventOf({ id: "c" }), context)).toEqual(done);
  return uses;
}

/** Redelivered messages: of a plain consumer, and of one with claims whose handler fails, which gives the key back. */
async function observedRedeliveries(): Promise<Use[]> {
  const uses: Use[] = [];
  const event = eventOf({ id: "redelivered" });
  for (const record of event.Records) record.attributes.ApproximateReceiveCount = "2";
  await observed(uses, {}).lambda(() => {})(event, context);
  const claims = observed(uses, { strategy: "claim" });
  await claims.lambda(() => Promise.reject(new Error("not now")))(event, context);
  return uses;
}

/** Runs a handler that does all that tx offers, and one into a condition that fails. */
async function observedUses(): Promise<Use[]> {
  const uses: Use[] = [];
  const orders = observed(uses, {});
  const handler = orders.lambda(async ({ body }, tx) => {
    const { id } = body as { id: string };
    if (id === "never") throw new PermanentError("no");
    if (id === "puts") {
      // Two puts alone do not show the table's key: it has to be looked up.
      tx.put({ TableName: "Ledger", Item: { id: "one" } });
      tx.put({ TableName: "Ledger", Item: { id: "two" } });
      return;
    }
    const Key = (name: string) => ({ id: `${id}-${name}` });
    await tx.get({ TableName: "Ledger", Key: Key("read") });
    tx.put({
      TableName: "Ledger",
      Item: { ...Key("put"), by: id },
      ConditionExpression: "attribute_not_exists(taken)",
    });
    tx.update({
      TableName: "Ledger",
      Key: Key("update"),
      UpdateExpression: "SET seen = :s",
      ExpressionAttributeValues: { ":s": 1 },
    });
    tx.delete({ TableName: "Ledger", Key: Key("delete") });
    tx.increment({ TableName: "Ledger", Key: Key("increment") }, { total: 1 });
    tx.check({
      TableName: "Ledger",
      Key: { id: "closed" },
      ConditionExpression: id === "fails" ? "attribute_exists(id)" : "attribute_not_exists(id)",
    });
  });
  const response = await handler(eventOf({ id: "works" }, { id: "fails" }, { id: "puts" }, { id: "never" }), context);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "message-1" }] });
  return uses;
}

describe("granted actions", () => {
  it.each([
    ["Records", RECORD_ACTIONS],
    ["Ledger", EFFECT_ACTIONS],
    [DLQ_URL, DEAD_LETTER_ACTIONS],
    ["orders", RETRY_ACTIONS],
  ] as const)("on %s are those that the runtime needs", async (tableName, granted) => {
    const uses = [...(await observedUses()), ...(await observedRedeliveries())];
    const needed = new Set(uses.filter((use) => use.tableName === tableName).map((use) => use.action));
    expect([...needed].sort()).toEqual([...granted].sort());
  });

  it("on an append-only table are those that strategy insert needs", async () => {
    const uses = await observedInserts();
    const needed = new Set(uses.filter(({ tableName }) => tableName === "Journal").map(({ action }) => action));
    expect([...needed].sort()).toEqual([...INSERT_ACTIONS].sort());
    expect([...new Set(uses.map(({ tableName }) => tableName))].sort()).toEqual([DLQ_URL, "Journal", "Records"].sort());
    const onRecords = uses.filter(({ tableName }) => tableName === "Records").map(({ action }) => action);
    expect(RECORD_ACTIONS).toEqual(expect.arrayContaining(onRecords));
  });

  it("are on nothing else", async () => {
    const tables = new Set((await observedUses()).map((use) => use.tableName));
    expect([...tables].sort()).toEqual([DLQ_URL, "Ledger", "Records", "orders"].sort());
  });
});
