// A consumer that sends every command the runtime has, and what AWS authorizes each of them by. The tables are Records (pk),
// Ledger, Journal and States (id); the engine behind the seams is the caller's.

import type { SqsEvent } from "../../lib/aws/lambda.ts";
import type { SqsRequest, SqsSend } from "../../lib/consumer/sqs-send.ts";
import { type ExactlyOnce, type ExactlyOnceOptions, PermanentError } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { kinesisSource } from "./source-events.ts";

type TransactionPart = "Put" | "Update" | "Delete" | "ConditionCheck";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html */
const ACTION_OF_PART: Readonly<Record<TransactionPart, string>> = {
  Put: "dynamodb:PutItem",
  Update: "dynamodb:UpdateItem",
  Delete: "dynamodb:DeleteItem",
  ConditionCheck: "dynamodb:ConditionCheckItem",
};

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html */
const ACTION_OF_STATEMENT: Readonly<Record<string, string>> = {
  "INSERT INTO": "dynamodb:PartiQLInsert",
  UPDATE: "dynamodb:PartiQLUpdate",
};

export interface Use {
  /** A table's name; a queue's name, or its URL. */
  readonly resource: string;
  readonly action: string;
}

/** What AWS authorizes a request by. A new operation of the store does not compile until it is named here. */
export function usesOf(request: DynamoDbRequest): Use[] {
  switch (request.operation) {
    case "PutItem":
    case "UpdateItem":
    case "GetItem":
    case "DescribeTable":
    case "Query":
      return [{ resource: request.input.TableName, action: `dynamodb:${request.operation}` }];
    case "BatchGetItem":
      return Object.keys(request.input.RequestItems).map((resource) => ({ resource, action: "dynamodb:BatchGetItem" }));
    case "BatchWriteItem":
      return Object.keys(request.input.RequestItems).map((resource) => ({
        resource,
        action: "dynamodb:BatchWriteItem",
      }));
    case "BatchExecuteStatement":
      return request.input.Statements.map(({ Statement }) => {
        const [, word = "", resource = ""] = /^(INSERT INTO|UPDATE) "([^"]+)"/.exec(Statement) ?? [];
        return { resource, action: ACTION_OF_STATEMENT[word] ?? Statement };
      });
    case "TransactWriteItems":
      return request.input.TransactItems.flatMap((item) =>
        (["Put", "Update", "Delete", "ConditionCheck"] as const).flatMap((part) => {
          const body = item[part];
          return body === undefined ? [] : [{ resource: body.TableName, action: ACTION_OF_PART[part] }];
        }),
      );
  }
}

/** Calls of a batch are authorized by the action of one. */
export function queueUseOf({ operation, input }: SqsRequest): Use {
  switch (operation) {
    case "SendMessage":
      return { resource: input.QueueUrl, action: "sqs:SendMessage" };
    case "ChangeMessageVisibilityBatch":
      return { resource: input.QueueUrl.replace(/.*\//, ""), action: "sqs:ChangeMessageVisibility" };
    case "GetQueueUrl":
      return { resource: input.QueueName, action: "sqs:GetQueueUrl" };
  }
}

/** What stands around the consumers. */
export interface Surroundings {
  readonly send: Send;
  readonly sqsSend: SqsSend;
  readonly deadLetterQueueUrl: string;
  /** An event with these bodies, in this order. */
  deliver(bodies: readonly object[]): Promise<SqsEvent>;
  /** Ids of messages begin with it: the tables may hold those of others. */
  readonly idPrefix: string;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const context = { awsRequestId: "request", getRemainingTimeInMillis: () => 60_000 };

function consumer(around: Surroundings, options: ExactlyOnceOptions): ExactlyOnce<unknown> {
  return createExactlyOnce(
    {
      consumer: "orders",
      table: "Records",
      retentionDays: 40,
      key: "id",
      logger: silent,
      deadLetterQueueUrl: around.deadLetterQueueUrl,
      ...options,
    },
    { send: around.send, sqsSend: around.sqsSend },
  );
}

/** Throws unless exactly these of the event failed, by their place in it. */
function expectFailures(
  what: string,
  { event, response }: { readonly event: SqsEvent; readonly response: unknown },
  places: readonly number[],
): void {
  const batchItemFailures = places.map((place) => ({ itemIdentifier: event.Records[place]?.messageId }));
  const expected = JSON.stringify({ batchItemFailures });
  const seen = JSON.stringify(response);
  if (seen !== expected) throw new Error(`${what}: the response is ${seen}, not ${expected}`);
}

/** Strategy insert: a batch, the same again with one that is new to its process, one alone, and rejections. */
export async function runInserts(around: Surroundings): Promise<void> {
  const insert = { appendOnlyTable: "Journal", primaryKey: "id" };
  const journal = consumer(around, { strategy: "insert", insert, committedKeysMax: 0 });
  const ids = (...names: string[]) => names.map((name) => ({ id: `${around.idPrefix}${name}` }));
  const handler = journal.lambda(({ body }, tx) => {
    if ((body as { id: string }).id.endsWith("never")) throw new PermanentError("no");
    tx.insert({ TableName: "Journal", Item: {} });
  });
  for (const batch of [ids("a", "b", "never"), ids("a", "b"), ids("c")]) {
    const event = await around.deliver(batch);
    expectFailures("strategy insert", { event, response: await handler(event, context) }, []);
  }
}

/** Keyed state: of several keys, new and known, of one, and of several in a process that does not know them. */
export async function runStates(around: Surroundings): Promise<void> {
  const handler = (): ((event: never, context: never) => Promise<unknown>) =>
    consumer(around, { strategy: "watermark", key: undefined as never }).reduce<{ count: number }, never>({
      table: "States",
      partitionKey: "id",
      initial: { count: 0 },
      apply: ({ count }) => ({ count: count + 1 }),
    });
  const one = handler();
  for (const [fold, names] of [
    [one, "a b"],
    [one, "a b"],
    [one, "c"],
    [handler(), "a b"],
  ] as const) {
    const at = ++places;
    const records = names.split(" ").map((name) => ({ key: `${around.idPrefix}${name}`, at, body: {} }));
    const response = JSON.stringify(await fold(kinesisSource.event(records), context as never));
    if (response !== '{"batchItemFailures":[]}') throw new Error(`keyed state: the response is ${response}`);
  }
}
/** Positions that grow from run to run. */
let places = 0;

/** Redelivered messages: of a plain consumer, and of one with claims whose first run fails and gives the key back. */
export async function runRedeliveries(around: Surroundings): Promise<void> {
  const redelivered = async (name: string): Promise<SqsEvent> => {
    const event = await around.deliver([{ id: `${around.idPrefix}${name}` }]);
    for (const record of event.Records) record.attributes.ApproximateReceiveCount = "2";
    return event;
  };
  const plain = await redelivered("redelivered");
  const response = await consumer(around, {}).lambda(() => {})(plain, context);
  expectFailures("a redelivered message", { event: plain, response }, []);
  let runs = 0;
  const claims = consumer(around, { strategy: "claim" }).lambda(async (_, tx) => {
    await tx.step("charge", () => "paid");
    if (++runs === 1) throw new Error("not now");
  });
  for (const places of [[0], []]) {
    const event = await redelivered("claimed");
    expectFailures("strategy claim", { event, response: await claims(event, context) }, places);
  }
}

/** Runs a handler that does all that tx offers, and one into a condition that fails. */
export async function runEffects(around: Surroundings): Promise<void> {
  const { idPrefix } = around;
  const handler = consumer(around, {}).lambda(async ({ body }, tx) => {
    const { id, does } = body as { id: string; does: string };
    if (does === "never") throw new PermanentError("no");
    const Key = (name: string) => ({ id: `${id}-${name}` });
    if (does === "puts") {
      // Two puts alone do not show the table's key: it has to be looked up.
      tx.put({ TableName: "Ledger", Item: Key("one") });
      tx.put({ TableName: "Ledger", Item: Key("two") });
      return;
    }
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
      Key: Key("closed"),
      ConditionExpression: does === "fails" ? "attribute_exists(id)" : "attribute_not_exists(id)",
    });
  });
  const bodies = ["works", "fails", "puts", "never"].map((does) => ({ id: `${idPrefix}${does}`, does }));
  const event = await around.deliver(bodies);
  expectFailures("effects", { event, response: await handler(event, context) }, [1]);
}
