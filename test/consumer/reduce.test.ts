// Keyed state through the real runtime: what it costs, and what becomes of states and messages, under faults too. Attacks KS1 to
// KS3, SS1 and SS2.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ExactlyOnceOptions, type Message, PermanentError } from "../../lib/index.ts";
import { type TestConsumer, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { DLQ_URL, type MemoryQueue, memoryQueue, type QueueFault } from "../support/memory-queue.ts";
import {
  fifoSource,
  kinesisSource,
  ORDERED,
  sqsSource,
  type TestRecord,
  type TestSource,
} from "../support/source-events.ts";
import { records, sent } from "./ordered.ts";

interface State {
  readonly places: number[];
}

interface Scene extends TestConsumer<unknown> {
  deliver(batch: readonly TestRecord[], delivery?: Delivery): Promise<TestRecord[]>;
  places(key: string): unknown;
}

interface Delivery {
  readonly timeLeftMs?: number;
  readonly zombies?: number;
  readonly fails?: (at: number) => void;
}

function reduceScene(
  source: TestSource,
  options: ExactlyOnceOptions = {},
  nextFault?: () => Fault,
  queue?: MemoryQueue,
): Scene {
  const redrive = source.name === "SQS FIFO" ? { redrive: "never" as const } : {};
  const consumer = testConsumer({ strategy: "watermark", ...redrive, ...options }, nextFault, queue);
  return {
    ...consumer,
    places: (key) => {
      const item = consumer.memory.items("Orders").find(({ orderId }) => {
        return orderId?.S === key || orderId?.S?.includes(`"${key}"`); // of DynamoDB Streams, the item's key
      });
      return item?.["state"]?.M?.["places"]?.L?.map(({ N }) => Number(N));
    },
    async deliver(batch, { timeLeftMs, zombies = 0, fails = () => {} } = {}) {
      const handler = consumer.orders.reduce<State, never>({
        table: "Orders",
        partitionKey: "orderId",
        initial: { places: [] },
        apply(state, message: Message) {
          const { at } = sent(message);
          fails(at);
          state.places.push(at);
          return state;
        },
      });
      const invoke = (): Promise<unknown> => handler(source.event(batch), consumer.context(timeLeftMs));
      const [last] = await consumer.host.run(Promise.all(Array.from({ length: 1 + zombies }, invoke)));
      const [again] = source.again(batch, last);
      return batch.filter((_, index) => again?.has(index));
    },
  };
}

const ten = records("a a a a a a a a a a");
const operations = ({ requests }: Pick<Scene, "requests">): string[] =>
  requests.map(({ request }) => request.operation);

describe("what it costs", () => {
  it("a FIFO batch of 10 in one group: 1 request", async () => {
    const scene = reduceScene(fifoSource);
    expect(await scene.deliver(ten)).toEqual([]);
    expect(operations(scene)).toEqual(["PutItem"]);
    expect(scene.places("a")).toEqual([8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  });

  it("the next batch: 1 request where the process knows the state, 2 elsewhere", async () => {
    for (const [committedKeysMax, expected] of [
      [100, 2],
      [0, 3],
    ] as const) {
      const scene = reduceScene(kinesisSource, { committedKeysMax });
      await scene.deliver(records("a a"));
      await scene.deliver(records("a a", 10));
      expect(operations(scene)).toEqual(Array.from({ length: expected }, () => "PutItem"));
      expect(scene.places("a")).toEqual([8, 9, 10, 11]);
    }
  });

  it("1,000 messages of 50 keys: 50 writes in 2 requests, an item a key, and nothing else", async () => {
    const scene = reduceScene(kinesisSource);
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index % 50}`).join(" ");
    expect(await scene.deliver(records(keys))).toEqual([]);
    expect(operations(scene)).toEqual(["BatchExecuteStatement", "BatchExecuteStatement"]);
    expect(scene.memory.items("Orders")).toHaveLength(50);
    expect(scene.memory.items("Records")).toEqual([]);
  });
});

describe("states", () => {
  it("KS1: what somebody else folded meanwhile stays, and is folded on", async () => {
    const scene = reduceScene(kinesisSource, { committedKeysMax: 100 });
    await scene.deliver(records("a a"));
    const [known = {}] = scene.memory.items("Orders");
    // Another process folds 10 and 11: as this one would, without its knowing.
    await scene.deliver(records("a a", 10));
    const [meanwhile = {}] = scene.memory.items("Orders");
    const other = reduceScene(kinesisSource, { committedKeysMax: 100 });
    for (const Item of [known, meanwhile]) {
      other.memory.send({ operation: "PutItem", input: { TableName: "Orders", Item } });
      if (Item === known) await other.deliver(records("a", 9)); // now it knows the state up to 9
    }
    expect(await other.deliver(records("a", 10))).toEqual([]);
    expect(other.places("a")).toEqual([8, 9, 10, 11]);
    expect(await other.deliver(records("a a a", 10))).toEqual([]);
    expect(other.places("a")).toEqual([8, 9, 10, 11, 12]);
  });

  it("what a process knows of a handler's watermark says nothing of its states", async () => {
    const scene = reduceScene(kinesisSource, { committedKeysMax: 100 });
    const handler = scene.orders.lambda(() => {});
    await scene.host.run(handler(kinesisSource.event(ten), scene.context()));
    await scene.deliver(ten);
    expect(scene.places("a")).toHaveLength(10);
  });

  it("KS2: another origin's positions are not compared", async () => {
    const scene = reduceScene(kinesisSource);
    await scene.deliver(records("a", 20));
    const event = structuredClone(kinesisSource.event(records("a", 8)) as { Records: { eventSourceARN: string }[] });
    for (const record of event.Records) record.eventSourceARN += "-other";
    const other = scene.orders.reduce<State, never>({
      table: "Orders",
      partitionKey: "orderId",
      initial: { places: [] },
      apply: (state, message: Message) => ({ places: [...state.places, sent(message).at] }),
    });
    for (let times = 0; times < 2; times++) await scene.host.run(other(event as never, scene.context()));
    expect(await scene.deliver(records("a", 20))).toEqual([]);
    expect(scene.places("a")).toEqual([20, 8]);
  });

  it.each([
    ["no mark", { orderId: { S: "a" } }],
    ["another consumer's", { orderId: { S: "a" }, semel: { M: { consumer: { S: "other" } } } }],
    [
      "a newer version",
      { orderId: { S: "a" }, semel: { M: { consumer: { S: "orders" }, formatVersion: { N: "2" } } } },
    ],
  ])("KS3: an item with %s is not overwritten, and not taken for done", async (_, Item) => {
    const scene = reduceScene(kinesisSource, { deadLetterQueueUrl: DLQ_URL });
    scene.memory.send({ operation: "PutItem", input: { TableName: "Orders", Item } });
    expect(await scene.deliver(records("a"))).toHaveLength(1);
    expect([scene.memory.items("Orders"), scene.queue.deadLetters]).toEqual([[Item], []]);
  });

  it("an item near 400 KB is an error that says its size, and the state stays", async () => {
    const scene = reduceScene(kinesisSource, { deadLetterQueueUrl: DLQ_URL });
    const handler = scene.orders.reduce<string, never>({
      table: "Orders",
      partitionKey: "orderId",
      initial: "",
      apply: (state) => `${state}${"x".repeat(250_000)}`,
    });
    await scene.host.run(handler(kinesisSource.event(records("a a")), scene.context()));
    expect(scene.memory.items("Orders")[0]?.["state"]?.S).toHaveLength(250_000);
    expect(scene.codes()).toEqual(["SEMEL_LIMIT"]);
    expect(scene.logged.find(({ level }) => level === "error")?.message).toMatch(/would have 500\d{3} bytes/);
    expect(scene.queue.deadLetters).toEqual([]);
  });

  it("a message that can never be folded is passed over; one that fails stops its key", async () => {
    const scene = reduceScene(kinesisSource, { deadLetterQueueUrl: DLQ_URL });
    const never = (at: number): void => {
      if (at === 9) throw new PermanentError("never");
      if (at === 12) throw new Error("this time");
    };
    const again = await scene.deliver(records("a a a a a a"), { fails: never });
    expect(again.map(({ at }) => at)).toEqual([12, 13]);
    expect(scene.places("a")).toEqual([8, 10, 11]);
    expect(scene.queue.deadLetters).toHaveLength(1);
  });
});

describe("what it does not take", () => {
  const whole = { table: "Orders", partitionKey: "id", initial: {}, apply: (state: object) => state };
  it.each([
    [{ key: () => "k" }, /unknown field key/],
    [{ apply: undefined }, /apply is undefined/],
    [{ initial: undefined }, /initial is undefined/],
    [{ table: "" }, /table is ""/],
    [{ table: "Records" }, /is the record table/],
    [{ partitionKey: "state" }, /semel's own/],
  ])("%o", (given, text) => {
    const { orders } = testConsumer({ strategy: "watermark" });
    expect(() => orders.reduce({ ...whole, ...given } as never)).toThrow(text);
  });

  it("another strategy, a queue without order, a promise", async () => {
    expect(() => testConsumer().orders.reduce(whole)).toThrow(/strategy is "commit"/);
    await expect(reduceScene(sqsSource).deliver(ten)).rejects.toThrow(/needs an order/);
    const scene = reduceScene(kinesisSource);
    const handler = scene.orders.reduce<unknown, never>({ ...whole, apply: async () => ({}) });
    await scene.host.run(handler(kinesisSource.event(records("a")), scene.context()));
    expect(scene.codes()).toEqual(["SEMEL_RESULT"]);
  });

  it("a promise that rejects is that message's failure, not the end of the process", async () => {
    const scene = reduceScene(kinesisSource);
    const apply = async () => Promise.reject(new Error("of apply"));
    const handler = scene.orders.reduce<unknown, never>({ ...whole, apply });
    await scene.host.run(handler(kinesisSource.event(records("a")), scene.context()));
    expect(scene.codes()).toEqual(["SEMEL_RESULT"]);
  });
});

describe.each(ORDERED)("$name", (source) => {
  const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
    fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));
  const trouble = fc.record({
    keys: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 9 }),
    faults: fc.array(mostly<Fault>("none", "slow", ...FAULTS), { minLength: 1, maxLength: 12 }),
    letterFaults: fc.array(mostly<QueueFault>("none", "answer-lost", "never-applied"), { minLength: 1, maxLength: 5 }),
    ends: fc.array(mostly("well", "fails", "never"), { minLength: 1, maxLength: 12 }),
    timesLeftMs: fc.array(fc.constantFrom(600, 3_000, 30_000), { minLength: 1, maxLength: 4 }),
    zombies: fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 4 }),
    known: fc.constantFrom(0, 100),
  });

  it("under faults: each message is folded once, in order, or in the dead-letter queue", async () => {
    await fc.assert(
      fc.asyncProperty(trouble, async ({ keys, faults, letterFaults, ends, timesLeftMs, zombies, known }) => {
        let [requests, letters, runs, troubled] = [0, 0, 0, true];
        const queue = memoryQueue(() =>
          troubled ? (letterFaults[letters++ % letterFaults.length] ?? "none") : "none",
        );
        const nextFault = (): Fault => (troubled ? (faults[requests++ % faults.length] ?? "none") : "none");
        const scene = reduceScene(source, { committedKeysMax: known, deadLetterQueueUrl: DLQ_URL }, nextFault, queue);
        const all = records(keys.join(" "));
        const fails = (): void => {
          const end = troubled ? ends[runs++ % ends.length] : "well";
          if (end === "fails") throw new Error("this time");
          if (end === "never") throw new PermanentError("never");
        };
        let left: readonly TestRecord[] = all;
        for (let deliveries = 1; left.length > 0; deliveries++) {
          if (deliveries > 12) throw new Error(`${left.length} messages come again and again`);
          troubled = deliveries <= 6;
          const timeLeftMs = (troubled ? timesLeftMs[deliveries % timesLeftMs.length] : undefined) ?? 30_000;
          left = await scene.deliver(left, { timeLeftMs, zombies: zombies[deliveries % zombies.length] ?? 0, fails });
          await scene.host.run(new Promise<void>((resolve) => scene.host.after(120_000, resolve)));
        }
        troubled = false;
        expect(await scene.deliver(all, { fails })).toEqual([]);
        for (const key of new Set(keys)) {
          const own = all.filter((one) => one.key === key).map(({ at }) => at);
          const dead = own.filter((at) =>
            queue.deadLetters.some(({ MessageBody }) => new RegExp(`"${key}-${at}\\\\?"`).test(MessageBody ?? "")),
          );
          expect(scene.places(key)).toEqual(own.filter((at) => !dead.includes(at)));
        }
      }),
      { numRuns: Number(process.env["RUNS"] ?? 60) },
    );
  });
});
