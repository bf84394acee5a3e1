// .reduce() has two faces: a Lambda handler as it is, and the handler of a middy() that uses its consumer. Attacks W1 to W3 of
// lib/middleware/exactly-once.ts with the real Middy.

import middy from "@middy/core";
import type { Context } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { records, sent } from "../consumer/ordered.ts";
import { testConsumer } from "../support/consumer.ts";
import { kinesisSource } from "../support/source-events.ts";

interface Places {
  readonly places: readonly number[];
}
type Run = (event: unknown, context: Context) => Promise<unknown>;
interface Hooks {
  event: { Records: { kinesis: { data: string } }[] };
  response: unknown;
}

function setUp() {
  const consumer = testConsumer({ strategy: "watermark" });
  const { orders, memory } = consumer;
  return {
    ...consumer,
    lambda: () => consumer.context() as Context,
    fold: orders.reduce<Places>({
      table: "Orders",
      partitionKey: "orderId",
      initial: { places: [] },
      apply: ({ places }, message) => ({ places: [...places, sent(message).at] }),
    }),
    places: () => memory.items("Orders").map(({ state }) => state?.M?.["places"]?.L?.map(({ N }) => Number(N))),
  };
}

const batch = records("a a b");
const event = kinesisSource.event(batch);
const none = { batchItemFailures: [] };
const again = (response: unknown): number[] => [...(kinesisSource.again(batch, response)[0] ?? [])];

describe("with Middy", () => {
  it("folds as without it", async () => {
    const [bare, within] = [setUp(), setUp()];
    const run = middy().use(within.orders).handler(within.fold) as Run;
    expect(await bare.host.run((bare.fold as Run)(event, bare.lambda()))).toEqual(none);
    expect(await within.host.run(run(event, within.lambda()))).toEqual(none);
    expect(within.places()).toEqual([[8, 9], [10]]);
    expect(within.memory.items("Orders")).toEqual(bare.memory.items("Orders"));
    expect(within.requests.map(({ request }) => request.operation)).toEqual(["BatchExecuteStatement"]);
  });

  it("W2: owns the response against whoever drops, forges or throws", async () => {
    for (const forge of [undefined, null, { batchItemFailures: [{ itemIdentifier: "foreign" }] }, new Error("no")]) {
      const { orders, host, lambda, fold } = setUp();
      const run = middy()
        .use(orders)
        .after((request) => {
          if (forge instanceof Error) throw forge;
          (request as unknown as Hooks).response = forge;
        })
        .handler(fold) as Run;
      expect(await host.run(run(event, lambda()))).toEqual(none);
    }
  });

  it("W2: an early answer acknowledges nothing", async () => {
    const { orders, host, lambda, fold, places } = setUp();
    const run = middy()
      .use(orders)
      .before(() => none as never)
      .handler(fold) as Run;
    expect(again(await host.run(run(event, lambda())))).toEqual([0, 1, 2]);
    expect(places()).toEqual([]);
  });

  it("a middleware may change bodies", async () => {
    const { orders, host, lambda, fold, places } = setUp();
    const run = middy()
      .use(orders)
      .before((request) => {
        for (const { kinesis } of (request as unknown as Hooks).event.Records) {
          const body = JSON.parse(Buffer.from(kinesis.data, "base64").toString()) as { at: number };
          kinesis.data = Buffer.from(JSON.stringify({ ...body, at: body.at + 100 })).toString("base64");
        }
      })
      .handler(fold) as Run;
    expect(await host.run(run(structuredClone(event), lambda()))).toEqual(none);
    expect(places()).toEqual([[108, 109], [110]]);
  });
});

describe("W3: half of it is an error, never silence", () => {
  it(".use() and .reduce() of two consumers", async () => {
    const [one, other] = [setUp(), setUp()];
    const run = middy().use(one.orders).handler(other.fold) as Run;
    await expect(other.host.run(run(event, one.lambda()))).rejects.toThrow(
      /no handler of its \.each\(\) or \.reduce\(\).*SEMEL_WIRING/s,
    );
  });

  it("a handler that is called twice in one invocation, whichever", async () => {
    for (const second of ["fold", "each"] as const) {
      const { orders, host, lambda, fold, logged } = setUp();
      const each = orders.each(() => {});
      const run = middy()
        .use(orders)
        .handler(async (first, context) => {
          await fold(first, context);
          return second === "fold" ? fold(first, context) : each(first, context);
        }) as Run;
      expect(await host.run(run(event, lambda()))).toEqual(none);
      expect(String(logged[0]?.details["error"])).toMatch(/called twice in one invocation/);
    }
  });
});

it("W1: two invocations at a time, one of each face, do not mix", async () => {
  const { orders, host, lambda, fold, places } = setUp();
  const run = middy().use(orders).handler(fold) as Run;
  const other = kinesisSource.event(records("c", 20));
  const both = Promise.all([run(event, lambda()), (fold as Run)(other, lambda())]);
  expect(await host.run(both)).toEqual([none, none]);
  expect(places()).toEqual([[8, 9], [10], [20]]);
});

it("takes two parameters: Node 24's runtime refuses three", () => {
  expect(setUp().fold.length).toBe(2);
});
