// Powertools for AWS Lambda, idempotency and batch, as its documentation shows it for SQS; the idempotency key is the message's
// own, from its body, which is stronger than the message id of the example there: a redrive and a resend keep it.
// https://docs.aws.amazon.com/powertools/typescript/latest/features/idempotency/#batch-integration

import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSHandler, SQSRecord } from "aws-lambda";
import { ENVIRONMENT } from "../message.ts";
import { write } from "./write.ts";

const client = new DynamoDBClient();
const processor = new BatchProcessor(EventType.SQS);
const tableName = process.env[ENVIRONMENT.powertoolsRecords] ?? "";
const persistenceStore = new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client });
const config = new IdempotencyConfig({ eventKeyJmesPath: "powertools_json(body).key" });

const processIdempotently = makeIdempotent(async (record: SQSRecord) => write(client, record.body), {
  persistenceStore,
  config,
});

export const handler: SQSHandler = async (event, context) => {
  config.registerLambdaContext(context);
  return processPartialResponse(event, processIdempotently, processor, { context });
};
