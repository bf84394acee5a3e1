// Handlers that do the same by different means: each message adds one to a counter of its own. Their idempotency keys are message
// ids, as the documentation of each has it for SQS.

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { Context, SQSEvent, SQSRecord } from "aws-lambda";
import { exactlyOnce } from "../../../lib/index.ts";
import type { ExactlyOnceCase, ExplorableHandler } from "../../../lib/testing/index.ts";

const COUNTERS = "Counters";
const RECORDS = "Records";

export interface Contender {
  /** Of a new process. */
  readonly create: () => ExplorableHandler;
  readonly explored: ExactlyOnceCase<string>;
}

const client = new DynamoDBClient({});

async function count({ messageId }: SQSRecord): Promise<void> {
  await client.send(
    new UpdateItemCommand({
      TableName: COUNTERS,
      Key: { id: { S: messageId } },
      UpdateExpression: "ADD n :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
    }),
  );
}

const common: ExactlyOnceCase<string> = {
  events: ["count me"],
  clients: [client],
  effects: ({ items }, { messageId }) => Number(items(COUNTERS).find(({ id }) => id === messageId)?.["n"] ?? 0),
};

/** Nothing but the effect, and a truthful partial response. */
function plain(): ExplorableHandler {
  return async ({ Records }: SQSEvent) => {
    const results = await Promise.allSettled(Records.map(count));
    const failed = Records.filter((_, index) => results[index]?.status === "rejected");
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  };
}

/**
 * The batch processor, each record idempotent.
 * https://docs.aws.amazon.com/powertools/typescript/latest/features/idempotency/#batch-integration
 */
function powertools(): ExplorableHandler {
  const processor = new BatchProcessor(EventType.SQS);
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: RECORDS, awsSdkV3Client: client });
  const config = new IdempotencyConfig({ eventKeyJmesPath: "messageId" });
  const countOnce = makeIdempotent(count, { persistenceStore, config });
  return (event: SQSEvent, context: Context) => {
    config.registerLambdaContext(context);
    return processPartialResponse(event, countOnce, processor, { context });
  };
}

/** As a user has it: at the top of a module. */
const SEMEL_OPTIONS = { consumer: "count", table: RECORDS, retentionDays: 40, key: "messageId" } as const;
const insert = { appendOnlyTable: COUNTERS, primaryKey: "id" };

const semelCommit = exactlyOnce(SEMEL_OPTIONS).lambda(({ messageId }, tx) => {
  tx.increment({ TableName: COUNTERS, Key: { id: messageId } }, { n: 1 });
});
const semelClaim = exactlyOnce({ ...SEMEL_OPTIONS, strategy: "claim" }).lambda(({ messageId }, tx) => {
  tx.increment({ TableName: COUNTERS, Key: { id: messageId } }, { n: 1 });
});
const semelInsert = exactlyOnce({ ...SEMEL_OPTIONS, strategy: "insert", insert }).lambda((_, tx) => {
  tx.insert({ TableName: COUNTERS, Item: { n: 1 } });
});

const records = { ...common, tables: { [COUNTERS]: "id" }, recordTable: RECORDS };

export const CONTENDERS: Readonly<Record<string, Contender>> = {
  plain: { create: plain, explored: { ...common, tables: { [COUNTERS]: "id" } } },
  powertools: { create: powertools, explored: { ...common, tables: { [COUNTERS]: "id", [RECORDS]: "id" } } },
  "semel-commit": { create: () => semelCommit, explored: records },
  "semel-claim": { create: () => semelClaim, explored: records },
  // Its items are named by their idempotency keys; there is one message.
  "semel-insert": {
    create: () => semelInsert,
    explored: { ...records, effects: ({ items }) => items(COUNTERS).length },
  },
};
