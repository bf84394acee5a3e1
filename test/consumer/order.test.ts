// Attacks OR1 to OR3 of lib/consumer/order.ts, on every ordered source.

import { describe, expect, it } from "vitest";
import { PermanentError } from "../../lib/index.ts";
import { RECORDS } from "../support/consumer.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { fifoSource, kafkaSource, ORDERED, sqsSource } from "../support/source-events.ts";
import { append, type Handle, orderedScene, records, sent } from "./ordered.ts";

const places = (all: readonly { at: number }[]): number[] => all.map(({ at }) => at);
/** Fails the message at this place. */
const failing =
  (at: number, error: () => Error = () => new Error("no")): Handle =>
  (message, tx) => {
    if (message.at === at) throw error();
    append(message, tx);
  };

describe.each(ORDERED)("$name", (source) => {
  const isStream = source.name !== "SQS FIFO";
  const fromLowest = source.name === "Kinesis" || source.name === "DynamoDB Streams";

  it("OR1: a message starts when the one before it of its key is committed; OR3: keys run side by side", async () => {
    const scene = orderedScene(source);
    const before: Record<string, number[]> = {};
    const batch = records("a b a b a c");
    const again = await scene.deliver(batch, async (message, tx) => {
      before[message.at] = scene.log(message.key);
      await new Promise<void>((resolve) => scene.host.after(20, resolve));
      append(message, tx);
    });
    expect(again).toEqual([]);
    expect(before).toEqual({ 8: [], 9: [], 10: [8], 11: [9], 12: [8, 10], 13: [] });
    expect(scene.trace.slice(0, 3).sort()).toEqual(["a8", "b9", "c13"]); // all keys before the first end
    expect(["a", "b", "c"].map(scene.log)).toEqual([[8, 10, 12], [9, 11], [13]]);
  });

  it("OR2: after a failure nothing of its key runs, and the other keys are committed", async () => {
    const scene = orderedScene(source);
    const again = await scene.deliver(records("a b a b a c"), failing(10));
    expect(["a", "b", "c"].map(scene.log)).toEqual([[8], [9, 11], [13]]);
    expect(scene.trace.some((entry) => entry.startsWith("a12"))).toBe(false);
    expect(places(again)).toEqual(fromLowest ? [10, 11, 12, 13] : [10, 12]);
    expect(scene.codes()).toEqual(["SEMEL_HANDLER"]); // what is held back is no failure of its own
    const held = scene.logged.filter(({ message }) => message.startsWith("Message held"));
    expect(held.map(({ level }) => level)).toEqual(["debug"]);
  });

  it("what is done beyond a failure of another key, and comes again, is a duplicate", async () => {
    const scene = orderedScene(source);
    const again = await scene.deliver(records("a b a b"), failing(8));
    expect(scene.log("b")).toEqual([9, 11]);
    expect(await scene.deliver(again)).toEqual([]);
    expect(["a", "b"].map(scene.log)).toEqual([
      [8, 10],
      [9, 11],
    ]);
    expect(scene.memory.items(RECORDS)).toHaveLength(4);
  });

  it("a rejected message that is in the dead-letter queue holds nobody up; one that is not, does", async () => {
    const never = failing(8, () => new PermanentError("for good"));
    const scene = orderedScene(source, { options: { deadLetterQueueUrl: DLQ_URL } });
    expect(await scene.deliver(records("a a"), never)).toEqual([]);
    expect(scene.log("a")).toEqual([9]);
    expect(scene.queue.deadLetters).toHaveLength(1);
    const without = orderedScene(source);
    expect(places(await without.deliver(records("a a"), never))).toEqual([8, 9]);
    expect(without.log("a")).toEqual([]);
  });

  it("a rejected message of a stream goes with its payload, origin and position", async () => {
    const scene = orderedScene(source, { options: { deadLetterQueueUrl: DLQ_URL } });
    await scene.deliver(
      records("a"),
      failing(8, () => new PermanentError("for good")),
    );
    const [letter] = scene.queue.deadLetters;
    expect(letter?.MessageBody).toContain("a-8");
    const names = Object.keys(letter?.MessageAttributes ?? {});
    expect(names).toEqual(isStream ? ["semel-origin", "semel-position", "semel-failure"] : ["semel-failure"]);
    const position = letter?.MessageAttributes?.["semel-position"]?.StringValue;
    if (isStream) expect(position).toBe(source.number(8));
  });

  it.each([{ concurrency: 1 }, { groupCommit: false }, { lanes: 1 }, { strategy: "claim" as const }])(
    "keeps the order, and deadlocks nowhere, with %j",
    async (options) => {
      const scene = orderedScene(source, { options });
      const keys = Array.from({ length: 60 }, (_, index) => "abcde"[(index * index) % 5]).join(" ");
      const batch = records(keys);
      expect(await scene.deliver(batch, failing(-1), { timeLeftMs: 600_000 })).toEqual([]);
      for (const key of "abcde") expect(scene.log(key)).toEqual(places(batch.filter((one) => one.key === key)));
    },
  );

  it("keeps the order of inserts", async () => {
    const insert = { appendOnlyTable: "Counters", primaryKey: "id" };
    const scene = orderedScene(source, { options: { strategy: "insert", insert } });
    const seen: Record<number, number> = {};
    const again = await scene.deliver(records("a a b a"), (message, tx) => {
      const before = scene.memory.items("Counters").filter(({ id }) => id?.S?.startsWith(message.key));
      seen[message.at] = before.length;
      tx.insert({ TableName: "Counters", Item: {} });
    });
    expect(again).toEqual([]);
    expect(seen).toEqual({ 8: 0, 9: 1, 10: 0, 11: 2 });
  });

  it("at the deadline, what did not start is reported, and nothing of it is done later", async () => {
    const scene = orderedScene(source);
    const slow: Handle = async (message, tx) => {
      if (message.at === 10) await new Promise<void>((resolve) => scene.host.after(5_000, resolve));
      append(message, tx);
    };
    const again = await scene.deliver(records("a b a a b"), slow, { timeLeftMs: 1_000 });
    await scene.host.drain();
    expect(places(again)).toEqual(fromLowest ? [10, 11, 12] : [10, 11]);
    expect(["a", "b"].map(scene.log)).toEqual([[8], [9, 12]]);
    expect(await scene.deliver(again)).toEqual([]);
    expect(["a", "b"].map(scene.log)).toEqual([
      [8, 10, 11],
      [9, 12],
    ]);
  });

  it("two messages of one idempotency key, in one ordering key and in two, take effect once", async () => {
    const scene = orderedScene(source, { options: { fingerprint: (message) => sent(message).id } });
    const [first, second, third] = records("a a b");
    if (!first || !second || !third) throw new Error("three");
    const batch = [first, { ...second, body: first.body }, third, { ...third, at: 20, key: "c" }];
    expect(await scene.deliver(batch)).toEqual([]);
    expect(["a", "b", "c"].map(scene.log)).toEqual([[8], [10], []]);
  });

  it("a commit without an answer holds its key back, and the next delivery tells", async () => {
    let broken = true;
    const scene = orderedScene(source, {
      nextFault: ({ operation }) => (broken && operation === "TransactWriteItems" ? "answer-lost" : "none"),
    });
    const again = await scene.deliver(records("a a"));
    broken = false;
    expect(places(again)).toEqual([8, 9]);
    expect(scene.log("a")).toEqual([8]); // it went through, and nobody knows
    expect(await scene.deliver(again)).toEqual([]);
    expect(scene.log("a")).toEqual([8, 9]);
  });
});

describe("requests", () => {
  it("ten keys side by side commit together; ten messages of one key one by one", async () => {
    const transactions = async (keys: string): Promise<number> => {
      const scene = orderedScene(fifoSource);
      await scene.deliver(records(keys));
      return scene.requests.filter(({ request }) => request.operation === "TransactWriteItems").length;
    };
    expect(await transactions("a b c d e f g h i j")).toBe(1);
    expect(await transactions("a a a a a a a a a a")).toBe(10);
  });

  it("a standard queue keeps no order, whatever MessageGroupId says", async () => {
    const scene = orderedScene(sqsSource);
    expect(places(await scene.deliver(records("a a a"), failing(8)))).toEqual([8]);
    expect(scene.log("a")).toEqual([9, 10]);
  });

  it("one record key in two partitions is two ordering keys", async () => {
    const scene = orderedScene(kafkaSource);
    const [first, second] = records("a a");
    if (!first || !second) throw new Error("two");
    const event = kafkaSource.event([first]) as { records: Record<string, unknown> };
    const other = kafkaSource.event([second]) as { records: Record<string, { partition: number }[]> };
    for (const record of Object.values(other.records).flat()) record.partition = 7;
    const [own] = Object.values(event.records);
    const [moved] = Object.values(other.records);
    const ran: number[] = [];
    const handler = scene.orders.lambda(({ body }) => {
      ran.push((body as { at: number }).at);
      throw new Error("no");
    });
    await scene.host.run(
      handler({ ...event, records: { "orders-1": own, "orders-7": moved } } as never, scene.context()),
    );
    expect(ran).toEqual([8, 9]);
  });

  it("what waited for its turn when the answer went out is told apart from what may have been done", async () => {
    const scene = orderedScene(fifoSource, {
      nextFault: ({ operation }) => (operation === "TransactWriteItems" ? "hangs" : "none"),
    });
    expect(places(await scene.deliver(records("a a a"), append, { timeLeftMs: 1_000 }))).toEqual([8, 9, 10]);
    const messages = scene.logged.map(({ details }) => [details["messageId"], details["code"]]);
    expect(messages).toEqual([
      ["m-8", "SEMEL_UNKNOWN_OUTCOME"],
      ["m-9", undefined],
      ["m-10", undefined],
    ]);
  });

  it("records of Kafka without a key are in the order of their partition", async () => {
    const scene = orderedScene(kafkaSource);
    const batch = records("a a");
    const event = kafkaSource.event(batch) as { records: Record<string, { key: unknown }[]> };
    for (const record of Object.values(event.records).flat()) record.key = null;
    const ran: number[] = [];
    const handler = scene.orders.lambda(({ body }) => {
      ran.push((body as { at: number }).at);
      throw new Error("no");
    });
    await scene.host.run(handler(event as never, scene.context()));
    expect(ran).toEqual([8]);
  });
});
