// Powertools for AWS Lambda as its documentation shows it for SQS: the parallel batch processor, each record idempotent by
// its message id, a client of the persistence layer's own.
// https://docs.aws.amazon.com/powertools/typescript/latest/features/idempotency/#batch-integration

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSHandler, SQSRecord } from "aws-lambda";
import { ENVIRONMENT } from "../names.ts";
import { increment } from "./increment.ts";

const client = new DynamoDBClient();
const processor = new BatchProcessor(EventType.SQS);
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env[ENVIRONMENT.records] ?? "" });
const config = new IdempotencyConfig({ eventKeyJmesPath: "messageId" });

const processIdempotently = makeIdempotent(async (record: SQSRecord) => increment(client, record.body), {
  persistenceStore,
  config,
});

export const handler: SQSHandler = async (event, context) => {
  config.registerLambdaContext(context);
  return processPartialResponse(event, processIdempotently, processor, { context });
};
