// Powertools for AWS Lambda on ordered sources, each record idempotent: by its message id, or by its event id.
// https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/#fifo-queues
// https://docs.aws.amazon.com/powertools/typescript/latest/features/batch/#sequential-async-processing

import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from "@aws-lambda-powertools/batch";
import { IdempotencyConfig, makeIdempotent } from "@aws-lambda-powertools/idempotency";
import { DynamoDBPersistenceLayer } from "@aws-lambda-powertools/idempotency/dynamodb";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type {
  Context,
  KinesisStreamEvent,
  KinesisStreamRecord,
  SQSBatchResponse,
  SQSEvent,
  SQSRecord,
} from "aws-lambda";
import { ENVIRONMENT } from "../names.ts";
import { increment } from "./increment.ts";

type OrderedHandler = (event: SQSEvent | KinesisStreamEvent, context: Context) => Promise<SQSBatchResponse>;

/** `inOrder`: one record after the other; else all side by side, which keeps no order. */
export function orderedPowertools({ inOrder }: { readonly inOrder: boolean }): OrderedHandler {
  const client = new DynamoDBClient();
  const queues = inOrder ? new SqsFifoPartialProcessorAsync() : new BatchProcessor(EventType.SQS);
  const streams = new BatchProcessor(EventType.KinesisDataStreams);
  // A layer takes the key option of its first function: one for each source.
  const layer = () => new DynamoDBPersistenceLayer({ tableName: process.env[ENVIRONMENT.records] ?? "" });
  const ofQueues = new IdempotencyConfig({ eventKeyJmesPath: "messageId" });
  const ofStreams = new IdempotencyConfig({ eventKeyJmesPath: "eventID" });
  const takeMessage = makeIdempotent(async ({ body }: SQSRecord) => increment(client, body), {
    persistenceStore: layer(),
    config: ofQueues,
  });
  const takeRecord = makeIdempotent(
    async ({ kinesis }: KinesisStreamRecord) => increment(client, Buffer.from(kinesis.data, "base64").toString()),
    { persistenceStore: layer(), config: ofStreams },
  );
  return async (event, context) => {
    ofQueues.registerLambdaContext(context);
    ofStreams.registerLambdaContext(context);
    const isOfQueue = event.Records.some((record) => "body" in record);
    if (isOfQueue) return processPartialResponse(event, takeMessage, queues, { context }); // in order by its processor
    return processPartialResponse(event, takeRecord, streams, { context, processInParallel: !inOrder });
  };
}
