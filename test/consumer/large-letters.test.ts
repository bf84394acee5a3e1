// Attacks FL1 and FL2 of lib/consumer/fit-letter.ts: a message of a stream that is larger than SQS takes does not block what is
// behind it.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MESSAGE_BYTES_MAX } from "../../lib/aws/queues.ts";
import { fitLetter, fits } from "../../lib/consumer/fit-letter.ts";
import { systemHost } from "../../lib/host.ts";
import { decodePayload } from "../../lib/payload/decode.ts";
import { deadLetter, type Letter } from "../../lib/protocol/rejection.ts";
import { type MemoryObjects, memoryObjects } from "../support/memory-objects.ts";
import { DLQ_URL, failureOf, memoryQueue } from "../support/memory-queue.ts";
import { fifoSource, kafkaSource, kinesisSource, type TestSource } from "../support/source-events.ts";
import { append, orderedScene, records } from "./ordered.ts";
import { watermarkScene } from "./watermarks.ts";

const { sha256 } = systemHost;
/** Characters of base64, as random as they get. */
const noise = Array.from({ length: 40_000 }, (_, n) => sha256(String(n)))
  .map((hash) => Buffer.from(hash, "hex").toString("base64"))
  .join("");
const repetitive = "WHITE METAL LANTERN ".repeat(80_000);

/** What a consumer or a person makes of a dead letter's body. */
async function opened({ MessageBody, MessageAttributes = {} }: Sent, objects: MemoryObjects): Promise<string> {
  const encoding = MessageAttributes["semel-encoding"]?.StringValue;
  if (encoding === undefined) return MessageBody;
  const read: Parameters<typeof decodePayload>[1]["read"] = (claim) =>
    objects.get(claim, 2 ** 24, new AbortController().signal);
  return decodePayload({ body: MessageBody, encoding }, { bucket: "large", read, sha256 });
}
type Sent = ReturnType<typeof memoryQueue>["deadLetters"][number];

function scene(source: TestSource, { bucket, faults = [], watermark = false }: SceneOptions = {}) {
  const objects = memoryObjects((request) =>
    request.startsWith("put") ? ((faults.shift() ?? "none") as "none") : "none",
  );
  const queue = { ...memoryQueue(), objects };
  const options = { deadLetterQueueUrl: DLQ_URL, ...(bucket ? { claimCheck: { bucket } } : {}) };
  const made = (watermark ? watermarkScene : orderedScene)(source, { options, queue });
  return { ...made, queue, objects };
}
interface SceneOptions {
  readonly bucket?: string;
  readonly faults?: string[];
  readonly watermark?: boolean;
}

/** The first has a body that is no JSON. */
function batch(body: string) {
  const [large, ...rest] = records("a a a");
  return [{ ...large, body } as never, ...rest];
}

/** The source, with these bytes for the payload of each record. */
function inBytes(source: TestSource, bytes: Buffer): TestSource {
  return {
    ...source,
    event(records) {
      const event: StreamEvent = source.event(records);
      for (const { kinesis } of event.Records ?? []) kinesis.data = bytes.toString("base64");
      for (const record of Object.values(event.records ?? {}).flat()) record.value = bytes.toString("base64");
      return event as never;
    },
  };
}
interface StreamEvent {
  readonly Records?: { readonly kinesis: { data: string } }[];
  readonly records?: Record<string, { value: string }[]>;
}

describe.each([kinesisSource, kafkaSource])("of $name, a message that is larger than SQS takes", (source) => {
  it.each([false, true])(
    "FL1: goes to the dead-letter queue compressed, and lets the others go on (watermark: %s)",
    async (watermark) => {
      const { deliver, queue, objects, log } = scene(source, { watermark });
      expect(await deliver(batch(repetitive), append)).toEqual([]);
      expect(log("a")).toEqual([9, 10]);
      expect(queue.deadLetters.length).toBe(1);
      const [sent] = queue.deadLetters as [Sent];
      expect(await opened(sent, objects)).toBe(repetitive);
      expect(sent.MessageAttributes).toMatchObject({
        "semel-encoding": { StringValue: "gzip+base64" },
        "semel-position": { StringValue: source.number(8) },
      });
      expect(failureOf(sent)).toMatchObject({ code: "SEMEL_BODY" });
    },
  );

  it("FL1: that compression does not help goes to S3, where a bucket is named", async () => {
    const { deliver, queue, objects, log } = scene(source, { bucket: "large" });
    expect(await deliver(batch(noise), append)).toEqual([]);
    expect(log("a")).toEqual([9, 10]);
    const [sent] = queue.deadLetters as [Sent];
    expect(await opened(sent, objects)).toBe(noise);
    expect(failureOf(sent)).toMatchObject({
      reason: expect.stringMatching(
        /^The message was too large for SQS, so its body is in s3:\/\/large\/semel-dead-letters\//,
      ),
    });
  });

  it("FL1: comes again while S3 does not take it: it is not cut for that", async () => {
    const { deliver, queue, log } = scene(source, { bucket: "large", faults: ["never-applied"] });
    const left = await deliver(batch(noise), append);
    expect(left.length).toBe(3);
    expect(queue.deadLetters).toEqual([]);
    expect(await deliver(left, append)).toEqual([]);
    expect(queue.deadLetters.length).toBe(1);
    expect(log("a")).toEqual([9, 10]);
  });

  it.each([false, true])(
    "FL2: is cut where no bucket is named, says so, and blocks nothing (watermark: %s)",
    async (watermark) => {
      const { deliver, queue, objects, log, logged } = scene(source, { watermark });
      expect(await deliver(batch(noise), append)).toEqual([]);
      expect(log("a")).toEqual([9, 10]);
      const [sent] = queue.deadLetters as [Sent];
      expect(noise.startsWith(sent.MessageBody)).toBe(true);
      expect(sent.MessageBody.length).toBeGreaterThan(MESSAGE_BYTES_MAX - 24_576);
      await expect(opened(sent, objects)).rejects.toMatchObject({ code: "SEMEL_BODY", retryable: false });
      expect(failureOf(sent)).toMatchObject({
        reason: expect.stringMatching(
          /its body is cut to \d+ of 1760000 bytes; the stream has the whole, where semel-origin/,
        ),
      });
      expect(logged.filter(({ message }) => message.includes("too large for SQS")).length).toBe(1);
    },
  );

  it("bytes that are no text go as base64 of which the attribute tells, within the encoding", async () => {
    const bytes = Buffer.alloc(900 * 1024, "ÿabc", "latin1"); // as base64 beyond 1 MiB
    const { queue, objects, deliver } = scene(inBytes(source, bytes));
    expect(await deliver(batch("").slice(0, 1), append)).toEqual([]);
    const [sent] = queue.deadLetters as [Sent];
    expect(Buffer.from(await opened(sent, objects), "base64").equals(bytes)).toBe(true);
    expect(sent.MessageAttributes).toMatchObject({ "semel-body-encoding": { StringValue: "base64" } });
  });
});

it("of a FIFO queue, a dead letter is as it came: it fitted before", async () => {
  const { deliver, queue } = scene(fifoSource, { bucket: "large" });
  const body = noise.slice(0, MESSAGE_BYTES_MAX);
  await deliver(batch(body), append);
  expect(queue.deadLetters).toMatchObject([{ MessageBody: body }]);
});

it("whatever the letter, it fits afterwards, with its reason, in whole characters", async () => {
  const text = (value: string) => ({ DataType: "String", StringValue: value });
  const letter: fc.Arbitrary<Letter> = fc.record({
    body: fc
      .tuple(fc.constantFrom("é", "🎁", "x", "x🎁é"), fc.constantFrom(noise, repetitive))
      .map(([glyph, rest]) => rest.replace(/../g, `$&${glyph}`)),
    attributes: fc
      .record({
        count: fc.integer({ min: 0, max: 8 }),
        length: fc.integer({ min: 1, max: 1_500 }),
        encoded: fc.boolean(),
      })
      .map(({ count, length, encoded }) =>
        Object.fromEntries([
          ...Array.from({ length: count }, (_, n) => [`a${n}`, text("y".repeat(length))]),
          ...(encoded ? [["semel-encoding", text("gzip+base64")]] : []),
        ]),
      ),
  });
  const property = fc.asyncProperty(letter, fc.boolean(), async (given, isStored) => {
    expect(fits(given)).toBe(false);
    const objects = memoryObjects();
    const claimCheck = isStored ? { bucket: "large", client: undefined } : undefined;
    const context = { host: systemHost, options: { claimCheck }, objects, signal: new AbortController().signal };
    const fitted = await fitLetter(given, "m-1", context);
    const told = deadLetter(fitted, { code: "X", reason: "why", consumer: "orders", messageId: "m-1" });
    expect(fits(told)).toBe(true);
    expect(told.tellsReason).toBe(true);
    expect(fitted.body.isWellFormed()).toBe(true);
    if (fitted.attributes["semel-encoding"]?.StringValue === "cut")
      expect(given.body.startsWith(fitted.body)).toBe(true);
    else
      expect(
        await opened({ QueueUrl: "", MessageBody: fitted.body, MessageAttributes: fitted.attributes }, objects),
      ).toBe(given.body);
  });
  await fc.assert(property, { numRuns: 12 });
});
