// What a function does that sends by itself: it commits, and then sends what follows, also of messages whose commit was through before.

import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { SQSHandler, SQSRecord } from "aws-lambda";
import type { BatchHandler } from "semel";

const sqs = new SQSClient();

export function sendAfter(
  commit: BatchHandler,
  QueueUrl: string | undefined,
  messageOf: (record: SQSRecord) => object,
): SQSHandler {
  return async (event, context) => {
    const { batchItemFailures } = await commit(event, context);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    const done = event.Records.filter(({ messageId }) => !failed.has(messageId));
    if (done.length === 0) return { batchItemFailures };
    const Entries = done.map((record, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(messageOf(record)),
    }));
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const unsent = Failed.map(({ Id }) => ({ itemIdentifier: done[Number(Id)]?.messageId ?? "" }));
    return { batchItemFailures: [...batchItemFailures, ...unsent] };
  };
}
