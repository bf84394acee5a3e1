// Attacks OP1 to OP3 of lib/consumer/open-body.ts: an encoded message is the message that its publisher meant, or none.

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { SqsMessageAttribute } from "../../lib/aws/lambda.ts";
import { systemHost } from "../../lib/host.ts";
import { type ExactlyOnceOptions, PermanentError, type Tx } from "../../lib/index.ts";
import { type EncodeOptions, encode } from "../../lib/payload/encode.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { type MemoryObjects, memoryObjects, type ObjectFault } from "../support/memory-objects.ts";
import { DLQ_URL, failureOf, type MemoryQueue, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";

const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const order = { id: "A-1", lines: Array.from({ length: 50 }, (_, line) => ({ line, text: "WHITE METAL LANTERN" })) };
const GZIP: EncodeOptions = { compressOverBytes: 0, claimCheck: undefined };
const S3: EncodeOptions = {
  compressOverBytes: undefined,
  claimCheck: { bucket: "large", prefix: "", overBytes: 256 },
};
const BOTH: EncodeOptions = {
  ...S3,
  claimCheck: { bucket: "large", prefix: "", overBytes: 150 },
  compressOverBytes: 0,
};

interface Scene extends TestConsumer<unknown> {
  readonly queue: MemoryQueue;
  readonly objects: MemoryObjects;
  /** A message as a publisher with these options sends it. */
  message(body: unknown, options: EncodeOptions): Promise<TestMessage>;
  take(...messages: TestMessage[]): Promise<unknown>;
  counted(): string | undefined;
}

function scene(options: ExactlyOnceOptions<never> | ExactlyOnceOptions = {}, faults: ObjectFault[] = []): Scene {
  const objects = memoryObjects((request) => (request.startsWith("get") ? (faults.shift() ?? "none") : "none"));
  const defaults = { key: "id", claimCheck: { bucket: "large" }, deadLetterQueueUrl: DLQ_URL };
  const consumer = testConsumer<never>({ ...defaults, ...options } as never, () => "none", {
    ...memoryQueue(),
    objects,
  });
  const handler = consumer.orders.lambda((message: { body: unknown }, tx: Tx) => {
    const { lines } = message.body as typeof order;
    tx.increment({ TableName: "Counters", Key: { id: "lines" } }, { n: lines.length });
  });
  return {
    ...consumer,
    objects,
    async message(body, options) {
      const payload = { text: typeof body === "string" ? body : JSON.stringify(body), attributes: {}, key: "A-1" };
      const { attributes, upload, body: text } = encode(payload, options, systemHost.sha256);
      if (upload) await objects.put(upload, upload.bytes, new AbortController().signal);
      return { body: text, messageAttributes: lambdaAttributes(attributes) };
    },
    take: (...messages) => consumer.host.run(handler(sqsEvent(...messages), consumer.context())),
    counted: () => consumer.memory.items("Counters")[0]?.["n"]?.N,
  };
}

function lambdaAttributes(given: ReturnType<typeof encode>["attributes"]): Record<string, SqsMessageAttribute> {
  const entries = Object.entries(given);
  return Object.fromEntries(
    entries.map(([name, { DataType, StringValue = "" }]) => [name, { dataType: DataType, stringValue: StringValue }]),
  );
}

const encodingOf = ({ messageAttributes }: TestMessage) => messageAttributes?.["semel-encoding"]?.stringValue;

describe("an encoded message", () => {
  it.each<[string, EncodeOptions]>([
    ["gzip+base64", GZIP],
    ["s3", S3],
    ["gzip+s3", BOTH],
  ])("%s: is validated, keyed and fingerprinted as the payload that it stands for", async (encoding, options) => {
    const schema = z.object({ id: z.string(), lines: z.array(z.object({ line: z.number(), text: z.string() })) });
    const { message, take, counted, memory, codes } = scene({
      schema,
      key: ({ body: { id } }: { body: typeof order }) => id,
    } as never);
    const encoded = await message(order, options);
    expect(encodingOf(encoded)).toBe(encoding);
    expect(await take(encoded)).toEqual(done);
    const [record] = memory.items(RECORDS);
    expect(await take({ body: order })).toEqual(done); // the same message, sent as it is: a duplicate
    expect(await take(encoded)).toEqual(done);
    expect(counted()).toBe("50");
    expect(memory.items(RECORDS)).toEqual([record]);
    expect(codes()).toEqual([]);
    const other = await message({ ...order, id: "A-1", lines: [] }, GZIP);
    await take(other);
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
  });

  it("has the record that it would have as it is, whatever the payload", async () => {
    const payload = fc.record({
      id: fc.string({ minLength: 1 }).map((id) => `A${id}`),
      lines: fc.array(fc.jsonValue()),
    });
    const property = fc.asyncProperty(payload, fc.constantFrom(GZIP, S3, BOTH), async (body, options) => {
      const [encoded, plain] = [scene(), scene()];
      expect(await encoded.take(await encoded.message(body, options))).toEqual(await plain.take({ body }));
      const recordsOf = ({ memory }: Scene) =>
        memory.items(RECORDS).map(({ pk, fingerprint, status }) => ({ pk, fingerprint, status }));
      expect(recordsOf(encoded)).toEqual(recordsOf(plain));
      expect(encoded.counted()).toBe(plain.counted());
      expect(encoded.queue.deadLetters.length).toBe(plain.queue.deadLetters.length);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it("of a batch: those that are not encoded do not wait for S3, and each is its own failure", async () => {
    const { message, take, counted, objects } = scene({}, ["never-applied"]);
    const stored = await message(order, S3);
    const response = await take({ body: { id: "B", lines: [1] } }, stored, await message({ ...order, id: "C" }, GZIP));
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
    expect(counted()).toBe("51");
    expect(objects.log.filter((line) => line.startsWith("get")).length).toBe(1);
  });

  it.each<[string, ObjectFault]>([
    ["no answer", "never-applied"],
    ["S3 says no, as it does for what is missing where listing is not allowed", "denied"],
    ["S3 never answers", "hangs"],
  ])("whose object cannot be read comes again, and is never rejected: %s", async (_, fault) => {
    const { message, take, counted, codes, queue } = scene({}, [fault]);
    const stored = await message(order, S3);
    expect(await take(stored)).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_CLAIM_CHECK"]);
    expect(await take({ ...stored, receiveCount: 2 })).toEqual(done);
    expect(counted()).toBe("50");
    expect(queue.deadLetters).toEqual([]);
  });

  it("whose object is gone, or in a bucket that is not the one of the options, comes again", async () => {
    const { message, take, objects, queue, codes } = scene();
    const stored = await message(order, S3);
    objects.content.clear();
    expect(await take(stored)).toEqual(failed);
    const reads = objects.log.length;
    expect(await take({ ...stored, body: String(stored.body).replace("large", "other") })).toEqual(failed);
    expect(objects.log.length).toBe(reads);
    expect(codes()).toEqual(["SEMEL_CLAIM_CHECK", "SEMEL_CLAIM_CHECK"]);
    expect(queue.deadLetters).toEqual([]);
  });

  it("of a newer version comes again", async () => {
    const { take, queue, codes } = scene();
    const messageAttributes = { "semel-encoding": { dataType: "String", stringValue: "zstd+base64" } };
    expect(await take({ body: JSON.stringify(order), messageAttributes })).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_BODY"]);
    expect(queue.deadLetters).toEqual([]);
  });

  it("OP1, OP2: that is damaged goes to the dead-letter queue as it came, and nothing of its body is taken for a key", async () => {
    const { take, queue, memory } = scene();
    const messageAttributes = { "semel-encoding": { dataType: "String", stringValue: "gzip+base64" } };
    const body = JSON.stringify({ id: "B-7" });
    expect(await take({ body, messageAttributes })).toEqual(done);
    expect(queue.deadLetters).toMatchObject([
      { MessageBody: body, MessageAttributes: { "semel-encoding": { StringValue: "gzip+base64" } } },
    ]);
    expect(memory.items(RECORDS)).toEqual([]);
  });

  it("OP1: that the schema refuses goes there as it came, too, and its record has the payload's key and fingerprint", async () => {
    const schema = z.object({ id: z.string(), lines: z.string() });
    const { message, take, queue, memory } = scene({ schema } as never);
    const encoded = await message(order, GZIP);
    expect(await take(encoded)).toEqual(done);
    expect(queue.deadLetters).toMatchObject([{ MessageBody: encoded.body }]);
    expect(failureOf(queue.deadLetters[0] as never)).toMatchObject({ code: "SEMEL_SCHEMA" });
    const plain = scene({ schema } as never);
    await plain.take({ body: order });
    const stable = ({ memory }: Pick<TestConsumer<unknown>, "memory">) =>
      memory.items(RECORDS).map(({ pk, fingerprint, status }) => ({ pk, fingerprint, status }));
    expect(stable({ memory })).toEqual(stable(plain));
  });

  it("OP1: that its handler gives up goes there as it came", async () => {
    const { message, orders, host, context, queue } = scene();
    const encoded = await message(order, GZIP);
    const handler = orders.lambda(() => {
      throw new PermanentError("no such customer");
    });
    expect(await host.run(handler(sqsEvent(encoded), context()))).toEqual(done);
    expect(queue.deadLetters).toMatchObject([
      { MessageBody: encoded.body, MessageAttributes: { "semel-encoding": { StringValue: "gzip+base64" } } },
    ]);
  });

  it("whose payload is no JSON is rejected as the same message would be that is not encoded", async () => {
    const options = { key: "messageId" };
    const [encoded, plain] = [scene(options), scene(options)];
    const text = "no JSON ".repeat(99);
    await encoded.take(await encoded.message(text, GZIP));
    await plain.take({ body: text });
    const fingerprints = ({ memory }: Scene) => memory.items(RECORDS).map(({ fingerprint }) => fingerprint?.S);
    expect(fingerprints(encoded)).toEqual(fingerprints(plain));
    expect(encoded.queue.deadLetters.length).toBe(1);
  });

  it.each(["commit", "watermark"] as const)(
    "OP3: is read once in a batch, however often its handler runs, and afresh for each run: %s",
    async (strategy) => {
      const isOrdered = strategy === "watermark";
      const options = isOrdered ? { strategy, key: undefined, redrive: "never" } : { strategy };
      const { message, orders, host, context, memory, objects } = scene(options as never);
      const stock = (n: string) =>
        memory.send({
          operation: "PutItem",
          input: { TableName: "Orders", Item: { orderId: { S: "x" }, n: { N: n } } },
        });
      stock("0");
      const event = sqsEvent(await message(order, S3));
      for (const record of isOrdered ? event.Records : []) {
        record.eventSourceARN += ".fifo";
        Object.assign(record.attributes, { MessageGroupId: "g", SequenceNumber: "7" });
      }
      let runs = 0;
      const handler = orders.lambda(async (given: { body: unknown }, tx: Tx) => {
        const body = given.body as typeof order;
        expect(body.lines.length).toBe(50);
        body.lines.length = 0; // the next run has its own
        await tx.get({ TableName: "Orders", Key: { orderId: "x" } });
        if (runs++ === 0) stock("1"); // its guard fails
        tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
      });
      expect(await host.run(handler(event, context()))).toEqual(done);
      expect(runs).toBe(2);
      expect(objects.log.filter((line) => line.startsWith("get")).length).toBe(1);
    },
  );

  it("without a bucket comes again, and the variable of the construct names one", async () => {
    const { message, take, codes } = scene({ claimCheck: undefined } as never);
    expect(await take(await message(order, S3))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_CLAIM_CHECK"]);
  });

  it("claims nothing for a gzip that a schema of one's own knows: the attribute alone says it", async () => {
    const { take, codes, queue } = scene({ key: "messageId" });
    await take({ body: gzipSync(JSON.stringify(order)).toString("base64") });
    expect(codes()).toEqual(["SEMEL_BODY"]);
    expect(queue.deadLetters.length).toBe(1);
  });
});
