// Attacks UP1 and UP2, and what a publisher does with bodies that it may compress or store.

import { describe, expect, it } from "vitest";
import type { SemelError } from "../../lib/errors.ts";
import { systemHost } from "../../lib/host.ts";
import { createPublisher } from "../../lib/publisher/index.ts";
import type { OutgoingMessage } from "../../lib/publisher/message.ts";
import type { PublisherOptions } from "../../lib/publisher/options.ts";
import { publisherOf } from "../../lib/publisher/publisher.ts";
import { memoryObjects, type ObjectFault } from "../support/memory-objects.ts";
import { type BadDay, badQueue, type RequestFault } from "./bad-queue.ts";

const { sha256 } = systemHost;
const LARGE = { lines: Array.from({ length: 80_000 }, (_, n) => `line ${Math.imul(n, 2_654_435_761) >>> 0}`) };
const CLAIM_CHECK = { bucket: "large", prefix: "orders/" };

interface Day extends BadDay {
  readonly objectFaults?: ObjectFault[];
}

function scene({ objectFaults = [], ...day }: Day, options: Partial<PublisherOptions>) {
  const queue = badQueue(day);
  const objects = memoryObjects(() => objectFaults.shift() ?? "none");
  const { host, send, url: queueUrl } = queue;
  const publisher = publisherOf({ queueUrl, ...options }, { host, send, objects });
  const sendAll = (...messages: OutgoingMessage[]) => host.run(publisher.sendBatch(messages));
  const sent = () =>
    queue.messages().map(({ body, attributes }) => {
      const { [`semel-encoding`]: encoding, ...rest } = attributes as Record<string, { StringValue?: string }>;
      return { body, encoding: encoding?.StringValue, attributes: Object.keys(rest) };
    });
  return { ...queue, objects, sendAll, sent };
}

type Results = Awaited<ReturnType<ReturnType<typeof scene>["sendAll"]>>;
const codes = (results: Results) => results.map((result) => (result.ok ? "sent" : result.error.code));

describe("compress", () => {
  const repetitive = "abc".repeat(3_000);

  it("compresses what is above its size and gets smaller by it, and marks it", async () => {
    const { sendAll, sent } = scene({}, { compress: { overBytes: 100 } });
    await sendAll(
      { body: repetitive },
      { body: "abc" },
      { body: repetitive.slice(0, 100) },
      { body: sha256("1") + sha256("2") },
    );
    expect(sent().map(({ encoding }) => encoding)).toEqual(["gzip+base64", undefined, undefined, undefined]);
    expect(Buffer.byteLength(sent()[0]?.body ?? "")).toBeLessThan(150);
  });

  it("is off by default, on above 4,096 bytes by true", async () => {
    for (const [compress, encodings] of [
      [undefined, [undefined, undefined]],
      [true, [undefined, "gzip+base64"]],
      [{}, [undefined, "gzip+base64"]],
    ] as const) {
      const { sendAll, sent } = scene({}, { compress });
      await sendAll({ body: "x".repeat(4_096) }, { body: "x".repeat(4_097) });
      expect(sent().map(({ encoding }) => encoding)).toEqual(encodings);
    }
  });

  it("takes a body beyond 1 MiB that fits when it is compressed, and counts a request's bytes as they are sent", async () => {
    const { sendAll, requests } = scene({}, { compress: true });
    const results = await sendAll(...Array.from({ length: 10 }, () => ({ body: "x".repeat(2 * 1024 * 1024) })));
    expect(codes(results)).toEqual(Array(10).fill("sent"));
    expect(requests.length).toBe(1);
  });

  it("leaves a body as it is where no attribute is left to say so", async () => {
    const attributes = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`a${n}`, "x"]));
    const { sendAll, sent } = scene({}, { compress: true });
    await sendAll({ body: repetitive, attributes });
    expect(sent()).toMatchObject([{ body: repetitive, encoding: undefined }]);
  });

  it("refuses what is no text whatever its size: compressed, it would be another", async () => {
    const { sendAll } = scene({}, { compress: { overBytes: 0 } });
    expect(
      codes(await sendAll({ body: `${repetitive}\uD800` }, { body: `${repetitive}\u0001` }, { body: "" })),
    ).toEqual(Array(3).fill("SEMEL_MESSAGE"));
  });

  it("an attribute semel-encoding of the caller's own is refused", async () => {
    const { sendAll } = scene({}, {});
    const [result] = await sendAll({ body: "x", attributes: { "semel-encoding": "s3" } });
    expect(result).toMatchObject({ ok: false, error: { code: "SEMEL_MESSAGE" } });
  });
});

describe("claimCheck", () => {
  it("UP1: puts what does not fit into S3 before it sends the URI; the others of the request go as they are", async () => {
    const { sendAll, sent, objects } = scene({}, { claimCheck: CLAIM_CHECK });
    expect(codes(await sendAll({ body: { n: 1 } }, { body: LARGE, key: "A-1" }))).toEqual(["sent", "sent"]);
    const [small, large] = sent();
    expect(small).toMatchObject({ body: '{"n":1}', encoding: undefined });
    expect(large).toMatchObject({ encoding: "s3", attributes: ["semel-idempotency-key"] });
    expect(large?.body).toMatch(/^s3:\/\/large\/orders\/[0-9a-f]{64}\/[0-9a-f]{64}$/);
    const stored = objects.content.get(large?.body.slice("s3://".length) ?? "");
    expect(Buffer.from(stored ?? []).toString()).toBe(JSON.stringify(LARGE));
  });

  it("stores it compressed with both options; and from its own size on", async () => {
    const claimCheck = { ...CLAIM_CHECK, overBytes: 1_024 };
    const { sendAll, sent, objects } = scene({}, { claimCheck, compress: true });
    await sendAll(
      { body: LARGE },
      { body: "x".repeat(9_999) },
      { body: Buffer.from(JSON.stringify(LARGE)).toString("base64").slice(0, 2_000) },
    );
    expect(sent().map(({ encoding }) => encoding)).toEqual(["gzip+s3", "gzip+base64", "s3"]);
    expect(objects.log.length).toBe(2);
  });

  it("UP2: puts again until S3 has it, the same object; one that it has is not put again for the queue's sake", async () => {
    const ofRequest = (list: RequestFault[]) => () => list.shift() ?? "none";
    const objectFaults: ObjectFault[] = ["never-applied", "answer-lost", "hangs"];
    const day = { objectFaults, fifo: true, ofRequest: ofRequest(["answer-lost", "throttled"]) };
    const { sendAll, sent, objects, requests } = scene(day, { claimCheck: CLAIM_CHECK, timeoutMs: 60_000 });
    expect(codes(await sendAll({ body: LARGE, groupId: "g" }))).toEqual(["sent"]);
    expect(objects.log.length).toBe(4);
    expect(objects.content.size).toBe(1);
    expect(requests.length).toBe(3);
    expect(sent().length).toBe(1);
  });

  it("what S3 refuses is refused alone, and is not in the queue; in a message group what is behind it is not sent", async () => {
    const { sendAll, sent, objects } = scene({ objectFaults: ["denied"], fifo: true }, { claimCheck: CLAIM_CHECK });
    const results = await sendAll({ body: LARGE, groupId: "g" }, { body: 2, groupId: "g" }, { body: 3, groupId: "h" });
    expect(codes(results)).toEqual(["SEMEL_CLAIM_CHECK", "SEMEL_NOT_SENT", "sent"]);
    expect((results[0] as { error: SemelError }).error.message).toMatch(
      /S3 refused its body, AccessDenied: as S3 says it/,
    );
    expect(sent().map(({ body }) => body)).toEqual(["3"]);
    expect(objects.log.length).toBe(1);
  });

  it("PR1: whose object never gets there is not sent, and says so, when the time is up", async () => {
    const { sendAll, requests, host } = scene(
      { objectFaults: Array(99).fill("never-applied") },
      { claimCheck: CLAIM_CHECK },
    );
    const before = host.nowMs();
    const results = await sendAll({ body: LARGE, key: "A-1" });
    expect(results).toMatchObject([{ ok: false, key: "A-1", error: { code: "SEMEL_NOT_SENT", retryable: true } }]);
    expect(host.nowMs() - before).toBe(30_000);
    expect(requests).toEqual([]);
  });

  it("PE1, PS5: a process that slept while it stored sends nothing after its time", async () => {
    const queue = badQueue({});
    let sleptMs = 0;
    const objects = memoryObjects(() => {
      sleptMs = 600_000;
      return "none";
    });
    const host = { ...queue.host, nowMs: () => queue.host.nowMs() + sleptMs };
    const options = { queueUrl: queue.url, claimCheck: CLAIM_CHECK };
    const publisher = publisherOf(options, { host, send: queue.send, objects });
    const sending = publisher.send({ body: LARGE });
    await expect(queue.host.run(sending)).rejects.toMatchObject({ code: "SEMEL_NOT_SENT" });
    expect(queue.requests).toEqual([]);
    expect(objects.content.size).toBe(1);
  });

  it("PS5: an object without an answer keeps nothing beyond the end", async () => {
    const day = { objectFaults: Array(9).fill("hangs") };
    const { sendAll, requests } = scene(day, { claimCheck: CLAIM_CHECK, timeoutMs: 500 });
    expect(codes(await sendAll({ body: LARGE }))).toEqual(["SEMEL_NOT_SENT"]);
    expect(requests).toEqual([]);
  });

  it("a body beyond 16 MiB is refused: no consumer would take it", async () => {
    const { sendAll, objects } = scene({}, { claimCheck: CLAIM_CHECK, compress: true });
    const [fits, tooLarge] = await sendAll({ body: "x".repeat(2 ** 24) }, { body: "x".repeat(2 ** 24 + 1) });
    expect(fits?.ok).toBe(true);
    expect(tooLarge).toMatchObject({
      error: {
        code: "SEMEL_MESSAGE",
        message: expect.stringMatching(/its body has 16777217 bytes. semel takes 16777216/),
      },
    });
    expect(objects.log).toEqual([]);
  });

  it("the queue's own limit counts, and without a bucket the message is refused", async () => {
    const { sendAll, sent } = scene({}, { claimCheck: CLAIM_CHECK, messageBytesMax: 2_048 });
    await sendAll({ body: "x".repeat(3_000) });
    expect(sent()[0]?.encoding).toBe("s3");
    const without = scene({}, { messageBytesMax: 2_048 });
    const [result] = await without.sendAll({ body: "x".repeat(3_000) });
    expect(result).toMatchObject({
      error: { message: expect.stringMatching(/The queue takes 2048: set the options/) },
    });
  });
});

describe("options", () => {
  it.each<[object, RegExp]>([
    [{ compress: 1 }, /compress is 1/],
    [{ compress: { over: 1 } }, /unknown field over of compress/],
    [{ compress: { overBytes: -1 } }, /compress.overBytes is -1/],
    [{ claimCheck: {} }, /claimCheck.bucket is undefined/],
    [{ claimCheck: { bucket: "Not_A_Bucket" } }, /claimCheck.bucket is "Not_A_Bucket"/],
    [{ claimCheck: { bucket: "large", prefix: "/x" } }, /claimCheck.prefix is "\/x"/],
    [{ claimCheck: { bucket: "large", overBytes: 2_000_000 } }, /claimCheck.overBytes is 2000000/],
    [{ claimCheck: { bucket: "large", client: {} } }, /claimCheck.client has no send/],
    [{ claimCheck: { bucket: "large", ttl: 1 } }, /unknown field ttl of claimCheck/],
    [{ claimCheck: true }, /claimCheck is true/],
    [{ messageBytesMax: 1 }, /messageBytesMax is 1/],
  ])("%j: an error at start", (options, message) => {
    expect(() => createPublisher({ queueUrl: "https://q", ...options } as PublisherOptions)).toThrow(message);
  });
});
