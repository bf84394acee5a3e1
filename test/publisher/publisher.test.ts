// What a caller of the publisher sees, on a queue of the SQS engine and a virtual clock.

import { describe, expect, it } from "vitest";
import type { SemelError } from "../../lib/errors.ts";
import { createPublisher } from "../../lib/publisher/index.ts";
import type { OutgoingMessage } from "../../lib/publisher/message.ts";
import type { PublisherOptions } from "../../lib/publisher/options.ts";
import { type Publisher, publisherOf } from "../../lib/publisher/publisher.ts";
import { type BadDay, type BadQueue, badQueue, keyOf, type RequestFault } from "./bad-queue.ts";

interface Scene extends BadQueue {
  readonly publisher: Publisher;
  /** What comes of one message. */
  result(message: OutgoingMessage): Promise<unknown>;
}

function scene(day: BadDay = {}, options: Partial<PublisherOptions> = {}): Scene {
  const queue = badQueue(day);
  const publisher = publisherOf({ queueUrl: queue.url, ...options }, { host: queue.host, send: queue.send });
  return { ...queue, publisher, result: (message) => queue.host.run(publisher.send(message)).catch(errorOf) };
}

const errorOf = ({ code, key, message }: SemelError) => ({ code, key, message });
const failure = (code: string, message: RegExp) => ({ code, message: expect.stringMatching(message) });

/** The first of these, then none. */
function faults(...list: RequestFault[]): () => RequestFault {
  return () => list.shift() ?? "none";
}

describe("one message", () => {
  it("is in the queue when send resolves, as JSON or as the text that it is, with its key and attributes", async () => {
    const { publisher, host, messages } = scene();
    const sent = await host.run(
      publisher.send({
        body: { total: 7 },
        key: "A-1",
        attributes: { tenant: "t", n: { DataType: "Number", StringValue: "1" } },
      }),
    );
    await host.run(publisher.send({ body: "plain", delaySeconds: 3, groupId: "tenant" }));
    const [json, text] = messages();
    expect(sent).toEqual({ key: "A-1", messageId: json?.id, sequenceNumber: undefined });
    expect(json?.body).toBe('{"total":7}');
    expect(json?.attributes).toEqual({
      tenant: { DataType: "String", StringValue: "t" },
      n: { DataType: "Number", StringValue: "1" },
      "semel-idempotency-key": { DataType: "String", StringValue: "A-1" },
    });
    expect(text).toMatchObject({ body: "plain", groupId: "tenant", state: "delayed" });
  });

  it("PM1: has a new UUID for a key, or a Snowflake id, and the same one in every try", async () => {
    for (const [options, form] of [
      [{}, /^[0-9a-f-]{36}$/],
      [{ snowflakeWorkerId: 7 }, /^\d{19}$/],
    ] as const) {
      const { publisher, host, messages } = scene({ ofRequest: faults("answer-lost", "hangs") }, options);
      const { key } = await host.run(publisher.send({ body: 1 }));
      expect(key).toMatch(form);
      expect(messages().map(keyOf)).toEqual([key, key, key]); // a standard queue knows no better
      expect((await host.run(publisher.send({ body: 2 }))).key).not.toBe(key);
    }
  });

  it("is once in a FIFO queue, however often its answer is lost", async () => {
    const { publisher, host, messages } = scene({ fifo: true, ofRequest: faults("answer-lost", "deaf", "no-ids") });
    const sent = await host.run(publisher.send({ body: 1, key: "A-1", groupId: "g" }));
    expect(messages()).toMatchObject([
      { id: sent.messageId, sequenceNumber: sent.sequenceNumber, groupId: "g", dedupId: "A-1" },
    ]);
  });

  it("PR1: that SQS refuses is refused; but PS3: not after a try that may have gone through", async () => {
    const refused = scene({ ofRequest: faults("refused") });
    expect(await refused.result({ body: 1, key: "A-1" })).toEqual({
      ...failure("SEMEL_REFUSED", /SQS refused it, QueueDoesNotExist: no such queue. It is not in the queue/),
      key: "A-1",
    });
    expect(refused.requests.length).toBe(1);
    for (const first of ["hangs", "answer-lost", "never-applied", "refused-after-repeat"] as const) {
      const open = scene({ ofRequest: faults(first, "refused") });
      expect(await open.result({ body: 1, key: "A-1" })).toEqual({
        ...failure("SEMEL_UNKNOWN_OUTCOME", /Send it again with the same key/),
        key: "A-1",
      });
    }
  });

  it("PS5: is given up when the time is up, and told whether it may be in the queue", async () => {
    const throttled = scene({ ofRequest: () => "throttled" }, { timeoutMs: 1_000 });
    expect(await throttled.result({ body: 1, key: "A-1" })).toEqual({
      ...failure("SEMEL_NOT_SENT", /the time for sending, 1000 ms, is up. It is not in the queue/),
      key: "A-1",
    });
    const deaf = scene({ ofRequest: () => "deaf" }, { timeoutMs: 1_000 });
    expect(await deaf.result({ body: 1 })).toMatchObject({ code: "SEMEL_UNKNOWN_OUTCOME" });
  });

  it("PE1: is not sent again by a process that slept through its time", async () => {
    const queue = badQueue({ ofRequest: () => "throttled" });
    let sleptMs = 0;
    const host = { ...queue.host, nowMs: () => queue.host.nowMs() + sleptMs };
    const publisher = publisherOf({ queueUrl: queue.url }, { host, send: queue.send });
    const sending = publisher.send({ body: 1 });
    queue.host.after(20, () => {
      sleptMs = 600_000;
    });
    await expect(queue.host.run(sending)).rejects.toMatchObject({ code: "SEMEL_NOT_SENT" });
    expect(queue.requests.length).toBe(1);
  });

  it("PS5: ends with the caller's signal, before a request and during one", async () => {
    const { publisher, host, requests } = scene({ ofRequest: () => "hangs" });
    const before = publisher.send({ body: 1 }, { signal: AbortSignal.abort() });
    await expect(host.run(before)).rejects.toMatchObject({
      code: "SEMEL_NOT_SENT",
      message: /the caller's signal aborted/,
    });
    expect(requests).toEqual([]);
    const caller = new AbortController();
    host.after(100, () => caller.abort());
    const startedMs = host.nowMs();
    const during = publisher.send({ body: 1 }, { signal: caller.signal });
    await expect(host.run(during)).rejects.toMatchObject({ code: "SEMEL_UNKNOWN_OUTCOME" });
    expect(host.nowMs() - startedMs).toBe(100);
  });
});

describe("a message that cannot be sent as it is", () => {
  const fifo = { fifo: true };
  it.each<[string, BadDay, unknown, RegExp]>([
    ["no object", {}, undefined, /it is undefined. Use \{ body/],
    ["no body", {}, {}, /it has no body/],
    ["an empty text", {}, { body: "" }, /its body is empty/],
    ["what JSON would change", {}, { body: { at: new Map() } }, /its body cannot go as JSON: \[object Map\]/],
    ["a character that SQS refuses", {}, { body: "a\u0001b" }, /its body holds U\+0001, which SQS refuses/],
    [
      "a key that is there and undefined",
      {},
      { body: 1, key: undefined },
      /No usable idempotency key: the field key gave undefined/,
    ],
    [
      "a key that looks partly missing",
      {},
      { body: 1, key: "order/undefined" },
      /No usable idempotency key: the field key gave "order\/undefined", which looks partly/,
    ],
    ["a list for a key", {}, { body: 1, key: ["a"] }, /No usable idempotency key: the field key is a list/],
    ["an unknown field", {}, { body: 1, group: "g" }, /unknown field group. Known fields: body, key, groupId/],
    [
      "a key among the attributes",
      {},
      { body: 1, attributes: { "semel-idempotency-key": "x" } },
      /Give the key in the field key/,
    ],
    ["a number for an attribute", {}, { body: 1, attributes: { n: 5 } }, /attribute n is 5. Use a text or \{ DataType/],
    ["attributes that are none", {}, { body: 1, attributes: null }, /its attributes are null/],
    ["no group on a FIFO queue", fifo, { body: 1 }, /it has no groupId, and the queue is a FIFO queue/],
    ["a group that SQS refuses", fifo, { body: 1, groupId: "a b" }, /its groupId is "a b". Use 1 to 128/],
    [
      "a delay on a FIFO queue",
      fifo,
      { body: 1, groupId: "g", delaySeconds: 5 },
      /its delaySeconds is 5. A FIFO queue has one/,
    ],
    [
      "a delay that is too long",
      {},
      { body: 1, delaySeconds: 901 },
      /its delaySeconds is 901. Use a whole number from 0 to 900/,
    ],
    ["more than 1 MiB", {}, { body: "x".repeat(1024 * 1024) }, /bytes with its attributes. The queue takes 1048576/],
  ])("%s", async (_, day, message, expected) => {
    const { result, requests } = scene(day);
    const code = /^No usable/.test(expected.source) ? "SEMEL_KEY" : "SEMEL_MESSAGE";
    expect(await result(message as OutgoingMessage)).toMatchObject(failure(code, expected));
    expect(requests).toEqual([]);
  });

  it("two characters that SQS refuses can go in a value: JSON escapes them", async () => {
    const { result, messages } = scene();
    await result({ body: { text: "\uFFFE \uFFFF" } });
    expect(JSON.parse(messages()[0]?.body ?? "")).toEqual({ text: "\uFFFE \uFFFF" });
  });
});

describe("a batch", () => {
  const bodies = (count: number): OutgoingMessage[] =>
    Array.from({ length: count }, (_, n) => ({ body: n, key: `k-${n}` }));

  it("goes by 10 and 1 MiB, and tells of each message in its place", async () => {
    const { publisher, host, requests } = scene();
    const results = await host.run(publisher.sendBatch(bodies(25)));
    expect(requests.map(({ Entries }) => Entries.length)).toEqual([10, 10, 5]);
    expect(results.map(({ key }) => key)).toEqual(bodies(25).map(({ key }) => key));
    requests.length = 0;
    const large = "x".repeat(400 * 1024);
    await host.run(publisher.sendBatch(Array.from({ length: 5 }, () => ({ body: large }))));
    expect(requests.map(({ Entries }) => Entries.length)).toEqual([2, 2, 1]);
    expect(await host.run(publisher.sendBatch([]))).toEqual([]);
  });

  it("PS2: sends again only what failed, together, and not what SQS refused", async () => {
    const seen = new Set<string>();
    const { publisher, host, requests } = scene({
      ofEntry: ({ MessageBody: body }) => {
        const isFirst = !seen.has(body);
        seen.add(body);
        if (body === "4") return "refused";
        return isFirst && ["2", "3", "7"].includes(body) ? (body === "3" ? "throttled" : "left-out") : "none";
      },
    });
    const results = await host.run(publisher.sendBatch(bodies(10)));
    expect(requests.map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody).join(""))).toEqual([
      "0123456789",
      "237",
    ]);
    expect(results.flatMap((result, n) => (result.ok ? [] : [[n, result.error.code]]))).toEqual([[4, "SEMEL_REFUSED"]]);
  });

  it("a request that one message may have spoilt goes again one by one, so that one alone is refused", async () => {
    const { publisher, host, requests } = scene({
      ofRequest: ({ Entries }) => (Entries.length > 1 ? "refused-together" : "none"),
      ofEntry: ({ MessageBody }) => (MessageBody === "1" ? "refused" : "none"),
    });
    const results = await host.run(publisher.sendBatch(bodies(3)));
    expect(requests.map(({ Entries }) => Entries.length)).toEqual([3, 1, 1, 1]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
  });

  it("LA1, PS4: a group of a FIFO queue goes one after the other and stops at its first failure; other groups go on", async () => {
    const { publisher, host, requests, messages } = scene({
      fifo: true,
      ofEntry: ({ MessageBody }) => (MessageBody === "a1" ? "refused" : "none"),
    });
    const batch = ["a0", "b0", "a1", "b1", "a2", "c0", "b2"].map((body) => ({ body, groupId: body.slice(0, 1) }));
    const results = await host.run(publisher.sendBatch(batch));
    expect(requests.map(({ Entries }) => Entries.map(({ MessageBody }) => MessageBody).join())).toEqual([
      "a0,b0,c0",
      "a1,b1",
      "b2",
    ]);
    expect(messages().map(({ body }) => body)).toEqual(["a0", "b0", "c0", "b1", "b2"]);
    expect(results.map((result) => (result.ok ? "" : result.error.code))).toEqual([
      "",
      "",
      "SEMEL_REFUSED",
      "",
      "SEMEL_NOT_SENT",
      "",
      "",
    ]);
    expect(results[4]).toMatchObject({
      error: { message: expect.stringMatching(/before it in its message group.* failed/) },
    });
  });

  it("PB2: refuses another body under a key of the same call; the same body again is the same message", async () => {
    const { publisher, host, messages } = scene({ fifo: true });
    const batch = [1, 2, 1].map((body) => ({ body, key: "A-1", groupId: `g-${body}` }));
    const results = await host.run(publisher.sendBatch(batch));
    expect(results.map((result) => (result.ok ? "" : result.error.code))).toEqual(["", "SEMEL_MESSAGE", ""]);
    expect(messages().length).toBe(1);
  });

  it("PS2: goes again as it was, though its caller changed it in between", async () => {
    const bytes = new Uint8Array([1]);
    const attribute = { DataType: "Binary", BinaryValue: bytes };
    const { publisher, host, messages } = scene({
      ofRequest() {
        bytes[0] = 9;
        attribute.DataType = "Binary.changed";
        return messages().length === 0 ? "answer-lost" : "none";
      },
    });
    await host.run(publisher.send({ body: 1, attributes: { attribute } }));
    expect(messages().map(({ attributes }) => attributes?.["attribute"])).toEqual([
      { DataType: "Binary", BinaryValue: "AQ==" },
      { DataType: "Binary", BinaryValue: "AQ==" },
    ]);
  });

  it("rejects where it is called wrongly", async () => {
    const { publisher } = scene();
    const wrong = publisher.sendBatch as (messages: unknown, options?: unknown) => Promise<unknown>;
    await expect(wrong("abc")).rejects.toThrow(/Cannot send: the messages are of type string.*SEMEL_OPTIONS/);
    await expect(wrong([], { timeoutMs: 5 })).rejects.toThrow(/unknown option timeoutMs. Known options: signal/);
    await expect(wrong([], { signal: 5 })).rejects.toThrow(/signal is 5. Use the signal of an AbortController/);
  });
});

describe("options", () => {
  it.each<[unknown, RegExp]>([
    [undefined, /options are undefined/],
    [{}, /queueUrl is undefined. Use the URL of a queue; is its environment variable set\?/],
    [{ queueUrl: "orders" }, /queueUrl is "orders"/],
    [{ queueUrl: "https://q", queue: 1 }, /unknown option queue. Known options: queueUrl, snowflakeWorkerId/],
    [
      { queueUrl: "https://q", snowflakeWorkerId: Number.NaN },
      /snowflakeWorkerId is NaN. Use a whole number from 0 to 1023/,
    ],
    [{ queueUrl: "https://q", snowflakeWorkerId: 1024 }, /snowflakeWorkerId is 1024/],
    [{ queueUrl: "https://q", timeoutMs: 300_000 }, /timeoutMs is 300000. Use a whole number from 1 to 240000/],
    [{ queueUrl: "https://q", concurrency: 0 }, /concurrency is 0. Use a whole number from 1 to 100/],
    [{ queueUrl: "https://q", client: {} }, /client has no send method/],
  ])("%j: an error at start", (options, expected) => {
    expect(() => createPublisher(options as PublisherOptions)).toThrow(expected);
    expect(() => createPublisher(options as PublisherOptions)).toThrow(/^Cannot start the publisher: .*SEMEL_OPTIONS/);
  });
});
