// What tx.send and tx.publish refuse, and what they make of what they take.

import { describe, expect, it } from "vitest";
import type { SendParams, TopicParams, Tx } from "../../lib/index.ts";
import { type OutboxMessage, readOutboxItem } from "../../lib/protocol/outbox.ts";
import { OUTBOX, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { DLQ_URL, failureOf as letterOf } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";
const FIFO = `${QUEUE}.fifo`;
const TOPIC = "arn:aws:sns:eu-west-1:123456789012:shipped";
const BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/shop";
const event1 = { source: "shop", detailType: "Shipped", detail: { orderId: "1" } };
const options = { key: "id", outbox: { table: OUTBOX } };

async function run(handler: (tx: Tx) => void, more: object = {}): Promise<TestConsumer<unknown>> {
  const scene = testConsumer({ ...options, ...more });
  await scene.host.run(scene.orders.lambda((_message, tx) => handler(tx))(event, scene.context()));
  return scene;
}

/** What the run left for the relay. */
async function sentBy(handler: (tx: Tx) => void): Promise<OutboxMessage[]> {
  const { memory, logged } = await run(handler);
  expect(logged.filter(({ level }) => level === "error")).toEqual([]);
  return memory.items(OUTBOX).flatMap((item) => {
    const found = readOutboxItem(item);
    return found.kind === "messages" ? found.item.messages : [];
  });
}

async function failureOf(handler: (tx: Tx) => void, more: object = {}): Promise<string | undefined> {
  const { memory, logged } = await run(handler, more);
  expect([memory.items(OUTBOX), memory.items("Records")]).toEqual([[], []]);
  return logged.find(({ level }) => level === "error")?.message;
}

const bad = (params: object): ((tx: Tx) => void) => {
  return (tx) => tx.send(QUEUE, "text", params as SendParams);
};
const topic = (params: object): ((tx: Tx) => void) => {
  return (tx) => tx.publish(TOPIC, { body: "text", ...params } as TopicParams);
};
const toBus = (params: object): ((tx: Tx) => void) => {
  return (tx) => tx.publish(BUS, { ...event1, ...params });
};

describe("what nobody could send is not committed", () => {
  it.each<[string, (tx: Tx) => void, RegExp]>([
    [
      "no queue",
      (tx) => tx.send(undefined, "text"),
      /tx\.send: the queue is undefined\. Is the environment variable set/,
    ],
    ["a queue's name", (tx) => tx.send("shipments", "text"), /the queue is "shipments"\. Use the URL/],
    ["a host alone", (tx) => tx.send("https://sqs.eu-west-1.amazonaws.com/", "text"), /Use the URL of a queue/],
    ["no body", (tx) => tx.send(QUEUE, undefined), /the body is undefined\. Pass a text/],
    ["an empty body", (tx) => tx.send(QUEUE, ""), /its body is empty/],
    ["a body without JSON", (tx) => tx.send(QUEUE, { at: new Map() }), /the body has no JSON form: \[object Map\]/],
    ["a character that SQS refuses", (tx) => tx.send(QUEUE, "a\u0001"), /its body holds U\+0001/],
    ["parameters that are none", bad([]), /its last parameter is of type object\. Pass an object of groupId/],
    ["a foreign parameter", bad({ delay: 1 }), /foreign field delay\. Known fields: groupId, delaySeconds, attributes/],
    ["no group on FIFO", (tx) => tx.send(FIFO, "text"), /groupId is undefined, and the target is FIFO/],
    ["a group with a blank", bad({ groupId: "a b" }), /groupId is "a b"\. Use 1 to 128/],
    [
      "a delay on FIFO",
      (tx) => tx.send(FIFO, "text", { groupId: "g", delaySeconds: 0 }),
      /delaySeconds is 0\. A FIFO queue/,
    ],
    ["a delay that is too long", bad({ delaySeconds: 901 }), /delaySeconds is 901\. Use a whole number from 0 to 900/],
    ["half a second", bad({ delaySeconds: 0.5 }), /delaySeconds is 0\.5/],
    ["attributes that are none", bad({ attributes: "a" }), /attributes is "a"/],
    ["semel's own attribute", bad({ attributes: { "semel-idempotency-key": "k" } }), /is semel's own\. Leave it out/],
    [
      "ten attributes",
      bad({ attributes: Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, "v"])) }),
      /it has 11 attributes, semel's own among them/,
    ],
    ["an attribute that is none", bad({ attributes: { a: 1 } }), /attribute a is 1/],
    ["a queue to publish to", (tx) => tx.publish(QUEUE, event1), /the target is "https:.*a queue is for tx\.send/],
    ["no target", (tx) => tx.publish(undefined, event1), /the target is undefined\. Is the environment variable set/],
    ["no message", (tx) => tx.publish(BUS, null as never), /its message is null\. Pass \{ source/],
    [
      "an event to a topic",
      (tx) => tx.publish(TOPIC, event1),
      /foreign field source, detailType, detail\. Known fields: body/,
    ],
    ["a subject of two lines", topic({ subject: "a\nb" }), /subject is "a\\nb"/],
    ["a subject that is too long", topic({ subject: "s".repeat(100) }), /Use 1 to 99 characters/],
    ["no group on a FIFO topic", (tx) => tx.publish(`${TOPIC}.fifo`, { body: "text" }), /groupId is undefined, and/],
    ["a message to a bus", (tx) => tx.publish(BUS, { body: "text" }), /foreign field body\. Known fields: source/],
    ["a source of AWS", toBus({ source: "aws.ec2" }), /source is "aws\.ec2"\. Use 1 to 256 characters, not aws\./],
    ["no detail type", toBus({ detailType: " " }), /detailType is " "/],
    ["a detail that is a text", toBus({ detail: "text" }), /detail is "text"\. Pass an object/],
    ["a detail that is a list", toBus({ detail: [] }), /detail is \[\] as JSON/],
    ["semel's own field", toBus({ detail: { "semel-idempotency-key": "k" } }), /an object with semel-idempotency-key/],
    ["an item of the outbox by hand", (tx) => tx.put({ TableName: OUTBOX, Item: {} }), /Outbox is the outbox table/],
    [
      "a counter by hand",
      (tx) => tx.delete({ TableName: OUTBOX, Key: { pk: "g#", sk: "counter" } }),
      /is the outbox table/,
    ],
  ])("%s", async (_what, handler, reason) => {
    expect(await failureOf(handler)).toMatch(reason);
  });

  it("X1: even where the handler swallows the error", async () => {
    const swallowing = (tx: Tx): void => {
      try {
        tx.send(undefined, "text");
      } catch {}
    };
    expect(await failureOf(swallowing)).toMatch(/the queue is undefined/);
  });

  it.each<[string, (tx: Tx) => void, RegExp]>([
    ["for an item", (tx) => tx.send(QUEUE, "x".repeat(300 * 1024)), /but an item of the outbox holds 307200/],
    ["for an item, by far", (tx) => tx.send(QUEUE, "x".repeat(2 ** 21)), /2097152 bytes .* an item of the outbox/],
    ["for SNS", (tx) => tx.publish(TOPIC, { body: "x".repeat(256 * 1024) }), /but SNS takes 262144/],
    ["for EventBridge", toBus({ detail: { text: "x".repeat(256 * 1024) } }), /but EventBridge takes 262144/],
  ])("a message that is too large %s is rejected for good", async (_for, handler, reason) => {
    const { queue, memory } = await run(handler, { deadLetterQueueUrl: DLQ_URL });
    expect(queue.deadLetters.map(letterOf)).toMatchObject([
      { code: "SEMEL_LIMIT", reason: expect.stringMatching(reason) },
    ]);
    expect(memory.items(OUTBOX)).toEqual([]);
  });

  it("without an outbox table, or under insert", async () => {
    expect(await failureOf((tx) => tx.send(QUEUE, "text"), { outbox: undefined })).toMatch(
      /Cannot tx\.send: no outbox table is named.*SEMEL_OUTBOX_TABLE \(SEMEL_OPTIONS\)/,
    );
    const insert = { appendOnlyTable: "Orders", primaryKey: "orderId" };
    const more = { strategy: "insert", insert, outbox: undefined };
    expect(await failureOf((tx) => tx.publish(BUS, event1), more)).toMatch(
      /Cannot tx\.publish: under strategy "insert".*\(SEMEL_EFFECT\)/,
    );
  });

  it("X2: after the handler has ended", async () => {
    let late: Tx | undefined;
    await run((tx) => {
      late = tx;
    });
    expect(() => late?.send(QUEUE, "text")).toThrow(/SEMEL_TX_CLOSED/);
    expect(() => late?.publish(BUS, event1)).toThrow(/SEMEL_TX_CLOSED/);
  });
});

describe("what is sent", () => {
  it("is what was declared, in its order, under ids of its key and place", async () => {
    const bytes = Uint8Array.of(1, 2);
    const sent = await sentBy((tx) => {
      tx.send(QUEUE, { orderId: "1" }, { delaySeconds: 3, groupId: "tenant" });
      tx.send(QUEUE, "text", { attributes: { a: "b", n: { DataType: "Number", StringValue: "1" } } });
      tx.send(QUEUE, "text", { attributes: { b: { DataType: "Binary", BinaryValue: bytes } } });
      bytes[0] = 9; // too late
      tx.publish(TOPIC, { body: [1], subject: "Shipped" });
      tx.publish("shop", event1);
      tx.publish(BUS, event1);
    });
    const [id] = (sent[0]?.id ?? "").split("-");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    const text = { kind: "sqs", target: QUEUE, body: "text" };
    const shipped = { kind: "eventbridge", source: "shop", detailType: "Shipped", body: '{"orderId":"1"}' };
    expect(sent).toEqual([
      { id: `${id}-0`, kind: "sqs", target: QUEUE, body: '{"orderId":"1"}', delaySeconds: 3, groupId: "tenant" },
      {
        ...text,
        id: `${id}-1`,
        attributes: { a: { DataType: "String", StringValue: "b" }, n: { DataType: "Number", StringValue: "1" } },
      },
      { ...text, id: `${id}-2`, attributes: { b: { DataType: "Binary", BinaryValue: Uint8Array.of(1, 2) } } },
      { id: `${id}-3`, kind: "sns", target: TOPIC, body: "[1]", subject: "Shipped" },
      { ...shipped, id: `${id}-4`, target: "shop" },
      { ...shipped, id: `${id}-5`, target: BUS },
    ]);
  });

  it("goes as JSON with the characters escaped that SQS refuses", async () => {
    const [message] = await sentBy((tx) => tx.send(QUEUE, { text: "\u0001\uFFFF\uD800" }));
    expect(message?.body).toBe('{"text":"\\u0001\\uffff\\ud800"}');
  });

  it("as large as an item may be is in one", async () => {
    const [message] = await sentBy((tx) => tx.send(QUEUE, "x".repeat(299 * 1024)));
    expect(message?.body).toHaveLength(299 * 1024);
  });
});
