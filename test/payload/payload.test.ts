// Attacks EB1-EB3, EC1, EC2, GZ1, GZ2, DE1 and DE2: payloads come back as they were, and nothing else is taken for one.

import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SemelError } from "../../lib/errors.ts";
import { systemHost } from "../../lib/host.ts";
import { decodePayload } from "../../lib/payload/decode.ts";
import { type EncodedMessage, type EncodeOptions, encode } from "../../lib/payload/encode.ts";
import { base64 } from "../../lib/payload/gzip.ts";
import { ENCODING_ATTRIBUTE, objectKey, PAYLOAD_BYTES_MAX } from "../../lib/protocol/encoded-body.ts";
import { messageBytes } from "../../lib/protocol/queue-message.ts";
import { memoryObjects } from "../support/memory-objects.ts";

const { sha256 } = systemHost;
const OFF: EncodeOptions = { compressOverBytes: undefined, claimCheck: undefined };
const signal = new AbortController().signal;

/** What a consumer with this bucket makes of it, once its object is stored. */
async function received({ body, attributes, upload }: EncodedMessage, bucket = "large"): Promise<string> {
  const objects = memoryObjects();
  if (upload) await objects.put(upload, upload.bytes, signal);
  const encoding = attributes[ENCODING_ATTRIBUTE]?.StringValue;
  if (encoding === undefined) return body;
  const read = (claim: Parameters<typeof objects.get>[0]) => objects.get(claim, PAYLOAD_BYTES_MAX, signal);
  return decodePayload({ body, encoding }, { bucket, read, sha256 });
}

async function refusal(body: string, encoding: string | undefined, read = async () => new Uint8Array()) {
  const error = await decodePayload({ body, encoding }, { bucket: "large", read, sha256 }).then(String, (e) => e);
  const { code, retryable, message } = error as SemelError;
  return { code, retryable, message };
}

/** Repetitive or not, with whatever characters SQS takes. */
const text = fc.oneof(
  fc.json(),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 400 }),
  fc
    .tuple(fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 200 }))
    .map(([part, times]) => part.repeat(times)),
  fc.uint8Array({ minLength: 1, maxLength: 3_000 }).map((bytes) => base64(bytes)),
);
const options: fc.Arbitrary<EncodeOptions> = fc.record({
  compressOverBytes: fc.option(fc.nat(500), { nil: undefined }),
  claimCheck: fc.option(
    fc.record({
      bucket: fc.constant("large"),
      prefix: fc.constantFrom("", "orders/", "a/b/"),
      overBytes: fc.integer({ min: 256, max: 2_000 }),
    }),
    { nil: undefined },
  ),
});
const attributes = fc
  .integer({ min: 0, max: 10 })
  .map((count) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`a${n}`, { DataType: "String", StringValue: "x" }])),
  );

describe("a payload", () => {
  it("comes back as it was, is never larger for being compressed, and stored only where it would not fit", async () => {
    const property = fc.asyncProperty(
      fc.record({ text, options, attributes, key: fc.string({ unit: "binary" }) }),
      async ({ text, options, attributes, key }) => {
        const payload = { text, attributes, key };
        const sent = encode(payload, options, sha256);
        expect(await received(sent)).toBe(text);
        expect(encode(payload, options, sha256)).toEqual(sent); // GZ2, EB2
        const plainBytes = messageBytes(text, attributes);
        const bytes = messageBytes(sent.body, sent.attributes);
        const encoding = sent.attributes[ENCODING_ATTRIBUTE]?.StringValue;
        if (encoding === "gzip+base64") expect(bytes).toBeLessThan(plainBytes); // EC1
        if (sent.upload === undefined) expect(encoding === undefined || encoding === "gzip+base64").toBe(true);
        else {
          const { claimCheck: _, ...inline } = options;
          const unstored = encode(payload, { ...inline, claimCheck: undefined }, sha256);
          expect(messageBytes(unstored.body, unstored.attributes)).toBeGreaterThan(options.claimCheck?.overBytes ?? 0); // EC2
          expect(() => JSON.parse(sent.body)).toThrow(); // EB3
          expect(bytes).toBeLessThan(2_048);
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("goes as it is where nothing is asked for, and where it is larger than semel takes", () => {
    expect(encode({ text: "x".repeat(9_999), attributes: {}, key: "k" }, OFF, sha256)).toMatchObject({
      attributes: {},
    });
    const huge = { text: "x".repeat(PAYLOAD_BYTES_MAX + 1), attributes: {}, key: "k" };
    const all = { compressOverBytes: 0, claimCheck: { bucket: "large", prefix: "", overBytes: 1_024 } };
    expect(encode(huge, all, sha256).body).toBe(huge.text);
  });

  it("EB2: has an object of its own for each key, content and form", () => {
    const names = ["k", "l"].flatMap((key) =>
      ["a", "b"].flatMap((payload) =>
        [true, false].map((gzipped) => objectKey("p/", { key, payload, gzipped }, sha256)),
      ),
    );
    expect(new Set(names).size).toBe(8);
  });
});

describe("what is no payload", () => {
  const hash = sha256("x");
  const uri = `s3://large/${hash}/${hash}`;
  it.each<[string, string, string | undefined, boolean, RegExp]>([
    ["an encoding of a newer version: comes again (DE1)", "x", "zstd+base64", true, /is "zstd\+base64". Known: gzip/],
    ["an attribute that is no text", "x", undefined, true, /is undefined/],
    ["no base64", "{}", "gzip+base64", false, /not base64/],
    ["base64 of something else", "aGVsbG8=", "gzip+base64", false, /not gzip/],
    ["gzip that is cut", base64(gzipSync("x".repeat(99)).subarray(0, 20)), "gzip+base64", false, /not gzip/],
    ["gzip of no text", base64(gzipSync(Buffer.of(0xff))), "gzip+base64", false, /not UTF-8/],
    ["a dead letter that was cut", "{", "cut", false, /semel-position/],
    ["JSON for a URI", '{"bucket":"large"}', "s3", false, /names no object/],
    ["an object that semel did not name (DE2)", "s3://large/secrets.json", "s3", false, /names no object/],
    ["an object of another form", `${uri}.gz`, "s3", false, /names no object/],
    ["an object of another bucket (DE2)", uri.replace("large", "other"), "s3", true, /large is the only one/],
    ["an object with another content (DE2)", uri, "s3", false, /not what its name says/],
    ["a stored gzip that is none", `${uri}.gz`, "gzip+s3", false, /not gzip/],
  ])("%s", async (_, body, encoding, retryable, message) => {
    const expected = { code: /only one/.test(message.source) ? "SEMEL_CLAIM_CHECK" : "SEMEL_BODY", retryable };
    expect(await refusal(body, encoding)).toEqual({ ...expected, message: expect.stringMatching(message) });
  });

  it("DE1: an object that cannot be read comes again, whatever the reason", async () => {
    const missing = Object.assign(new Error("no such key"), { name: "NoSuchKey" });
    expect(await refusal(uri, "s3", () => Promise.reject(missing))).toMatchObject({
      code: "SEMEL_CLAIM_CHECK",
      retryable: true,
      message: expect.stringMatching(/NoSuchKey: no such key. It comes again/),
    });
  });

  it("DE2: without a bucket nothing is read", async () => {
    const read = () => Promise.reject(new Error("read"));
    const decoding = decodePayload({ body: uri, encoding: "s3" }, { bucket: undefined, read, sha256 });
    await expect(decoding).rejects.toMatchObject({
      retryable: true,
      message: expect.stringMatching(/no bucket is named/),
    });
  });

  it("GZ1: what would unpack to more than 16 MiB is not unpacked", async () => {
    const bomb = base64(gzipSync(Buffer.alloc(PAYLOAD_BYTES_MAX + 1)));
    expect(bomb.length).toBeLessThan(30_000);
    expect(await refusal(bomb, "gzip+base64")).toMatchObject({
      retryable: false,
      message: expect.stringMatching(/more than 16777216 bytes/),
    });
  });
});
