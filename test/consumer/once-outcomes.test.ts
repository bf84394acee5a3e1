// Direct invocations that go wrong, or meet each other. Attacks O1 and O3 of lib/consumer/process-once.ts, R3 of
// lib/consumer/run.ts, and I1: one effect for a key, and an error where nothing is known.

import { describe, expect, it } from "vitest";
import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { KeyInUseError, SemelError, type Tx } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { testConsumer } from "../support/consumer.ts";
import { count, counted, post, receipts, records, type Scene, STRATEGIES, waited } from "../support/direct.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { anotherProcess } from "../support/process.ts";

/** The first commits meet these faults. */
function first(...faults: readonly Fault[]): (request: DynamoDbRequest) => Fault {
  const left = [...faults];
  return ({ operation }) => (operation === "TransactWriteItems" ? (left.shift() ?? "none") : "none");
}

/** Every commit meets this fault. */
function onCommits(fault: Fault): (request: DynamoDbRequest) => Fault {
  return ({ operation }) => (operation === "TransactWriteItems" ? fault : "none");
}

describe("a commit without an answer", () => {
  it.each([...FAULTS])("%s once: one effect, and everybody gets the one result", async (fault) => {
    for (const strategy of STRATEGIES) {
      const scene = testConsumer({ strategy }, first(fault));
      const { host, context, orders } = scene;
      const handler = receipts(scene);
      const one = await host.run(orders.once(handler)(post("a"), context(30_000)));
      expect(one).toMatchObject({ statusCode: 201 });
      await host.drain();
      expect(await host.run(orders.once(handler)(post("a"), context()))).toEqual(one);
      expect(counted(scene)).toBe(1);
    }
  });

  it.each(STRATEGIES)(
    "but applied, until the deadline, under strategy %s: its record tells, and holds the result",
    async (strategy) => {
      const scene = testConsumer({ strategy }, onCommits("answer-lost"));
      const { host, context, orders } = scene;
      const handler = receipts(scene);
      const one = await host.run(orders.once(handler)(post("a"), context(5_000)));
      expect(one).toMatchObject({ receipt: 1 });
      const other = anotherProcess(scene, { strategy });
      expect(await host.run(other.orders.once(handler)(post("a"), context()))).toEqual(one);
      expect(counted(scene)).toBe(1);
    },
  );

  describe.each(STRATEGIES)("until the deadline, under strategy %s", (strategy) => {
    it.each(["applied-later", "never-applied", "hangs"] as const)(
      "%s: is unknown; the same key has one result then, and one effect",
      async (fault) => {
        const scene = testConsumer({ strategy }, onCommits(fault));
        const { host, context, orders } = scene;
        const handler = receipts(scene);
        const unknown = host.run(orders.once(handler)(post("a"), context(5_000)));
        await expect(unknown).rejects.toMatchObject({ code: "SEMEL_UNKNOWN_OUTCOME", retryable: true });
        await host.run(waited(scene, 60_000)); // what is under way arrives, a lease is over
        const later = anotherProcess(scene, { strategy }).orders.once(handler);
        const one = await host.run(later(post("a"), context()));
        expect(one).toMatchObject({ receipt: fault === "applied-later" ? 1 : 2 });
        expect(await host.run(later(post("a"), context()))).toEqual(one);
        expect(counted(scene)).toBe(1);
      },
    );

    it("and no record that could be read, either: is unknown, and never the result", async () => {
      const scene = testConsumer({ strategy }, ({ operation }) => {
        if (operation === "PutItem") return "none";
        return operation === "TransactWriteItems" ? "answer-lost" : "server-error";
      });
      const { host, context, orders } = scene;
      const handler = receipts(scene);
      const unknown = host.run(orders.once(handler)(post("a"), context(5_000)));
      await expect(unknown).rejects.toMatchObject({ code: "SEMEL_UNKNOWN_OUTCOME" });
      expect(counted(scene)).toBe(1);
    });
  });
});

it("I6: a commit that arrives after its handler ran again has the result, and everybody gets that one", async () => {
  const scene = testConsumer({ strategy: "claim", leaseSeconds: 120 }, first("applied-later"));
  const { host, context, orders, memory } = scene;
  const order = { TableName: "Orders", Key: { orderId: { S: "o-1" } } };
  const write = (action: TransactWriteItem): void =>
    void memory.send({ operation: "TransactWriteItems", input: { TransactItems: [action] } });
  let runs = 0;
  const call = orders.once(async (_message, tx) => {
    const run = ++runs;
    count(tx);
    tx.check({
      TableName: "Orders",
      Key: { orderId: "o-1" },
      ConditionExpression: "attribute_not_exists(orderId)",
    });
    if (run > 1) {
      write({ Delete: order });
      await waited(scene, 10_000); // the first commit arrives
    } else {
      host.after(1_000, () => write({ Put: { TableName: "Orders", Item: order.Key } }));
    }
    return { run };
  });
  expect(await host.run(call(post("a"), context(60_000)))).toEqual({ run: 1 });
  expect([runs, counted(scene)]).toEqual([2, 1]);
  expect(await host.run(call(post("a"), context()))).toEqual({ run: 1 });
});

describe("O3: the deadline", () => {
  it("of a handler that does not end is an error, nothing is committed, and it is not run on", async () => {
    const scene = testConsumer();
    const { host, context, orders } = scene;
    let stopped = false;
    const call = orders.once(async (_message, tx) => {
      count(tx);
      tx.signal.addEventListener("abort", () => {
        stopped = true;
      });
      await waited(scene, 60_000);
      throw new Error("long after");
    });
    const startedMs = host.nowMs();
    await expect(host.run(call(post("a"), context(3_000)))).rejects.toMatchObject({ code: "SEMEL_DEADLINE" });
    expect([stopped, host.nowMs() - startedMs]).toEqual([true, 2_500]);
    await host.drain();
    expect([counted(scene), records(scene)]).toEqual([0, []]);
  });

  it("is told as such, though the handler throws when its signal aborts", async () => {
    for (const strategy of STRATEGIES) {
      const { host, context, orders } = testConsumer({ strategy });
      const call = orders.once(
        (_message, tx) =>
          new Promise((_, reject) => tx.signal.addEventListener("abort", () => reject(new Error("aborted")))),
      );
      await expect(host.run(call(post("a"), context(3_000)))).rejects.toMatchObject({ code: "SEMEL_DEADLINE" });
    }
  });

  it("comes for a schema that does not end, too", async () => {
    const validate = (): Promise<never> => new Promise(() => {});
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const { host, context, orders } = testConsumer({ schema });
    const startedMs = host.nowMs();
    const call = orders.once(() => "never");
    await expect(host.run(call(post("a"), context(3_000)))).rejects.toBeInstanceOf(SemelError);
    expect(host.nowMs() - startedMs).toBeLessThan(3_000);
  });

  it("that is over before it begins runs nothing", async () => {
    const scene = testConsumer();
    let runs = 0;
    const call = scene.orders.once(() => ++runs);
    await expect(scene.host.run(call(post("a"), scene.context(100)))).rejects.toMatchObject({ code: "SEMEL_DEADLINE" });
    expect([runs, scene.requests]).toEqual([0, []]);
  });

  it("is the only timer, and is gone with the answer", async () => {
    const { host, context, orders } = testConsumer();
    const startedMs = host.nowMs();
    await host.run(orders.once(() => 1)(post("a"), context(900_000)));
    await host.drain();
    expect(host.nowMs() - startedMs).toBeLessThan(5_000);
  });

  it("is not known without Lambda's context", async () => {
    const { host, orders } = testConsumer();
    const call = orders.once(() => 1);
    await expect(host.run(call(post("a"), {} as never))).rejects.toMatchObject({ code: "SEMEL_EVENT" });
  });
});

describe("I1: two at a time with the same key", () => {
  /** Both handlers are under way before either ends. */
  async function both(strategy: "commit", processes: 1 | 2): Promise<[Scene, unknown[]]> {
    const scene = testConsumer({ strategy }, () => "slow");
    const { host, context, orders } = scene;
    const other = processes === 1 ? orders : anotherProcess(scene, { strategy }, () => "slow").orders;
    let runs = 0;
    const handler = async (_message: unknown, tx: Tx): Promise<unknown> => {
      const receipt = ++runs;
      count(tx);
      await waited(scene, 50);
      return { receipt };
    };
    const calls = [orders, other].map((one) => one.once(handler)(post("a"), context()));
    const results = await host.run(Promise.all(calls));
    expect(runs).toBe(2);
    return [scene, results];
  }

  it.each([1, 2] as const)(
    "under strategy commit, in %i process(es): one effect, the same result",
    async (processes) => {
      const [scene, [one, two]] = await both("commit", processes);
      expect(one).toMatchObject({ receipt: expect.any(Number) });
      expect(two).toEqual(one);
      expect([counted(scene), records(scene)]).toEqual([1, ["COMPLETED"]]);
    },
  );

  it.each([1, 2] as const)(
    "under strategy claim, in %i process(es): the second is told when to come again",
    async (processes) => {
      const strategy = "claim";
      const scene = testConsumer({ strategy });
      const { host, context, orders } = scene;
      const other = processes === 1 ? orders : anotherProcess(scene, { strategy }).orders;
      let runs = 0;
      const handler = async (_message: unknown, tx: Tx): Promise<unknown> => {
        count(tx);
        await waited(scene, 2_000);
        return { receipt: ++runs };
      };
      const running = orders.once(handler)(post("a"), context(10_000));
      await host.run(waited(scene, 500));
      const [second] = await host.run(Promise.allSettled([other.once(handler)(post("a"), context(10_000))]));
      const error = second.status === "rejected" ? (second.reason as KeyInUseError) : undefined;
      expect(error).toBeInstanceOf(KeyInUseError);
      expect(error).toMatchObject({ code: "SEMEL_KEY_IN_USE", retryable: true, retryAfterSeconds: 10 });
      expect(error?.message).toContain("ends within 10 s");
      const one = await host.run(running);
      expect(one).toEqual({ receipt: 1 });
      expect(await host.run(other.once(handler)(post("a"), context()))).toEqual(one);
      expect([counted(scene), runs]).toEqual([1, 1]);
    },
  );

  it("with other keys at a time, each has its own", async () => {
    const scene = testConsumer({}, () => "slow");
    const { host, context, orders } = scene;
    const call = orders.once(async (message, tx) => {
      await waited(scene, 5);
      count(tx);
      return tx.key + message.messageId;
    });
    const keys = ["a", "b", "c"];
    const all = keys.map((key) => call(post(key), { ...context(), awsRequestId: ` of ${key}` }));
    expect(await host.run(Promise.all(all))).toEqual(keys.map((key) => `${key} of ${key}`));
    expect(counted(scene)).toBe(3);
  });
});

describe("R3: a condition that fails runs the handler again", () => {
  it("on a fresh event, whatever the first run made of it", async () => {
    const scene = testConsumer();
    const { host, context, orders, memory } = scene;
    const bodies: unknown[] = [];
    const call = orders.once(async ({ body }, tx) => {
      const request = body as { body: unknown };
      bodies.push(request.body);
      request.body = JSON.parse(String(request.body)); // as handlers do
      await tx.get({ TableName: "Orders", Key: { orderId: "o-1" } });
      if (bodies.length === 1) {
        const Put = { TableName: "Orders", Item: { orderId: { S: "o-1" } } };
        memory.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Put }] } });
      }
      return bodies.length;
    });
    const event = post("a");
    expect(await host.run(call(event, context()))).toBe(2);
    expect(bodies).toEqual([event["body"], event["body"]]);
    expect(await host.run(call(event, context()))).toBe(2);
  });
});
