// The memory store and a queue in memory around consumers that send every command.

import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { Surroundings } from "./every-command.ts";
import { DLQ_URL, memoryQueue } from "./memory-queue.ts";
import { sqsEvent } from "./sqs-event.ts";

export function memorySurroundings(): Surroundings {
  const key = { partitionKey: "id" };
  const database = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: key, Journal: key, States: key });
  return {
    send: async (request) => database.send(request),
    sqsSend: memoryQueue().sqsSend,
    deadLetterQueueUrl: DLQ_URL,
    deliver: async (bodies) => sqsEvent(...bodies.map((body) => ({ body }))),
    idPrefix: "",
  };
}
