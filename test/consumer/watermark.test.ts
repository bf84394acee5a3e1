// Strategy watermark: runs, what they cost, and what becomes of each message. Attacks WM1 to WM3, LN1 to LN3, LM1, LR1 to LR3,
// OR4, OR5, LA1 and IT3.

import { describe, expect, it } from "vitest";
import { PermanentError, type Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { DLQ_URL, failureOf, memoryQueue, type QueueFault } from "../support/memory-queue.ts";
import { fifoSource, kafkaSource, kinesisSource, ORDERED, sqsSource } from "../support/source-events.ts";
import { append, records, type Scene, type Sent } from "./ordered.ts";
import { transactions, watermarkScene, watermarks } from "./watermarks.ts";

const count = ({ key }: Sent, tx: Tx): void => {
  tx.increment({ TableName: "Counters", Key: { id: key } }, { n: 1 });
};
const putOwn = ({ id }: Sent, tx: Tx): void => {
  tx.put({ TableName: "Orders", Item: { orderId: id } });
};
/** Of the items that `putOwn` puts, by their places. */
const ids = ({ memory }: Pick<Scene, "memory">): (string | undefined)[] => {
  const place = (id = ""): number => Number(id.slice(id.indexOf("-") + 1));
  return memory
    .items("Orders")
    .map(({ orderId }) => orderId?.S)
    .sort((one, other) => place(one) - place(other));
};
const ten = records("a a a a a a a a a a");

describe("what it costs", () => {
  it("a FIFO batch of 10 in one group, effects folded: 2 actions in 1 transaction, and nothing else", async () => {
    const scene = watermarkScene(fifoSource);
    expect(await scene.deliver(ten, count)).toEqual([]);
    expect(scene.requests).toHaveLength(1);
    expect(transactions(scene)).toEqual([2]);
    expect(scene.memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: "10" } }]);
  });

  it("1,000 messages of 50 keys: a write a key at most, an item a key", async () => {
    const scene = watermarkScene(kinesisSource);
    const keys = Array.from({ length: 1_000 }, (_, index) => `k${index % 50}`).join(" ");
    expect(await scene.deliver(records(keys), count)).toEqual([]);
    expect(transactions(scene).reduce((sum, actions) => sum + actions, 0)).toBe(100); // a watermark and a counter a key
    expect(scene.requests.length).toBeLessThanOrEqual(10);
    expect(watermarks(scene)).toHaveLength(50);
    expect(scene.memory.items("Counters").every(({ n }) => n?.N === "20")).toBe(true);
  });

  it("items of their own: as many as a transaction takes", async () => {
    const scene = watermarkScene(kinesisSource);
    expect(await scene.deliver(records(Array.from({ length: 250 }, () => "a").join(" ")), putOwn)).toEqual([]);
    expect(transactions(scene)).toEqual([100, 100, 53]);
    expect(scene.memory.items("Orders")).toHaveLength(250);
  });

  it("redelivered: nothing in the process that did it, one refused transaction in another", async () => {
    const scene = watermarkScene(kinesisSource, { options: { committedKeysMax: 1 } });
    await scene.deliver(ten, count);
    expect(await scene.deliver(ten, count)).toEqual([]);
    expect(scene.requests).toHaveLength(1);
    const cold = watermarkScene(kinesisSource);
    await cold.deliver(ten, count);
    await cold.deliver(ten, count); // committedKeysMax 0: nothing is known
    expect(transactions(cold)).toEqual([2, 2]);
    expect(cold.requests).toHaveLength(2);
    expect(cold.memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: "10" } }]);
  });

  it("done in part: the old item tells which, and the rest goes on without another read", async () => {
    const scene = watermarkScene(kinesisSource);
    await scene.deliver(ten.slice(0, 4), putOwn);
    expect(await scene.deliver(ten, putOwn)).toEqual([]);
    expect(transactions(scene)).toEqual([5, 11, 7]);
    expect(scene.requests.map(({ request }) => request.operation).filter((one) => one.startsWith("Get"))).toEqual([]);
    expect(scene.memory.items("Orders")).toHaveLength(10);
  });

  it("its item has no time to live, and no more than a position", async () => {
    const scene = watermarkScene(kafkaSource);
    await scene.deliver(records("a"), count);
    const [item = {}] = watermarks(scene);
    expect(Object.keys(item).sort()).toEqual(["attemptId", "formatVersion", "pk", "position", "status"]);
    expect(item["position"]?.S).toBe("8".padStart(20, "0"));
  });
});

describe("runs", () => {
  it("OR4: what an earlier message of the run wrote is read after its commit", async () => {
    const scene = watermarkScene(kinesisSource);
    const seen: (number | undefined)[] = [];
    const batch = records("a a a a");
    await scene.deliver(batch, async ({ key, at }, tx) => {
      const item = await tx.get<{ at: number }>({ TableName: "Orders", Key: { orderId: key } }, { guard: false });
      seen.push(item?.at);
      tx.put({ TableName: "Orders", Item: { orderId: key, at } });
    });
    expect(seen).toEqual([undefined, 8, 9, 10]);
    expect(transactions(scene)).toEqual([2, 2, 2, 2]);
    // The second is heard again; from then on each starts after the commit of the one before it.
    expect(scene.trace.filter((one) => !one.endsWith("."))).toEqual(["a8", "a9", "a9", "a10", "a11"]);
  });

  it("OR4: what an earlier message of the run wrote is written after its commit, from a handler that starts then", async () => {
    const scene = watermarkScene(kinesisSource);
    const committed: number[] = [];
    await scene.deliver(records("a a"), (message, tx) => {
      committed.push(scene.log("a").length);
      append(message, tx);
    });
    expect(committed).toEqual([0, 0, 1]); // the second one's first run is not heard
    expect(scene.log("a")).toEqual([8, 9]);
    expect(transactions(scene)).toEqual([2, 2]);
  });

  it("LN2: a slow handler keeps nothing from its commit", async () => {
    const scene = watermarkScene(kinesisSource);
    const again = await scene.deliver(
      records("a a a"),
      async (message, tx) => {
        if (message.at === 10) await new Promise(() => {});
        count(message, tx);
      },
      { timeLeftMs: 3_000 },
    );
    expect(again.map(({ at }) => at)).toEqual([10]);
    expect(scene.memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: "2" } }]);
  });

  it("LR3: a failed condition is one message's; those before it commit, those behind it wait", async () => {
    const scene = watermarkScene(fifoSource);
    const again = await scene.deliver(records("a a a a a b"), ({ id, at }, tx) => {
      tx.put({
        TableName: "Orders",
        Item: { orderId: id },
        ...(at === 11 ? { ConditionExpression: "attribute_exists(orderId)" } : {}),
      });
    });
    expect(again.map(({ at }) => at)).toEqual([11, 12]);
    expect(ids(scene)).toEqual(["a-8", "a-9", "a-10", "b-13"]);
    expect(scene.codes()).toEqual(["SEMEL_CONDITION"]);
  });

  it("LR3: what ran behind a message that ran again runs again, too", async () => {
    const scene = watermarkScene(kinesisSource);
    let first = true;
    await scene.deliver(records("a a"), async ({ at }, tx) => {
      if (at === 8) {
        const key = { TableName: "Orders", Key: { orderId: "x" } };
        const item = await tx.get<{ n: number }>(key);
        // Somebody else writes between the read and the commit; on the second run this one writes what the other reads.
        if (first)
          scene.memory.send({
            operation: "PutItem",
            input: { TableName: "Orders", Item: { orderId: { S: "x" }, n: { N: "1" } } },
          });
        first = false;
        if (item) tx.put({ TableName: "Orders", Item: { orderId: "y", n: 1 } });
        return;
      }
      const item = await tx.get<{ n: number }>({ TableName: "Orders", Key: { orderId: "y" } }, { guard: false });
      tx.put({ TableName: "Orders", Item: { orderId: "z", n: (item?.n ?? 0) + 1 } });
    });
    expect(scene.memory.items("Orders").find(({ orderId }) => orderId?.S === "z")?.["n"]?.N).toBe("2");
  });

  it("LR4: what was read without a guard is read again where somebody else was faster", async () => {
    const scene = watermarkScene(kinesisSource);
    let beside = true;
    await scene.deliver(records("a a"), async ({ at }, tx) => {
      if (at === 8) return;
      const item = await tx.get<{ n: number }>({ TableName: "Orders", Key: { orderId: "y" } }, { guard: false });
      tx.put({ TableName: "Orders", Item: { orderId: "z", n: (item?.n ?? 0) + 1 } });
      if (!beside) return;
      beside = false;
      // An old invocation that has the first message alone, and does it otherwise.
      const old = scene.orders.lambda((_, other) => other.put({ TableName: "Orders", Item: { orderId: "y", n: 1 } }));
      await old(kinesisSource.event(records("a")), scene.context());
    });
    expect(scene.memory.items("Orders").find(({ orderId }) => orderId?.S === "z")?.["n"]?.N).toBe("2");
  });

  it("HD1: messages of a group that fail together are hidden for the same time", async () => {
    const scene = watermarkScene(fifoSource, {
      nextFault: ({ operation }) => (operation === "TransactWriteItems" ? "conflict-on-record" : "none"),
    });
    let draws = 0;
    scene.host.random = () => (++draws % 10) / 10;
    expect(await scene.deliver(records("a a a"), putOwn, { timeLeftMs: 2_000 })).toHaveLength(3);
    expect(scene.codes()).toEqual(["SEMEL_CONTENTION", "SEMEL_CONTENTION", "SEMEL_CONTENTION"]);
    expect(scene.queue.hidden.size).toBe(3);
    expect(new Set(scene.queue.hidden.values()).size).toBe(1);
  });

  it("LN3: a message whose handler fails because it is done already is done", async () => {
    const scene = watermarkScene(kinesisSource);
    const batch = records("a a");
    const once = async (message: Sent, tx: Tx): Promise<void> => {
      const key = { TableName: "Orders", Key: { orderId: message.id } };
      if (await tx.get(key)) throw new Error("it is there already");
      putOwn(message, tx);
    };
    await scene.deliver(batch, once);
    expect(await scene.deliver(batch, once)).toEqual([]);
    expect(scene.codes()).toEqual([]);
  });

  it("LA1: receipts of one message run once; what came in another order runs in its own", async () => {
    const scene = watermarkScene(fifoSource);
    const [one, two, three] = records("a a a");
    if (!one || !two || !three) throw new Error("three");
    expect(await scene.deliver([three, one, two, one, three], putOwn)).toEqual([]);
    expect(scene.trace.filter((entry) => !entry.endsWith("."))).toEqual(["a8", "a9", "a10"]);
    expect(scene.memory.items("Orders")).toHaveLength(3);
  });

  it("LA1: receipts of one message that come one behind the other run once, too", async () => {
    const scene = watermarkScene(fifoSource);
    const [one, two] = records("a a");
    if (!one || !two) throw new Error("two");
    expect(await scene.deliver([one, one, two, two], count)).toEqual([]);
    expect(scene.trace.filter((entry) => !entry.endsWith("."))).toEqual(["a8", "a9"]);
    expect(scene.memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: "2" } }]);
  });
});

describe("scope", () => {
  it("WM2: two streams with the same key share no watermark", async () => {
    const scene = watermarkScene(kinesisSource);
    await scene.deliver(records("a", 20), putOwn);
    const [record] = records("a", 8);
    const event = structuredClone(
      kinesisSource.event(record ? [record] : []) as { Records: { eventSourceARN: string }[] },
    );
    for (const one of event.Records) one.eventSourceARN += "-other";
    const handler = scene.orders.lambda(async (message, tx) => putOwn(message.body as Sent, tx));
    await scene.host.run(handler(event as never, scene.context()));
    expect(ids(scene)).toEqual(["a-8", "a-20"]);
  });

  it("WM2: batches of a shard that run side by side have other keys, and share no watermark", async () => {
    const scene = watermarkScene(kinesisSource);
    await scene.deliver(records("b", 20), putOwn);
    expect(await scene.deliver(records("a", 8), putOwn)).toEqual([]);
    expect(ids(scene)).toEqual(["a-8", "b-20"]);
  });

  it("WM1: a batch that starts beyond a gap is taken; nothing below the watermark runs any more", async () => {
    const scene = watermarkScene(kinesisSource);
    await scene.deliver(records("a", 8), putOwn);
    await scene.deliver(records("a", 30), putOwn);
    expect(await scene.deliver(records("a", 20), putOwn)).toEqual([]);
    expect(ids(scene)).toEqual(["a-8", "a-30"]);
  });

  it("WM4: a watermark of a newer version is never taken for done", async () => {
    const scene = watermarkScene(kinesisSource);
    await scene.deliver(records("a", 8), putOwn);
    const [item = {}] = watermarks(scene);
    scene.memory.send({
      operation: "PutItem",
      input: { TableName: RECORDS, Item: { ...item, formatVersion: { N: "2" } } },
    });
    for (const from of [8, 9]) expect(await scene.deliver(records("a", from), putOwn)).toHaveLength(1);
    expect(scene.codes()).toEqual(["SEMEL_RECORD_FORMAT", "SEMEL_RECORD_FORMAT"]);
    expect(scene.memory.items("Orders")).toHaveLength(1);
  });
});

describe("messages that can never succeed", () => {
  const options = { deadLetterQueueUrl: DLQ_URL };
  const poison = (message: Sent, tx: Tx): void => {
    if (message.at === 9) throw new PermanentError("no such account");
    putOwn(message, tx);
  };
  const letters = ({ queue }: { queue: ReturnType<typeof memoryQueue> }): unknown[] => queue.deadLetters.map(failureOf);

  it.each(ORDERED)("$name: passed over in the transaction of the run, then sent, then acknowledged", async (source) => {
    const scene = watermarkScene(source, { options });
    expect(await scene.deliver(records("a a a"), poison)).toEqual([]);
    expect(transactions(scene)).toEqual([2, 2]); // LN4: what was before it commits first, it goes with what comes after
    expect(letters(scene)).toMatchObject([{ code: "SEMEL_PERMANENT" }]);
    expect(ids(scene)).toEqual(["a-8", "a-10"]);
  });

  it.each([0, 100])(
    "LR2: died before the dead letter was sent: it is sent, and never run again (%s keys known)",
    async (known) => {
      let faults: QueueFault[] = ["never-applied"];
      const queue = memoryQueue(() => faults.shift() ?? "none");
      const scene = watermarkScene(kinesisSource, { options: { ...options, committedKeysMax: known }, queue });
      const batch = records("a a a a");
      const again = await scene.deliver(batch.slice(0, 3), poison);
      expect(again.map(({ at }) => at)).toEqual([9, 10]);
      expect(ids(scene)).toEqual(["a-8", "a-10"]);
      faults = [];
      expect(await scene.deliver(batch.slice(1), putOwn)).toEqual([]); // it would succeed now
      expect(letters(scene)).toMatchObject([{ code: "SEMEL_PERMANENT" }]);
      expect(ids(scene)).toEqual(["a-8", "a-10", "a-11"]);
      const sent = queue.deadLetters.length;
      expect(await scene.deliver(batch, putOwn)).toEqual([]);
      expect([queue.deadLetters.length, scene.memory.items("Orders").length]).toEqual([sent, 3]);
    },
  );

  it("LR2: nothing behind it is committed until its dead letter is sent", async () => {
    const queue = memoryQueue(() => "never-applied");
    const scene = watermarkScene(kinesisSource, { options, queue });
    await scene.deliver(records("a a"), poison);
    expect((await scene.deliver(records("a a a", 9), putOwn)).map(({ at }) => at)).toEqual([9, 10, 11]);
    expect(ids(scene)).toEqual(["a-8"]);
    expect(watermarks(scene)[0]?.["passedOver"]?.L).toHaveLength(1);
  });

  it("many of them: lists stay short, and nothing else waits", async () => {
    const scene = watermarkScene(kinesisSource, { options });
    const batch = records(Array.from({ length: 25 }, () => "a").join(" "));
    const never = (): never => {
      throw new PermanentError("x".repeat(5_000));
    };
    expect(await scene.deliver(batch, never)).toEqual([]);
    expect(transactions(scene)).toEqual([1, 1, 1]);
    expect(scene.queue.deadLetters).toHaveLength(25);
  });

  it("an item beyond DynamoDB's limit is its message's, and the run goes on without it", async () => {
    const scene = watermarkScene(kinesisSource, { options });
    const again = await scene.deliver(records("a a a"), ({ id, at }, tx) => {
      tx.put({ TableName: "Orders", Item: { orderId: id, text: "x".repeat(at === 9 ? 500_000 : 5) } });
    });
    expect(again).toEqual([]);
    expect(letters(scene)).toMatchObject([{ code: "SEMEL_LIMIT" }]);
    expect(ids(scene)).toEqual(["a-8", "a-10"]);
  });

  it("without a dead-letter queue it fails, and blocks its key alone", async () => {
    const scene = watermarkScene(fifoSource);
    expect((await scene.deliver(records("a a a b"), poison)).map(({ at }) => at)).toEqual([9, 10]);
    expect(ids(scene)).toEqual(["a-8", "b-11"]);
  });
});

describe("what it does not take", () => {
  it("IT3: a queue without order", async () => {
    const scene = watermarkScene(sqsSource);
    await expect(scene.deliver(records("a"), putOwn)).rejects.toThrow(/SQS standard queue.*needs an order/);
  });

  it("IT3: a FIFO queue whose owner does not say that nothing is redriven", async () => {
    const { orders, host, context } = testConsumer({ strategy: "watermark" });
    const handler = orders.lambda(() => {});
    await expect(host.run(handler(fifoSource.event(records("a")), context()))).rejects.toThrow(/redrive: "never"/);
  });

  it.each([
    [{ key: "id" }, /key cannot be used/],
    [{ fingerprint: () => 1 }, /fingerprint cannot be used/],
    [{ storeResult: true }, /storeResult needs/],
    [{ redrive: "sometimes" as never }, /Use "never"/],
    [{ leaseSeconds: 5 }, /leaseSeconds needs/],
  ])("%o", (given, text) => {
    expect(() => testConsumer({ strategy: "watermark", ...given })).toThrow(text);
  });

  it("redrive with another strategy, results of direct invocations", () => {
    expect(() => testConsumer({ redrive: "never" })).toThrow(/redrive needs strategy "watermark"/);
    expect(() => testConsumer({ strategy: "watermark" }).orders.once(() => {})).toThrow(
      /"watermark" there is no record/,
    );
  });
});
