// The memory store and a queue in memory around consumers that send every command.

import type { SqsEvent } from "../../lib/aws/lambda.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { Surroundings } from "./every-command.ts";
import { DLQ_URL, memoryQueue } from "./memory-queue.ts";

export function memorySurroundings(): Surroundings {
  const key = { partitionKey: "id" };
  const database = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: key, Journal: key });
  return {
    send: async (request) => database.send(request),
    sqsSend: memoryQueue().sqsSend,
    deadLetterQueueUrl: DLQ_URL,
    deliver: async (bodies) => eventOf(bodies),
    idPrefix: "",
  };
}

function eventOf(bodies: readonly object[]): SqsEvent {
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
