// Attacks W1 to W3 of lib/middleware/exactly-once.ts, and IT2 of lib/consumer/intake.ts, with the real Middy and events of every
// source; and what the compiler promises: handlers of aws-lambda's types.

import middy from "@middy/core";
import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  DynamoDBStreamHandler,
  KinesisStreamEvent,
  KinesisStreamHandler,
  KinesisStreamRecord,
  MSKEvent,
  MSKHandler,
  MSKRecord,
  SelfManagedKafkaEvent,
  SelfManagedKafkaHandler,
  SQSHandler,
  SQSRecord,
} from "aws-lambda";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { exactlyOnce, type ItemChange, type KafkaBatchResponse, type KafkaEvent } from "../../lib/index.ts";
import { append, records, sent } from "../consumer/ordered.ts";
import { testConsumer } from "../support/consumer.ts";
import { ORDERED, SOURCES, sqsSource } from "../support/source-events.ts";

type Run = (event: unknown, context: Context) => Promise<unknown>;
type Hooks = { event: { Records?: unknown[]; records?: Record<string, unknown[]> }; response: unknown };

function setUp() {
  const consumer = testConsumer({ key: (message) => sent(message).id });
  return { ...consumer, lambda: (timeLeftMs?: number) => consumer.context(timeLeftMs) as Context };
}

const batch = records("a b a");
const all = new Set([0, 1, 2]);

describe.each(SOURCES)("with Middy, $name", (source) => {
  it("W2: owns the response against whoever drops or forges it", async () => {
    for (const forged of [undefined, null, { batchItemFailures: [{ itemIdentifier: "foreign" }] }]) {
      const { orders, host, lambda } = setUp();
      const run = middy()
        .use(orders)
        .after((request) => {
          (request as Hooks).response = forged;
        })
        .handler(
          orders.each((message, tx) => {
            if (sent(message).key === "b") throw new Error("no");
            append(sent(message), tx);
          }),
        ) as Run;
      const [again] = source.again(batch, await host.run(run(source.event(batch), lambda())));
      expect(again?.has(1)).toBe(true);
      expect(again?.has(0)).toBe(false);
    }
  });

  it("W2: an early answer before the batch acknowledges nothing", async () => {
    const { orders, host, lambda } = setUp();
    const run = middy()
      .use(orders)
      .before(() => ({ batchItemFailures: [] }))
      .handler(orders.each(() => {})) as Run;
    const response = await host.run(run(source.event(batch), lambda()));
    for (const again of source.again(batch, response)) expect(again).toEqual(all);
  });

  it("W2: an error after the batch is answered by what became of its messages", async () => {
    const { orders, host, lambda, memory } = setUp();
    const run = middy()
      .use(orders)
      .after(() => {
        throw new Error("a metrics middleware failed");
      })
      .handler(orders.each((message, tx) => append(sent(message), tx))) as Run;
    expect(await host.run(run(source.event(batch), lambda()))).toEqual({ batchItemFailures: [] });
    expect(memory.items("Orders")).toHaveLength(2);
  });

  it("W3: a handler without its middleware is an error", async () => {
    const { orders, lambda } = setUp();
    await expect(orders.each(() => {})(source.event(batch), lambda())).rejects.toThrow(/without its middleware/);
  });
});

describe("IT2", () => {
  const changes: [string, (list: unknown[]) => unknown[]][] = [
    ["left out", (list) => list.slice(1)],
    ["turned", (list) => [...list].reverse()],
    ["doubled", (list) => [...list, ...list]],
  ];

  it.each(ORDERED.flatMap((source) => changes.map(([how, change]) => ({ name: source.name, source, how, change }))))(
    "$name: records that another middleware has $how are an error, and nothing is acknowledged",
    async ({ source, change }) => {
      const { orders, host, lambda, memory } = setUp();
      const run = middy()
        .use(orders)
        .before((request) => {
          const { event } = request as Hooks;
          if (event.Records) event.Records = change(event.Records);
          for (const [name, list] of Object.entries(event.records ?? {}))
            if (event.records) event.records[name] = change(list);
        })
        .handler(orders.each((message, tx) => append(sent(message), tx))) as Run;
      const same = records("a a a");
      await expect(host.run(run(source.event(same), lambda()))).rejects.toThrow(
        /their order cannot be kept.*SEMEL_EVENT/s,
      );
      expect(memory.items("Orders")).toEqual([]);
    },
  );

  it("a standard queue's batch may lose records on the way: they come again", async () => {
    const { orders, host, lambda } = setUp();
    const run = middy()
      .use(orders)
      .before((request) => {
        const { event } = request as Hooks;
        event.Records = (event.Records ?? []).slice(1);
      })
      .handler(orders.each((message, tx) => append(sent(message), tx))) as Run;
    const [again] = sqsSource.again(batch, await host.run(run(sqsSource.event(batch), lambda())));
    expect(again).toEqual(new Set([0]));
  });
});

describe("types", () => {
  const Reading = z.object({ celsius: z.number() });
  const names = { consumer: "readings", table: "Records", retentionDays: 40 };
  const readings = exactlyOnce({ ...names, schema: Reading, key: "messageId" });

  it("lambda gives the handler of the event that it is assigned to, and types its records", () => {
    const queue: SQSHandler = readings.lambda(({ record }) => expectTypeOf(record).toExtend<SQSRecord>());
    const stream: KinesisStreamHandler = readings.lambda<KinesisStreamEvent>(({ record, body }) => {
      expectTypeOf(record).toEqualTypeOf<KinesisStreamRecord>();
      expectTypeOf(body).toEqualTypeOf<{ celsius: number }>();
    });
    const table: DynamoDBStreamHandler = readings.lambda<DynamoDBStreamEvent>(({ record }) =>
      expectTypeOf(record).toEqualTypeOf<DynamoDBRecord>(),
    );
    const msk: MSKHandler = readings.lambda<MSKEvent>(({ record }) => expectTypeOf(record).toEqualTypeOf<MSKRecord>());
    const selfManaged: SelfManagedKafkaHandler = readings.lambda<SelfManagedKafkaEvent>(() => {});
    const inferred: KinesisStreamHandler = readings.lambda(() => {});
    const own: (event: KafkaEvent, context: Context) => Promise<KafkaBatchResponse> = readings.lambda<KafkaEvent>(
      () => {},
    );
    expect([queue, stream, table, msk, selfManaged, inferred, own]).toHaveLength(7);
  });

  it("with Middy, the event is named once", () => {
    const changes = exactlyOnce<typeof Reading, DynamoDBStreamEvent>({ ...names, schema: Reading, key: "messageId" });
    const table: DynamoDBStreamHandler = middy()
      .use(changes)
      .handler(changes.each(({ record }) => expectTypeOf(record).toEqualTypeOf<DynamoDBRecord>()));
    const topic = exactlyOnce<typeof Reading, MSKEvent>({ ...names, schema: Reading });
    const msk: MSKHandler = middy()
      .use(topic)
      .handler(topic.each(() => {}));
    const typed: (event: DynamoDBStreamEvent, context: Context) => Promise<DynamoDBBatchResponse> = middy()
      .use(changes)
      .handler(changes.each(() => {}));
    expect([table, msk, typed]).toHaveLength(3);
  });

  it("a change of an item is typed by its images", () => {
    expectTypeOf<ItemChange<{ celsius: number }>["newImage"]>().toEqualTypeOf<{ celsius: number } | undefined>();
  });
});
