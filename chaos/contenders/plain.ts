// No protection but partial batch responses.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSHandler } from "aws-lambda";
import { write } from "./write.ts";

const client = new DynamoDBClient();

export const handler: SQSHandler = async ({ Records }) => {
  const results = await Promise.allSettled(Records.map(({ body }) => write(client, body)));
  const failed = Records.filter((_, index) => results[index]?.status === "rejected");
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};
