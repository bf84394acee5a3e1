// Direct invocations by orders.once(). Attacks O1 and O2 of lib/consumer/process-once.ts, I6 and I7: one result for everybody
// who asks, what was thrown as it was, and an error where there is no key.

import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type ExactlyOnceOptions, PermanentError, RetryLater, SemelError, type Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { count, counted, post, receipts, records, STRATEGIES, waited } from "../support/direct.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { anotherProcess } from "../support/process.ts";

describe.each(STRATEGIES)("O1: under strategy %s", (strategy) => {
  it("a duplicate gets the first one's result, also from another process, and nothing happens twice", async () => {
    const scene = testConsumer({ strategy });
    const { host, context, orders } = scene;
    const handler = receipts(scene);
    const at = new Date(host.nowMs()).toISOString();
    const one = await host.run(orders.once(handler)(post("a"), context()));
    expect(one).toEqual({ statusCode: 201, receipt: 1, at }); // the Date as its JSON, in the first answer, too
    await host.run(waited(scene, 60_000));
    expect(await host.run(orders.once(handler)(post("a"), context()))).toEqual(one);
    const other = anotherProcess(scene, { strategy });
    expect(await host.run(other.orders.once(handler)(post("a"), context()))).toEqual(one);
    expect([counted(scene), records(scene)]).toEqual([1, ["COMPLETED"]]);
    expect(await host.run(orders.once(handler)(post("b"), context()))).not.toEqual(one);
    expect(counted(scene)).toBe(2);
  });

  it("what the first one is given is nobody else's to change", async () => {
    const { host, context, orders } = testConsumer({ strategy });
    const result = { lines: [1] };
    const call = orders.once(() => result);
    const one = await host.run(call(post("a"), context()));
    expect(one).not.toBe(result);
    one.lines.push(2);
    result.lines.push(3);
    expect(await host.run(call(post("a"), context()))).toEqual({ lines: [1] });
  });

  it.each([undefined, null, 0, "", false, []])("a result %s comes back as it is", async (result) => {
    const { host, context, orders } = testConsumer({ strategy });
    const call = orders.once((_message, tx) => {
      count(tx);
      return result;
    });
    for (let calls = 0; calls < 2; calls++) expect(await host.run(call(post("a"), context()))).toEqual(result);
  });

  it("with storeResult false the first one gets what was returned, and a duplicate nothing", async () => {
    const scene = testConsumer({ strategy, storeResult: false });
    const { host, context, orders, memory } = scene;
    const result = new Map([["a", 1]]);
    const call = orders.once((_message, tx) => {
      count(tx);
      return result;
    });
    expect(await host.run(call(post("a"), context()))).toBe(result);
    expect(await host.run(call(post("a"), context()))).toBeUndefined();
    expect(counted(scene)).toBe(1);
    expect(memory.items(RECORDS)[0]).not.toHaveProperty("result");
  });

  it("I7: another payload under the key is an error, and changes nothing", async () => {
    const scene = testConsumer({ strategy });
    const { host, context, orders } = scene;
    const handler = receipts(scene);
    await host.run(orders.once(handler)(post("a"), context()));
    const other = host.run(orders.once(handler)(post("a", { totalPence: 1 }), context()));
    await expect(other).rejects.toMatchObject({ code: "SEMEL_PAYLOAD_MISMATCH", retryable: false });
    expect(counted(scene)).toBe(1);
  });
});

describe("O1: a duplicate whose handler fails, for what it finds is not what the first one found", () => {
  /** As one writes it: an order that is there is not placed again. */
  const place = async (_message: unknown, tx: Tx): Promise<unknown> => {
    const found = await tx.get({ TableName: "Orders", Key: { orderId: "o-1" } });
    if (found) throw new Error("the order exists");
    tx.put({ TableName: "Orders", Item: { orderId: "o-1" } });
    return { placed: "o-1" };
  };

  it.each(STRATEGIES)("gets the first one's result under strategy %s", async (strategy) => {
    const { host, context, orders } = testConsumer({ strategy });
    const call = orders.once(place);
    for (let calls = 0; calls < 3; calls++) {
      expect(await host.run(call(post("a"), context()))).toEqual({ placed: "o-1" });
    }
    await expect(host.run(call(post("b"), context()))).rejects.toThrow("the order exists");
  });

  it("I7: is told of another payload", async () => {
    const { host, context, orders } = testConsumer();
    const call = orders.once(place);
    await host.run(call(post("a"), context()));
    const other = host.run(call(post("a", { totalPence: 1 }), context()));
    await expect(other).rejects.toMatchObject({ code: "SEMEL_PAYLOAD_MISMATCH" });
  });

  it("gets what was thrown where the record cannot be read", async () => {
    const { host, context, orders } = testConsumer({}, ({ operation }) =>
      operation === "BatchGetItem" ? "server-error" : "none",
    );
    const call = orders.once(place);
    await host.run(call(post("a"), context()));
    await expect(host.run(call(post("a"), context()))).rejects.toThrow("the order exists");
  });
});

describe.each(STRATEGIES)("O2: what a handler throws under strategy %s", (strategy) => {
  const THROWN: Readonly<Record<string, unknown>> = {
    "an Error": new Error("no"),
    "a TypeError": new TypeError("no"),
    "a PermanentError": new PermanentError("never"),
    "a RetryLater": new RetryLater({ afterSeconds: 5 }),
    "a SemelError": new SemelError("mine", { code: "SEMEL_HANDLER", retryable: true, cause: new Error("inner") }),
    "a text": "no",
    "an answer": { statusCode: 404 },
    undefined: undefined,
    null: null,
    0: 0,
  };
  it.each(Object.entries(THROWN))(
    "%s is thrown on as it was; nothing is committed, and the next call runs",
    async (_what, thrown) => {
      for (const later of [false, true]) {
        const scene = testConsumer({ strategy, deadLetterQueueUrl: DLQ_URL });
        const { host, context, orders, queue } = scene;
        let runs = 0;
        const call = orders.once(async (_message, tx) => {
          count(tx);
          if (++runs > 1) return "done";
          if (later) await waited(scene, 5);
          throw thrown;
        });
        const [ended] = await host.run(Promise.allSettled([call(post("a"), context())]));
        expect(ended).toEqual({ status: "rejected", reason: thrown });
        expect((ended as PromiseRejectedResult).reason).toBe(thrown);
        expect([counted(scene), queue.requests]).toEqual([0, []]);
        expect(records(scene)).toEqual(strategy === "claim" ? ["RELEASED"] : []);
        expect(await host.run(call(post("a"), context()))).toBe("done");
        expect(counted(scene)).toBe(1);
      }
    },
  );

  it("before it returns a promise is thrown on, too", async () => {
    const { host, context, orders } = testConsumer({ strategy });
    const call = orders.once((): never => {
      throw "at once";
    });
    await expect(host.run(call(post("a"), context()))).rejects.toBe("at once");
  });
});

describe("the key", () => {
  const none: ExactlyOnceOptions = {};
  it.each([
    ["no header", none, { ...post("a"), headers: {} }, /the header Idempotency-Key \(no key option\) gave undefined/],
    ["an empty header", none, post(""), /gave an empty string/],
    ["an event without headers", none, { detail: { id: "a" } }, /the header Idempotency-Key/],
    ["a path that ends early", { key: "detail.id" }, { detail: {} }, /the path "detail.id" of the body gave undefined/],
  ])("%s: nothing runs, and the error says what is missing", async (_what, options, event, message) => {
    const scene = testConsumer(options);
    let runs = 0;
    const call = scene.orders.once(() => ++runs);
    const ended = scene.host.run(call(event, scene.context()));
    await expect(ended).rejects.toMatchObject({ code: "SEMEL_KEY", message: expect.stringMatching(message) });
    expect([runs, scene.requests]).toEqual([0, []]);
  });

  it("messageId is the request's id, which Lambda keeps when it runs an event again", async () => {
    const scene = testConsumer({ key: "messageId" });
    const { host, context, orders } = scene;
    const handler = receipts(scene);
    const event = { detail: "x" };
    const one = await host.run(orders.once(handler)(event, context()));
    expect(await host.run(orders.once(handler)(event, context()))).toEqual(one);
    await host.run(orders.once(handler)(event, { ...context(), awsRequestId: "r-2" }));
    expect(counted(scene)).toBe(2);
  });
});

describe("with Middy", () => {
  const parsed = {
    before({ event }: { event: Record<string, unknown> }): void {
      event["body"] = JSON.parse(String(event["body"]));
    },
  };

  it("takes the event as the middlewares before it left it, and needs no .use(orders)", async () => {
    const Body = z.object({ body: z.object({ totalPence: z.number() }) });
    const scene = testConsumer({ schema: Body });
    const { host, context, orders } = scene;
    const handler: (event: Record<string, unknown>, context: Context) => Promise<unknown> = middy()
      .use(parsed)
      .handler(
        orders.once(({ body }, tx) => {
          count(tx);
          return { statusCode: 201, body: String(body.body.totalPence) };
        }),
      );
    const lambda = (): Context => context() as Context;
    const one = await host.run(handler(post("a"), lambda()));
    expect(one).toEqual({ statusCode: 201, body: "499" });
    expect(await host.run(handler(post("a"), lambda()))).toEqual(one);
    const other = host.run(handler(post("a", { totalPence: 5 }), lambda()));
    await expect(other).rejects.toMatchObject({ code: "SEMEL_PAYLOAD_MISMATCH" });
    expect(counted(scene)).toBe(1);
  });

  it("with .use(orders), which is for queues, is an error", async () => {
    const { host, context, orders } = testConsumer();
    let runs = 0;
    const handler = middy()
      .use(orders)
      .handler(orders.once(() => ++runs) as never);
    const ended = host.run(handler(post("a") as never, context() as Context));
    await expect(ended).rejects.toMatchObject({ code: "SEMEL_EVENT" });
    expect(runs).toBe(0);
  });
});

it("a schema's error, and an event that it refuses, run nothing", async () => {
  const scene = testConsumer({ schema: z.object({ detail: z.object({ id: z.string() }) }), key: "detail.id" });
  const call = scene.orders.once(() => 1);
  const ended = scene.host.run(call({ detail: { id: 5 } }, scene.context()));
  await expect(ended).rejects.toMatchObject({ code: "SEMEL_SCHEMA", retryable: false });
  expect(scene.requests).toEqual([]);
});

it("strategy insert is refused at start: its item keeps no result", () => {
  const insert = { appendOnlyTable: "Ledger", primaryKey: "id" };
  const { orders } = testConsumer({ strategy: "insert", insert });
  expect(() => orders.once(() => 1)).toThrow(/\.once\(\) needs strategy "commit" or "claim".*SEMEL_WIRING/);
});

it.each([undefined, null, {}, "handler"])("a handler that is %s is refused at start", (handler) => {
  const { orders } = testConsumer();
  expect(() => orders.once(handler as never)).toThrow(/\.once\(\) got .*SEMEL_WIRING/);
});

it("what became of each call is counted", async () => {
  const metrics: string[] = [];
  const scene = testConsumer({ metrics: { addMetric: (name, _unit, value) => void metrics.push(`${name} ${value}`) } });
  const { host, context, orders } = scene;
  const call = orders.once(() => 1);
  for (let calls = 0; calls < 2; calls++) await host.run(call(post("a"), context()));
  expect(metrics).toEqual(["MessagesCommitted 1", "MessagesDuplicate 1"]);
});
