// A poison message on a real SQS engine, through the real SDK: in the dead-letter queue after one receipt, as it was, with
// the reason; and what a failed one is hidden for. The engine is the embedded one, DynamoDB is the memory store.

import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  type MessageAttributeValue,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type BatchHandler, type exactlyOnce, PermanentError, RetryLater, type Tx } from "../../lib/index.ts";
import type { Engine } from "../../lib/local/engines/engine.ts";
import { startSqsEngine } from "../../lib/local/engines/sqs.ts";
import { toRecord } from "../../lib/local/sqs-record.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

let engine: Engine;
let sqs: SQSClient;
beforeAll(async () => {
  engine = await startSqsEngine("eu-west-1");
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  sqs = new SQSClient({ endpoint: engine.endpoint, region: "eu-west-1", credentials });
});
afterAll(async () => {
  sqs.destroy();
  await engine.stop();
});

interface Scene {
  readonly url: string;
  readonly deadLetterQueueUrl: string;
  readonly memory: MemoryDynamoDb;
  /** Receives what is there, calls the handler as Lambda does, deletes what it acknowledges. */
  deliver(handler: BatchHandler): Promise<number>;
  consumer(): ReturnType<typeof exactlyOnce>;
}

async function sceneOf(name: string): Promise<Scene> {
  const create = async (QueueName: string): Promise<string> =>
    (await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl ?? "";
  const [url, deadLetterQueueUrl] = [await create(name), await create(`${name}-dlq`)];
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }));
  const source = { queueArn: Attributes?.["QueueArn"] ?? "", region: "eu-west-1" };
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Orders: { partitionKey: "id" } });
  return {
    url,
    deadLetterQueueUrl,
    memory,
    consumer: () =>
      createExactlyOnce(
        {
          consumer: "orders",
          table: "Records",
          retentionDays: 40,
          key: "id",
          logger: silent,
          sqsClient: sqs,
          deadLetterQueueUrl,
        },
        { send: async (request) => memory.send(request), environment: {} },
      ),
    async deliver(handler) {
      const messages = await receive(url);
      if (messages.length === 0) return 0;
      const event = { Records: messages.map((message) => toRecord(message, source)) };
      const response = await handler(event, { awsRequestId: "r", getRemainingTimeInMillis: () => 20_000 });
      const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { MessageId = "", ReceiptHandle } of messages) {
        if (!failed.has(MessageId)) await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
      }
      return messages.length - failed.size;
    },
  };
}

async function receive(QueueUrl: string): Promise<Message[]> {
  const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All" as const] };
  const input = { QueueUrl, MaxNumberOfMessages: 10, ...all };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}

it("a poison message is in the dead-letter queue after one receipt; a redrive of it may run", async () => {
  const { url, deadLetterQueueUrl, memory, deliver, consumer } = await sceneOf("poison");
  let mended = false;
  const handler = consumer().lambda(({ body }, tx: Tx) => {
    if (!mended) throw new PermanentError("the article is not for sale");
    tx.put({ TableName: "Orders", Item: body as { id: string } });
  });
  const MessageBody = '{ "id": "o-1",  "note": "as it was: é" }';
  const MessageAttributes: Record<string, MessageAttributeValue> = {
    trace: { DataType: "String", StringValue: "t-1" },
    weight: { DataType: "Number.kg", StringValue: "1.50" },
    seal: { DataType: "Binary.png", BinaryValue: Uint8Array.of(0, 255, 16) },
  };
  const sent = await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageAttributes }));
  expect(await deliver(handler)).toBe(1); // acknowledged at the first receipt
  expect(memory.items("Orders")).toEqual([]);

  const [letter, ...more] = await receive(deadLetterQueueUrl);
  expect(more).toEqual([]);
  expect(letter?.Body).toBe(MessageBody);
  const { "semel-failure": failure, ...others } = letter?.MessageAttributes ?? {};
  expect(others).toMatchObject({
    trace: MessageAttributes["trace"],
    weight: MessageAttributes["weight"],
    seal: { DataType: "Binary.png" },
  });
  expect([...(others["seal"]?.BinaryValue ?? [])]).toEqual([0, 255, 16]);
  expect(JSON.parse(failure?.StringValue ?? "")).toEqual({
    code: "SEMEL_PERMANENT",
    reason: "The handler says that it can never succeed: the article is not for sale",
    consumer: "orders",
    messageId: sent.MessageId,
  });

  mended = true; // the redrive: the same again, under a new id
  await sqs.send(
    new SendMessageCommand({ QueueUrl: url, MessageBody, MessageAttributes: letter?.MessageAttributes ?? {} }),
  );
  expect(await deliver(handler)).toBe(1);
  expect(memory.items("Orders")).toMatchObject([{ id: { S: "o-1" } }]);
  expect(memory.items("Records")).toMatchObject([{ status: { S: "COMPLETED" } }]);
});

it("a failed message is hidden as the handler says, on the URL that SQS gives for the event's ARN", async () => {
  const { url, deliver, consumer } = await sceneOf("later");
  let afterSeconds = 0;
  const handler = consumer().lambda(() => {
    throw new RetryLater({ afterSeconds });
  });
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{"id":"o-2"}' }));
  expect(await deliver(handler)).toBe(0); // hidden for 0 s rather than the queue's 30
  afterSeconds = 3_600;
  const counts = async (): Promise<unknown> => {
    const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    const input = { QueueUrl: url, AttributeNames: [...AttributeNames] };
    return (await sqs.send(new GetQueueAttributesCommand(input))).Attributes;
  };
  expect(await counts()).toMatchObject({ ApproximateNumberOfMessages: "1" });
  expect(await deliver(handler)).toBe(0);
  expect(await counts()).toMatchObject({
    ApproximateNumberOfMessages: "0",
    ApproximateNumberOfMessagesNotVisible: "1",
  });
});
