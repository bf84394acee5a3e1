// Folded and gathered runs that are tried more than once: nothing that one try did to what it was given is seen by the next.
// Attacks SS1, KN3, LN4 and LR4.

import { describe, expect, it } from "vitest";
import { PermanentError } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import { DLQ_URL, memoryQueue } from "../support/memory-queue.ts";
import { kinesisSource, type TestRecord } from "../support/source-events.ts";
import { records, sent } from "./ordered.ts";
import { watermarkScene } from "./watermarks.ts";

interface Line {
  quantity: number;
}

function lineOf(at: number, quantity: number): TestRecord {
  return { key: "a", at, body: { sku: "tea", quantity } };
}

/** The first message's body becomes part of the state; the next ones add to it. */
async function quantityAfter(faults: readonly Fault[], poison = false): Promise<number> {
  const left = [...faults];
  const consumer = testConsumer(
    { strategy: "watermark", deadLetterQueueUrl: DLQ_URL },
    () => left.shift() ?? "none",
    memoryQueue(),
  );
  const handler = consumer.orders.reduce<{ lines: Record<string, Line> }, never>({
    table: "Orders",
    partitionKey: "orderId",
    initial: { lines: {} },
    apply(state, { body }) {
      const line = body as Line & { sku: string };
      if (line.quantity < 0) throw new PermanentError("no such quantity");
      const known = state.lines[line.sku];
      if (known) known.quantity += line.quantity;
      else state.lines[line.sku] = line;
      return state;
    },
  });
  const batch = [lineOf(8, 1), lineOf(9, 2), ...(poison ? [lineOf(10, -1)] : [])];
  await consumer.host.run(handler(kinesisSource.event(batch), consumer.context()));
  const [item] = consumer.memory.items("Orders");
  return Number(item?.["state"]?.M?.["lines"]?.M?.["tea"]?.M?.["quantity"]?.N);
}

describe("a state that holds parts of messages", () => {
  it.each<readonly [string, readonly Fault[]]>([
    ["at once", []],
    ["after a throttle", ["throttled"]],
    ["after an answer that was lost", ["answer-lost"]],
    ["after a reset, twice", ["never-applied", "never-applied"]],
  ])("is folded once, %s", async (_, faults) => {
    expect(await quantityAfter(faults)).toBe(3);
  });

  it("is folded once, where a message of the run is given up and the run is halved", async () => {
    expect(await quantityAfter([], true)).toBe(3);
  });
});

it("binary state that is changed in place is not changed in the memory of the process", async () => {
  const faults: Fault[] = ["none", "throttled"];
  const consumer = testConsumer({ strategy: "watermark", committedKeysMax: 100 }, () => faults.shift() ?? "none");
  const handler = consumer.orders.reduce<Uint8Array, never>({
    table: "Orders",
    partitionKey: "orderId",
    initial: new Uint8Array(1),
    apply(state) {
      state[0] = (state[0] ?? 0) + 1;
      return state;
    },
  });
  for (const at of [8, 9]) {
    await consumer.host.run(handler(kinesisSource.event([lineOf(at, 1)]), consumer.context()));
  }
  const [item] = consumer.memory.items("Orders");
  expect([...(item?.["state"]?.B ?? [])]).toEqual([2]);
});

it("KN3: one partition key in two shards, by explicit hash keys: both take effect, whatever their numbers", async () => {
  const consumer = testConsumer({ strategy: "watermark" });
  const handler = consumer.orders.lambda((_, tx) => {
    tx.increment({ TableName: "Counters", Key: { id: "a" } }, { n: 1 });
  });
  const inShard = (shard: number, at: number): never => {
    const text = JSON.stringify(kinesisSource.event([lineOf(at, 1)]));
    return JSON.parse(text.replace("shardId-000000000006", `shardId-00000000000${shard}`)) as never;
  };
  await consumer.host.run(handler(inShard(1, 20), consumer.context()));
  await consumer.host.run(handler(inShard(0, 10), consumer.context()));
  await consumer.host.run(handler(inShard(0, 10), consumer.context())); // delivered again
  expect(consumer.memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: "2" } }]);
});

it("LN4: what a handler gives up before those before it are committed, it is asked again after", async () => {
  const queue = memoryQueue();
  const scene = watermarkScene(kinesisSource, { options: { deadLetterQueueUrl: DLQ_URL }, queue });
  const committed = (id: string): boolean => scene.memory.items("Orders").some(({ orderId }) => orderId?.S === id);
  const again = await scene.deliver(records("a a"), ({ id, at }, tx) => {
    // Not by tx.get: a query by a client of its own, say.
    if (at === 9 && !committed("a-8")) throw new PermanentError("there is no order");
    tx.put({ TableName: "Orders", Item: { orderId: id } });
  });
  expect(again).toEqual([]);
  expect(scene.memory.items("Orders")).toHaveLength(2);
  expect(queue.requests).toEqual([]);
});

it("LR4: what a handler gave up on what it read is asked again where somebody else did the one before it", async () => {
  const queue = memoryQueue();
  const scene = watermarkScene(kinesisSource, { options: { deadLetterQueueUrl: DLQ_URL }, queue });
  const { context, host, memory, orders } = scene;
  const pause = (ms: number): Promise<void> => new Promise((resolve) => host.after(ms, resolve));
  const [first, second] = records("a a");
  const both = orders.lambda(async (message, tx) => {
    const { at } = sent(message);
    if (at === first?.at) throw new PermanentError("not in this version");
    const found = await tx.get({ TableName: "Orders", Key: { orderId: "opened" } });
    await pause(200);
    if (!found) throw new PermanentError("there is no order");
    tx.put({ TableName: "Orders", Item: { orderId: "changed" } });
  });
  const opens = orders.lambda(async (_, tx) => {
    await pause(100);
    tx.put({ TableName: "Orders", Item: { orderId: "opened" } });
  });
  const event = (...some: readonly (TestRecord | undefined)[]): never =>
    kinesisSource.event(some.filter((one) => one !== undefined));
  const [answer] = await host.run(Promise.all([both(event(first, second), context()), opens(event(first), context())]));
  expect(answer).toEqual({ batchItemFailures: [] });
  expect(memory.items("Orders").map(({ orderId }) => orderId?.S)).toEqual(["changed", "opened"]);
  expect(queue.requests).toEqual([]);
});
