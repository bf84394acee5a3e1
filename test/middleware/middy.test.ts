// Attacks W1 to W3 of lib/middleware/exactly-once.ts with the real Middy.

import middy, { type MiddyfiedHandler } from "@middy/core";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

type Run = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

type Chain = MiddyfiedHandler<SQSEvent, unknown>;

const event = sqsEvent({ body: { id: "a" } }, { body: { id: "b" } }) as SQSEvent;
const none = { batchItemFailures: [] };
const all = { batchItemFailures: [{ itemIdentifier: "m-1" }, { itemIdentifier: "m-2" }] };

function setUp(groupCommit = true): ReturnType<typeof testConsumer> & { lambda: (timeLeftMs?: number) => Context } {
  const consumer = testConsumer({ key: "id", groupCommit });
  // Middy reads more of the context than semel does.
  return { ...consumer, lambda: (timeLeftMs) => consumer.context(timeLeftMs) as Context };
}

function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}

describe("with Middy", () => {
  it("runs each message and owns the response", async () => {
    const { orders, memory, host, lambda } = setUp();
    const handler: Run = middy().use(orders).handler(orders.each(count));
    expect(await host.run(handler(event, lambda()))).toEqual(none);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "2" } }]);
    expect(memory.items(RECORDS)).toHaveLength(2);
  });

  it("owns the response against a later middleware that drops or forges it", async () => {
    for (const forged of [undefined, null, { batchItemFailures: [{ itemIdentifier: "foreign" }] }]) {
      const { orders, host, lambda } = setUp();
      const handler: Run = middy()
        .use(orders)
        .after((request) => {
          request.response = forged as never;
        })
        .handler(
          orders.each(() => {
            throw new Error("no");
          }),
        );
      expect(await host.run(handler(event, lambda()))).toEqual(all);
    }
  });

  it("W2: answers truthfully when a middleware throws after the batch", async () => {
    const { orders, host, lambda } = setUp();
    const handler: Run = middy()
      .use(orders)
      .after(() => {
        throw new Error("a metrics middleware failed");
      })
      .handler(orders.each(count));
    expect(await host.run(handler(event, lambda()))).toEqual(none);
  });

  it("W2: logs what it answers instead of throwing", async () => {
    const { orders, host, lambda, logged } = setUp();
    const error = new Error("a metrics middleware failed");
    const handler: Run = middy()
      .use(orders)
      .after(() => {
        throw error;
      })
      .handler(orders.each(count));
    await host.run(handler(event, lambda()));
    expect(logged).toMatchObject([{ level: "error", details: { error } }]);
  });

  it("W2: throws on what is thrown before the batch", async () => {
    const { orders, host, lambda, requests } = setUp();
    const handler: Run = middy()
      .use(orders)
      .before(() => {
        throw new Error("a secret could not be loaded");
      })
      .handler(orders.each(count));
    await expect(host.run(handler(event, lambda()))).rejects.toThrow("a secret could not be loaded");
    expect(requests).toEqual([]);
  });

  it.each<[string, (chain: Chain) => Chain]>([
    ["an after that answers", (chain) => chain.after(() => ({ statusCode: 200 }))],
    [
      "an after that answers undefined early",
      (chain) => chain.after((r) => void Object.assign(r, { earlyResponse: undefined })),
    ],
    [
      "an onError that answers",
      (chain) => chain.onError(() => ({ statusCode: 500 })).after(() => Promise.reject(new Error("x"))),
    ],
  ])("W2: owns the response against %s", async (_name, spoil) => {
    const { orders, host, lambda } = setUp();
    const failing = orders.each(() => {
      throw new Error("no");
    });
    const handler = spoil(middy().use(orders)).handler(failing) as Run;
    expect(await host.run(handler(event, lambda()))).toEqual(all);
  });

  it.each<[string, (chain: Chain) => Chain]>([
    ["a before that answers", (chain) => chain.before(() => ({ cached: true }))],
    [
      "a before that answers undefined early",
      (chain) => chain.before((r) => void Object.assign(r, { earlyResponse: undefined })),
    ],
  ])("W2: %s acknowledges nothing: every message goes back", async (_name, spoil) => {
    const { orders, host, lambda, requests } = setUp();
    const handler = spoil(middy().use(orders)).handler(orders.each(count)) as Run;
    expect(await host.run(handler(event, lambda()))).toEqual(all);
    expect(requests).toEqual([]);
  });

  it("W2: an onError that answers before the batch began does not hide the error", async () => {
    const { orders, host, lambda } = setUp();
    const handler = middy()
      .use(orders)
      .before(() => {
        throw new Error("no secret");
      })
      .onError(() => ({ statusCode: 500 }))
      .handler(orders.each(count)) as Run;
    await expect(host.run(handler(event, lambda()))).rejects.toThrow("no secret");
  });

  it.each([
    ["throws", undefined],
    ["answers", () => ({ statusCode: 504 })],
  ])("W2: an early timeout of Middy that %s leaves no zombie that commits", async (_name, timeoutEarlyResponse) => {
    const { orders, memory, lambda, host, requests } = setUp(false); // a group would wait for the end of a virtual tick
    let wake = (): void => {};
    const sleeping = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const started: string[] = [];
    const plugin = { timeoutEarlyInMillis: 550, ...(timeoutEarlyResponse ? { timeoutEarlyResponse } : {}) };
    const handler = middy(plugin)
      .use(orders)
      .handler(
        orders.each(async ({ messageId }, tx) => {
          started.push(messageId);
          count(messageId, tx);
          if (messageId === "m-2") await sleeping;
        }),
      ) as Run;
    // Middy's own timer runs in real time, 50 ms; semel's, which is virtual, stands still.
    const response = await handler(event, { ...lambda(), getRemainingTimeInMillis: () => 600 } as Context);
    expect(started).toEqual(["m-1", "m-2"]);
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
    const sent = requests.length;
    wake();
    await host.drain();
    expect(requests).toHaveLength(sent);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "1" } }]);
  });

  it("what another middleware removed from the event is failed, never acknowledged", async () => {
    const { orders, host, lambda } = setUp();
    const handler: Run = middy()
      .use(orders)
      .before((request) => {
        request.event.Records = request.event.Records.slice(0, 1);
      })
      .handler(orders.each(count));
    const copy = structuredClone(event);
    expect(await host.run(handler(copy, lambda()))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
  });

  it("a body that another middleware parsed names the likely one", async () => {
    const { orders, host, lambda } = setUp();
    const handler: Run = middy()
      .use(orders)
      .before((request) => {
        for (const record of request.event.Records) record.body = JSON.parse(record.body);
      })
      .handler(orders.each(count));
    const run = host.run(handler(structuredClone(event), lambda()));
    await expect(run).rejects.toThrow(/@middy\/sqs-json-body-parser/);
  });

  it.each([
    ["undefined", undefined],
    ["empty", {}],
    ["of no records", { Records: [] }],
    ["of a foreign source", { Records: [{ eventSource: "aws:s3" }] }],
  ])("an event that is %s is an error, never an acknowledgement", async (_name, foreign) => {
    const { orders, host, lambda } = setUp();
    const handler: Run = middy().use(orders).handler(orders.each(count));
    await expect(host.run(handler(foreign as SQSEvent, lambda()))).rejects.toThrow(/SEMEL_EVENT/);
    await expect(host.run(orders.lambda(count)(foreign as SQSEvent, lambda()))).rejects.toThrow(/SEMEL_EVENT/);
  });
});

describe("W3: half of it is an error, never silence", () => {
  it("a handler of .each() without .use()", async () => {
    const { orders, host, lambda, requests } = setUp();
    const typed = orders.each(count) as unknown as (event: unknown, context: Context) => Promise<SQSBatchResponse>;
    const handler = middy<unknown, SQSBatchResponse>().handler(typed as never) as Run;
    await expect(host.run(handler(event, lambda()))).rejects.toThrow(/without its middleware.*SEMEL_WIRING/s);
    await expect(host.run(typed(event, lambda()))).rejects.toThrow(/without its middleware/);
    expect(requests).toEqual([]);
  });

  it(".use() without a handler of .each()", async () => {
    const { orders, host, lambda } = setUp();
    const handler = middy()
      .use(orders)
      .handler(async () => none) as Run;
    await expect(host.run(handler(event, lambda()))).rejects.toThrow(/no handler of its \.each\(\).*SEMEL_WIRING/s);
  });

  it(".use() and .each() of two consumers", async () => {
    const [one, other] = [setUp(), setUp()];
    const handler: Run = middy().use(one.orders).handler(other.orders.each(count));
    await expect(one.host.run(handler(event, one.lambda()))).rejects.toThrow(/with the same orders/);
  });

  it("a handler that is called twice in one invocation", async () => {
    const { orders, host, lambda, logged } = setUp();
    const each = orders.each(count);
    const handler: Run = middy()
      .use(orders)
      .handler(async (first, context) => {
        await each(first, context);
        return each(first, context);
      });
    // The batch has begun, so the answer is what became of it; the error would have failed what is done.
    expect(await host.run(handler(event, lambda()))).toEqual(none);
    expect(String(logged[0]?.details["error"])).toMatch(/called twice in one invocation/);
  });

  it("a middleware that is used twice", async () => {
    const { orders, host, lambda } = setUp();
    const handler = middy().use(orders).use(orders).handler(orders.each(count)) as Run;
    await expect(host.run(handler(event, lambda()))).rejects.toThrow(/used twice/);
  });

  it("no function", () => {
    const { orders } = setUp();
    expect(() => orders.each(undefined as never)).toThrow(/\.each\(\) got undefined/);
    expect(() => orders.lambda(null as never)).toThrow(/\.lambda\(\) got null/);
  });
});

describe("W1: state belongs to one invocation", () => {
  it("two invocations at a time in one process do not mix", async () => {
    const { orders, host, lambda, memory } = setUp();
    const handler: Run = middy()
      .use(orders)
      .handler(
        orders.each(async ({ body }, tx) => {
          await new Promise<void>((resolve) => host.after((body as { ms: number }).ms, resolve));
          if ((body as { ms: number }).ms === 30) throw new Error("no");
          count(body, tx);
        }),
      );
    const one = sqsEvent(
      { messageId: "slow", body: { id: "1", ms: 50 } },
      { messageId: "bad", body: { id: "2", ms: 30 } },
    );
    const two = sqsEvent({ messageId: "quick", body: { id: "3", ms: 10 } });
    const both = Promise.all([handler(one as SQSEvent, lambda()), handler(two as SQSEvent, lambda())]);
    expect(await host.run(both)).toEqual([{ batchItemFailures: [{ itemIdentifier: "bad" }] }, none]);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "2" } }]);
  });

  it("the handlers take two parameters: Node 24's runtime refuses three", () => {
    const { orders } = setUp();
    expect([orders.each(count).length, orders.lambda(count).length]).toEqual([2, 2]);
    expect(middy().use(orders).handler(orders.each(count)).length).toBeLessThanOrEqual(2);
  });
});
