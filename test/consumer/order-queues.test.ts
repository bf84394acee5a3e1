// What a consumer of an ordered source does to its queues: hiding on FIFO queues (HD1 of lib/consumer/hiding.ts), FIFO
// dead-letter queues, nothing on streams. And which keys it takes: IT1 of lib/consumer/intake.ts.

import { describe, expect, it } from "vitest";
import { PermanentError, RetryLater } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import {
  dynamoDbSource,
  fifoSource,
  kafkaSource,
  kinesisSource,
  ORDERED,
  sqsSource,
} from "../support/source-events.ts";
import { append, type Handle, orderedScene, records, sent } from "./ordered.ts";

const FIFO_DLQ_URL = "http://localhost/123456789012/orders-dlq.fifo";

const at =
  (place: number, error: () => Error): Handle =>
  (message, tx) => {
    if (message.at === place) throw error();
    append(message, tx);
  };

describe("hiding", () => {
  it("HD1: what a failed message of a group holds back is hidden as long as that one; other groups are not", async () => {
    const scene = orderedScene(fifoSource);
    await scene.deliver(
      records("a b a a b"),
      at(10, () => new RetryLater({ afterSeconds: 77 })),
    );
    expect(Object.fromEntries(scene.queue.hidden)).toEqual({ "handle of m-10": 77, "handle of m-11": 77 });
  });

  it("full jitter, drawn once for a group", async () => {
    const scene = orderedScene(fifoSource);
    await scene.deliver(
      records("a a a"),
      at(8, () => new Error("no")),
    ); // random() is 0.5
    expect([...scene.queue.hidden.values()]).toEqual([16, 16, 16]);
  });

  it("a standard queue's failures have nothing to do with one another", async () => {
    const scene = orderedScene(sqsSource);
    await scene.deliver(
      records("a a"),
      at(8, () => new RetryLater({ afterSeconds: 77 })),
    );
    expect(Object.fromEntries(scene.queue.hidden)).toEqual({ "handle of m-8": 77 });
  });

  it("without a time of its own the group is left to the visibility timeout", async () => {
    const scene = orderedScene(fifoSource, { options: { backoff: false } });
    await scene.deliver(
      records("a a"),
      at(8, () => new Error("no")),
    );
    expect(scene.queue.requests).toEqual([]);
  });

  it.each(ORDERED.filter((source) => source !== fifoSource))(
    "$name hides nothing, RetryLater fails",
    async (source) => {
      const scene = orderedScene(source);
      const again = await scene.deliver(
        records("a a"),
        at(8, () => new RetryLater({ afterSeconds: 77 })),
      );
      expect(again).toHaveLength(2);
      expect(scene.codes()).toEqual(["SEMEL_RETRY_LATER"]);
      expect(scene.queue.requests).toEqual([]);
    },
  );
});

describe("a FIFO dead-letter queue", () => {
  const never = at(8, () => new PermanentError("for good"));
  const options = { deadLetterQueueUrl: FIFO_DLQ_URL };

  it("gets the message's group, and one deduplication id for all sends of a rejection", async () => {
    let lost = true;
    const queue = memoryQueue(({ operation }) => (lost && operation === "SendMessage" ? "answer-lost" : "none"));
    const scene = orderedScene(fifoSource, { options, queue });
    const again = await scene.deliver(records("a"), never);
    lost = false;
    expect(again).toHaveLength(1);
    expect(await scene.deliver(again, never)).toEqual([]);
    const [first, second] = queue.deadLetters;
    expect(first?.MessageGroupId).toBe("a");
    expect(first?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.MessageDeduplicationId).toBe(first?.MessageDeduplicationId);
  });

  it("has another one for another message, and after a redrive", async () => {
    const scene = orderedScene(fifoSource, { options });
    for (const from of [8, 9])
      await scene.deliver(
        records("a", from),
        at(from, () => new PermanentError("for good")),
      );
    const event = fifoSource.event(records("a")) as { Records: { attributes: { SentTimestamp: string } }[] };
    for (const { attributes } of event.Records) attributes.SentTimestamp = "1767700000000"; // some engines keep the id
    const { orders, host, context, queue } = scene;
    const handler = orders.lambda(() => {
      throw new PermanentError("for good");
    });
    await host.run(handler(event as never, context()));
    const ids = queue.deadLetters.map(({ MessageDeduplicationId }) => MessageDeduplicationId);
    expect(new Set(ids).size).toBe(3);
  });

  it.each([sqsSource, kinesisSource, dynamoDbSource, kafkaSource])("takes what comes from $name", async (source) => {
    const scene = orderedScene(source, { options });
    expect(await scene.deliver(records("ä"), never)).toEqual([]);
    const [letter] = scene.queue.deadLetters;
    expect(letter?.MessageGroupId).toMatch(/^[0-9a-f]{64}$/);
    expect(letter?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
  });

  it("a standard one is not asked for either", async () => {
    const scene = orderedScene(fifoSource, { options: { deadLetterQueueUrl: "http://localhost/123456789012/dlq" } });
    await scene.deliver(records("a"), never);
    expect(Object.keys(scene.queue.deadLetters[0] ?? {})).toEqual(["QueueUrl", "MessageBody", "MessageAttributes"]);
  });
});

describe("the idempotency key", () => {
  it.each([kinesisSource, dynamoDbSource])(
    "IT1: $name needs a key option, and loses nothing without",
    async (source) => {
      const { orders, host, context, queue } = testConsumer({ deadLetterQueueUrl: FIFO_DLQ_URL });
      const handler = orders.lambda(() => {});
      await expect(host.run(handler(source.event(records("a")), context()))).rejects.toThrow(
        /no key option.*SEMEL_OPTIONS/s,
      );
      expect(queue.requests).toEqual([]);
    },
  );

  it("of Kafka may come in a header", async () => {
    const { orders, host, context, memory } = testConsumer();
    const event = kafkaSource.event(records("a a")) as { records: Record<string, { headers: unknown[] }[]> };
    for (const record of Object.values(event.records).flat())
      record.headers = [{ "semel-idempotency-key": [...Buffer.from("key-1")] }];
    const keys: string[] = [];
    const handler = orders.lambda(({ messageAttributes, orderingKey }, tx) => {
      keys.push(tx.key, String(orderingKey), String(messageAttributes["semel-idempotency-key"]?.stringValue));
    });
    const response = await host.run(handler(event as never, context()));
    expect(keys).toEqual(["key-1", "a", "key-1"]);
    expect(memory.items("Records")).toHaveLength(1);
    expect(response.batchItemFailures).toHaveLength(1); // the same key with another payload
  });

  it.each(ORDERED)(
    '"messageId" of $name is the same in every delivery, and another for another message',
    async (source) => {
      const scene = orderedScene(source, { options: { key: "messageId" } });
      const batch = records("a b a");
      await scene.deliver(batch);
      expect(await scene.deliver(batch)).toEqual([]);
      expect(["a", "b"].map(scene.log)).toEqual([[8, 10], [9]]);
    },
  );

  /** A change of one item, as the first record of its stream. */
  const change = (NewImage: object): never => {
    const event = dynamoDbSource.event(records("a")) as { Records: { dynamodb: { NewImage: object } }[] };
    for (const { dynamodb } of event.Records) dynamodb.NewImage = NewImage;
    return event as never;
  };

  it("a change of an item is told from another one by its raw form: a set has no JSON form", async () => {
    const { orders, host, context, codes } = testConsumer({ key: () => "one" });
    const handler = orders.lambda(() => {});
    for (const name of ["a", "b"]) await host.run(handler(change({ names: { SS: [name] } }), context()));
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
  });

  it("a change has one fingerprint, committed or rejected", async () => {
    const schema = (issues: [] | [{ message: string }]) => ({
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => (issues.length > 0 ? { issues } : { value }),
      },
    });
    const fingerprints: unknown[] = [];
    for (const [issues, status] of [
      [[], "COMPLETED"],
      [[{ message: "no" }], "REJECTED"],
    ] as const) {
      const deadLetterQueueUrl = "http://localhost/123456789012/dlq";
      const consumer = testConsumer({ key: "messageId", deadLetterQueueUrl, schema: schema([...issues] as []) });
      const { orders, host, context, memory } = consumer;
      await host.run(orders.lambda(() => {})(change({ n: { N: "1" }, names: { SS: ["a"] } }), context()));
      const [record] = memory.items("Records");
      expect(record?.["status"]?.S).toBe(status);
      fingerprints.push(record?.["fingerprint"]);
    }
    expect(fingerprints[0]).toBeDefined();
    expect(fingerprints[1]).toEqual(fingerprints[0]);
  });
});

it("an aggregated Kinesis record stays in its stream, and holds its partition key back", async () => {
  const scene = orderedScene(kinesisSource, { options: { deadLetterQueueUrl: FIFO_DLQ_URL } });
  const event = kinesisSource.event(records("a b a")) as { Records: { kinesis: { data: string } }[] };
  const [first] = event.Records;
  if (first) first.kinesis.data = Buffer.from([0xf3, 0x89, 0x9a, 0xc2, 1]).toString("base64");
  const ran: string[] = [];
  const handler = scene.orders.lambda((message) => void ran.push(sent(message).id));
  const response = await scene.host.run(handler(event as never, scene.context()));
  expect(ran).toEqual(["b-9"]);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: kinesisSource.number(8) }] });
  expect(scene.codes()).toEqual(["SEMEL_EVENT"]);
  expect(scene.queue.requests).toEqual([]);
});
