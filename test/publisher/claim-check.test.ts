// Bodies in S3 by the real SDK, on fauxqs's S3 and the local SQS engine: from the publisher to a consumer. For any other S3 set
// SEMEL_TEST_S3_ENDPOINT.

import { CreateBucketCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { buildApp } from "fauxqs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { ExactlyOnceOptions } from "../../lib/index.ts";
import { type EmbeddedSqs, startSqsEngine } from "../../lib/local/engines/sqs.ts";
import { toRecord } from "../../lib/local/sqs-record.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { sdkObjects } from "../../lib/payload/objects.ts";
import { createPublisher } from "../../lib/publisher/index.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";

const REGION = "eu-west-1";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };
const given = process.env["SEMEL_TEST_S3_ENDPOINT"];
const BUCKET = "semel-test-large";

let engine: EmbeddedSqs;
let endpoint: string;
let stopS3: () => Promise<unknown> = async () => {};
let sqs: SQSClient;
let s3: S3Client;

beforeAll(async () => {
  engine = await startSqsEngine(REGION);
  if (given) endpoint = given;
  else {
    const app = buildApp({ logger: false, defaultRegion: REGION });
    endpoint = await app.listen({ port: 0, host: "127.0.0.1" });
    stopS3 = () => app.close();
  }
  sqs = new SQSClient({ endpoint: engine.endpoint, region: REGION, credentials: CREDENTIALS });
  s3 = new S3Client({ endpoint, region: REGION, credentials: CREDENTIALS, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
    if (!error.name.startsWith("BucketAlready")) throw error;
  });
});
afterAll(async () => {
  sqs.destroy();
  s3.destroy();
  await stopS3();
  await engine.stop();
});

const lines = Array.from({ length: 110_000 }, (_, n) => ({ n, price: Math.imul(n, 2_654_435_761) >>> 0 }));

async function queue(name: string): Promise<string> {
  const fifo = name.endsWith(".fifo");
  const input = { QueueName: name, ...(fifo ? { Attributes: { FifoQueue: "true" } } : {}) };
  return (await sqs.send(new CreateQueueCommand(input))).QueueUrl ?? "";
}

/** Gives all messages of the queue to a consumer that counts lines; resolves with its response and count. */
async function consume(queueUrl: string, options: Partial<ExactlyOnceOptions>) {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Totals: { partitionKey: "id" } });
  const totals = createExactlyOnce(
    { consumer: "totals", table: "Records", retentionDays: 40, ...options },
    { send: async (request) => memory.send(request), environment: {} },
  );
  const handler = totals.lambda(({ body }, tx) => {
    tx.increment({ TableName: "Totals", Key: { id: "all" } }, { lines: (body as unknown[]).length });
  });
  const input = { QueueUrl: queueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["All"] };
  const command = new ReceiveMessageCommand({ ...input, MessageSystemAttributeNames: ["All"] });
  const { Messages = [] } = await sqs.send(command);
  const queueArn = `arn:aws:sqs:${REGION}:000000000000:${queueUrl.split("/").at(-1)}`;
  const Records = Messages.map((message) => toRecord(message, { queueArn, region: REGION }));
  const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
  const { batchItemFailures } = await handler({ Records }, context);
  const counted = memory.items("Totals")[0]?.["lines"]?.N;
  return {
    received: Messages.length,
    failed: batchItemFailures.length,
    counted: Number(counted ?? 0),
    records: memory.items("Records").length,
  };
}

it.each(["large", "large.fifo"])(
  "queue %s: what fits, what fits when compressed, and what does not, each once",
  async (name) => {
    const queueUrl = await queue(name);
    const common = { queueUrl, client: sqs };
    const claimCheck = { bucket: BUCKET, prefix: `${name}/`, client: s3 };
    const publishers = [
      createPublisher({ ...common, claimCheck }),
      createPublisher({ ...common, claimCheck, compress: true }),
    ];
    const bodies = [[1, 2, 3], Array(80_000).fill("WHITE METAL LANTERN"), lines];
    for (const [index, publisher] of publishers.entries()) {
      // The same keys by both: one compresses, one does not.
      const messages = bodies.map((body, n) => ({
        body,
        key: `invoice-${n}`,
        ...(name.endsWith(".fifo") ? { groupId: `${index}-${n}` } : {}),
      }));
      const results = await publisher.sendBatch(messages);
      expect(results.map((result) => (result.ok ? "sent" : result.error.message))).toEqual(["sent", "sent", "sent"]);
    }
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${name}/` }));
    const forms = Contents.map(({ Key = "" }) => (Key.endsWith(".gz") ? "gzip" : "plain")).sort();
    expect(forms).toEqual(["gzip", "plain", "plain"]); // of two that are too large, one fits when it is compressed
    const found = await consume(queueUrl, { claimCheck: { bucket: BUCKET, client: s3 } });
    const fifo = name.endsWith(".fifo"); // whose deduplication takes each key once
    expect(found).toEqual({ received: fifo ? 3 : 6, failed: 0, counted: 3 + 80_000 + 110_000, records: 3 });
  },
);

it("a consumer without the bucket leaves the message in the queue", async () => {
  const queueUrl = await queue("unnamed");
  const claimCheck = { bucket: BUCKET, overBytes: 256, client: s3 };
  await createPublisher({ queueUrl, client: sqs, claimCheck }).send({ body: lines.slice(0, 100) });
  const logger = { debug() {}, info() {}, warn() {}, error: vi.fn() };
  expect(await consume(queueUrl, { logger })).toMatchObject({ received: 1, failed: 1, counted: 0 });
  expect(logger.error.mock.calls[0]?.[1]).toMatchObject({ code: "SEMEL_CLAIM_CHECK" });
});

it("makes a client of its own where none is given, which heeds its signal; what is missing, or too large, is told", async () => {
  vi.stubEnv("AWS_ENDPOINT_URL_S3", endpoint.replace("127.0.0.1", "localhost"));
  vi.stubEnv("AWS_REGION", REGION);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  try {
    const own = sdkObjects(undefined);
    const stop = new AbortController();
    stop.abort();
    await expect(own.put({ bucket: BUCKET, key: "own" }, Buffer.from("x"), stop.signal)).rejects.toThrow();
  } finally {
    vi.unstubAllEnvs();
  }
  const objects = sdkObjects(s3);
  const { signal } = new AbortController();
  const place = { bucket: BUCKET, key: "own" };
  await objects.put(place, Buffer.from("12345"), signal);
  expect(Buffer.from((await objects.get(place, 5, signal)) ?? []).toString()).toBe("12345");
  expect(await objects.get(place, 4, signal)).toBeUndefined();
  await expect(objects.get({ ...place, key: "none" }, 9, signal)).rejects.toMatchObject({ name: "NoSuchKey" });
});
