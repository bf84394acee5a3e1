// The publisher by the real SDK, on the local SQS engine, with a proxy in between that loses answers; and from there into a
// consumer.

import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { exactlyOnce } from "../../lib/index.ts";
import type { Call } from "../../lib/local/call.ts";
import { type EmbeddedSqs, startSqsEngine } from "../../lib/local/engines/sqs.ts";
import { createProxy, type Door, type EngineProxy } from "../../lib/local/proxy.ts";
import { sqsRefusal } from "../../lib/local/refusals.ts";
import type { Seat } from "../../lib/local/seat.ts";
import { toRecord } from "../../lib/local/sqs-record.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { createPublisher, KEY_ATTRIBUTE, type PublisherOptions } from "../../lib/publisher/index.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";

const REGION = "eu-west-1";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };
const seat: Seat = { functionName: "f", logicalId: "F", workerId: 1, calls: 0, invocation: undefined };

let engine: EmbeddedSqs;
let proxy: EngineProxy;
let door: Door;
let direct: SQSClient;
let client: SQSClient;
/** What is done to the next requests that send, in their order. */
let trouble: ((call: Call) => void)[] = [];

beforeAll(async () => {
  engine = await startSqsEngine(REGION);
  proxy = createProxy({
    service: "sqs",
    target: engine.endpoint,
    intercept(call) {
      const act = call.operation === "SendMessageBatch" ? trouble.shift() : undefined;
      act?.(call);
      return act !== undefined;
    },
  });
  door = await proxy.open(seat);
  direct = new SQSClient({ endpoint: engine.endpoint, region: REGION, credentials: CREDENTIALS });
  client = new SQSClient({ endpoint: door.endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 });
});
afterAll(async () => {
  client.destroy();
  direct.destroy();
  await proxy.stop();
  await engine.stop();
});

const loseAnswer = (call: Call): void => void call.send().then(() => call.reset());
const pass = (call: Call): void => void call.pass();
const neverArrives = (call: Call): void => call.reset();
const serverError = (call: Call): void => call.reply(sqsRefusal("InternalFailure", 500));
const throttle = (call: Call): void => call.reply(sqsRefusal("RequestThrottled"));

async function queue(name: string): Promise<string> {
  const fifo = name.endsWith(".fifo");
  const input = { QueueName: name, ...(fifo ? { Attributes: { FifoQueue: "true" } } : {}) };
  return (await direct.send(new CreateQueueCommand(input))).QueueUrl ?? "";
}

function publisher(queueUrl: string, options: Partial<PublisherOptions> = {}): ReturnType<typeof createPublisher> {
  return createPublisher({ queueUrl, client, ...options });
}

async function receive(QueueUrl: string): Promise<Message[]> {
  const input = {
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ["All"],
    MessageSystemAttributeNames: ["All"] as const,
  };
  return (
    (await direct.send(new ReceiveMessageCommand({ ...input, MessageSystemAttributeNames: ["All"] }))).Messages ?? []
  );
}

const keysOf = (messages: readonly Message[]) =>
  messages.map(({ MessageAttributes = {} }) => MessageAttributes[KEY_ATTRIBUTE]?.StringValue);

describe("by the AWS SDK", () => {
  it("sends to a standard queue through throttling, errors and lost answers, under one key", async () => {
    const url = await queue("standard");
    trouble = [throttle, loseAnswer, serverError];
    const sent = await publisher(url).send({
      body: { n: 1 },
      attributes: { raw: { DataType: "Binary", BinaryValue: Buffer.from("ä") } },
    });
    const messages = await receive(url);
    expect(keysOf(messages)).toEqual([sent.key, sent.key]);
    expect(messages.map(({ MessageId }) => MessageId)).toContain(sent.messageId);
    expect(messages.map(({ MessageAttributes }) => MessageAttributes?.["raw"]?.BinaryValue)).toEqual([
      new Uint8Array(Buffer.from("ä")),
      new Uint8Array(Buffer.from("ä")),
    ]);
  });

  it("sends to a FIFO queue once and in order, whatever answers are lost", async () => {
    const url = await queue("ordered.fifo");
    trouble = [loseAnswer, pass, throttle, neverArrives, pass, loseAnswer];
    const results = await publisher(url).sendBatch([1, 2, 3, 4].map((n) => ({ body: { n }, groupId: "g" })));
    expect(results.every(({ ok }) => ok)).toBe(true);
    const messages = await receive(url);
    expect(messages.map(({ Body }) => Body)).toEqual(['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}']);
    expect(messages.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual(results.map(({ key }) => key));
    expect(results.map((result) => (result.ok ? result.sequenceNumber : ""))).toEqual(
      messages.map(({ Attributes }) => Attributes?.SequenceNumber),
    );
  });

  it("a queue that is not there is refused at once, with its name", async () => {
    const url = (await queue("there")).replace("there", "gone");
    const before = proxy.counts()["SendMessageBatch"] ?? 0;
    await expect(publisher(url).send({ body: 1, key: "A-1" })).rejects.toMatchObject({
      code: "SEMEL_REFUSED",
      key: "A-1",
      message: expect.stringMatching(/\/gone: SQS refused it, QueueDoesNotExist/),
    });
    expect(proxy.counts()["SendMessageBatch"]).toBe(before + 1);
  });

  it("what the queue's own limit refuses is refused alone, also where SQS judges the whole request", async () => {
    const url = await queue("limited");
    const tooLong = (call: Call): void => call.reply(sqsRefusal("BatchRequestTooLong"));
    trouble = [tooLong, pass, pass, tooLong];
    const results = await publisher(url, { concurrency: 1 }).sendBatch([{ body: 1 }, { body: 2 }, { body: 3 }]);
    expect(results.map((result) => (result.ok ? "sent" : result.error.code))).toEqual([
      "sent",
      "sent",
      "SEMEL_REFUSED",
    ]);
  });

  it("makes a client of its own where none is given, at the configured endpoint and without the SDK's retries", async () => {
    const url = await queue("own");
    vi.stubEnv("AWS_ENDPOINT_URL_SQS", door.endpoint);
    vi.stubEnv("AWS_REGION", REGION);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    const attempts: unknown[] = [];
    const note = (call: Call): void => {
      attempts.push(call.input()["Entries"]);
      call.reply(sqsRefusal("InternalFailure", 500));
    };
    trouble = [note, note];
    try {
      const { key } = await createPublisher({ queueUrl: url }).send({ body: 1 });
      expect(keysOf(await receive(url))).toEqual([key]);
      expect(attempts.length).toBe(2);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

it("from the publisher to a consumer without a key option: a send that was repeated takes effect once", async () => {
  const url = await queue("end-to-end");
  trouble = [loseAnswer, loseAnswer];
  const results = await publisher(url).sendBatch([5, 7].map((pence) => ({ body: { pence } })));
  expect(results.every(({ ok }) => ok)).toBe(true);
  const messages = await receive(url);
  expect(messages.length).toBeGreaterThan(2);

  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Totals: { partitionKey: "id" } });
  const options: Parameters<typeof exactlyOnce>[0] = { consumer: "totals", table: "Records", retentionDays: 40 };
  const totals = createExactlyOnce(options, { send: async (request) => memory.send(request), environment: {} });
  const keys: string[] = [];
  const handler = totals.lambda(({ body }, tx) => {
    keys.push(tx.key);
    tx.increment({ TableName: "Totals", Key: { id: "all" } }, { pence: (body as { pence: number }).pence });
  });
  const source = { queueArn: `arn:aws:sqs:${REGION}:000000000000:end-to-end`, region: REGION };
  for (const message of messages) {
    const response = await handler(
      { Records: [toRecord(message, source)] },
      { awsRequestId: "r", getRemainingTimeInMillis: () => 20_000 },
    );
    expect(response).toEqual({ batchItemFailures: [] });
  }
  expect(memory.items("Totals")).toEqual([{ id: { S: "all" }, pence: { N: "12" } }]);
  expect(new Set(keys)).toEqual(new Set(results.map(({ key }) => key)));
});
