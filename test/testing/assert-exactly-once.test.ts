// assertExactlyOnce(): what keeps its promise passes, and what does not is caught with a schedule that replays. Attacks J1 to J3.

import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import middy from "@middy/core";
import type { SQSEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { exactlyOnce, type Tx } from "../../lib/index.ts";
import { type Search, type Explored as Searched, search } from "../../lib/testing/explorer/search.ts";
import type { HandlerTape } from "../../lib/testing/handler/engine.ts";
import { exploring } from "../../lib/testing/handler/explore-handler.ts";
import { resolveCase } from "../../lib/testing/handler/options.ts";
import { createHandlerWorld } from "../../lib/testing/handler/world.ts";
import {
  assertExactlyOnce,
  type ExactlyOnceCase,
  type HandlerUnderTest,
  stub,
  type World,
} from "../../lib/testing/index.ts";
import { CONTENDERS } from "../simulation/contenders/contenders.ts";
import { exploreContender } from "../simulation/contenders/explore-contender.ts";
import { addOne, client, ORDERS, type Order, ordersOf } from "./handlers.ts";

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const OPTIONS = { consumer: "orders", table: "Records", retentionDays: 30, key: "orderId", logger } as const;
const orders = exactlyOnce(OPTIONS);
const claimed = exactlyOnce({ ...OPTIONS, strategy: "claim" });

function add(body: unknown, tx: Tx): void {
  tx.increment({ TableName: "Orders", Key: { orderId: (body as Order).orderId } }, { count: 1 });
}

async function searchBoth(createWorld: Search<HandlerTape>["createWorld"]): Promise<[Searched, Searched]> {
  return [await search({ createWorld }), await search({ createWorld, merge: false })];
}

async function messageOf<Body>(handler: HandlerUnderTest, given: ExactlyOnceCase<Body>): Promise<string> {
  return assertExactlyOnce(handler, given).then(
    () => "nothing was violated",
    (error: Error) => error.message,
  );
}

/** In the name of the first sandbox. */
const COMPLETED = { status: { S: "COMPLETED" }, attemptId: { S: "00000000-0000-4000-8001-000000000001" } };

const charge = stub("charge", (_orderId: string, _idempotencyKey?: string) => ({ receipt: "r-1" }));

describe("what is exactly-once passes", () => {
  it.each<[string, HandlerUnderTest, ExactlyOnceCase<Order>, number]>([
    ["commit", orders.lambda(({ body }, tx) => add(body, tx)), ORDERS, 1_500],
    ["claim", claimed.lambda(({ body }, tx) => add(body, tx)), { ...ORDERS, faults: 1 }, 200],
    [
      "Middy",
      middy()
        .use(orders)
        .handler(orders.each(({ body }, tx) => add(body, tx))),
      { ...ORDERS, faults: 1 },
      100,
    ],
    [
      "a batch of two",
      orders.lambda(({ body }, tx) => add(body, tx)),
      { ...ORDERS, events: [{ orderId: "o-1" }, { orderId: "o-2" }], faults: 1 },
      200,
    ],
    [
      "a step whose other system heeds its key",
      claimed.lambda(async ({ body }, tx) => {
        const { orderId } = body as Order;
        await tx.step("charge", ({ idempotencyKey }) => charge(orderId, idempotencyKey));
        add(body, tx);
      }),
      { ...ORDERS, effects: ({ calls }) => new Set(calls(charge).map(([, key]) => key)).size, faults: 1 },
      500,
    ],
    [
      "a put of its own, which may be repeated",
      async (event: SQSEvent) => {
        for (const { orderId } of ordersOf(event)) {
          const Item = { orderId: { S: orderId }, count: { N: "1" } };
          await client.send(new PutItemCommand({ TableName: "Orders", Item }));
        }
      },
      { ...ORDERS, clients: [client], faults: 1 },
      50,
    ],
  ])("%s", async (_name, handler, given, schedulesMin) => {
    const { schedules, faults } = await assertExactlyOnce(handler, { faults: 2, ...given });
    expect(schedules).toBeGreaterThan(schedulesMin);
    expect(faults).toBe(given.faults ?? 2);
  });

  it("what is rejected for good is in the dead-letter queue", async () => {
    const deadLetterQueueUrl = "http://localhost/123456789012/dead";
    const refusing = exactlyOnce({ ...OPTIONS, deadLetterQueueUrl }).lambda(() => {
      throw Object.assign(new Error("never"), { code: "SEMEL_PERMANENT" });
    });
    await expect(assertExactlyOnce(refusing, { ...ORDERS, faults: 1 })).resolves.toMatchObject({ faults: 1 });
  });
});

describe("what is not exactly-once is caught", () => {
  it.each<[string, HandlerUnderTest, Partial<ExactlyOnceCase<Order>>, RegExp]>([
    [
      "an effect outside of tx",
      orders.lambda(async ({ body }) => addOne(body as Order)),
      { clients: [client], faults: 0 },
      /doubled: the effect of the event is there 2 times \(m1, \{"orderId":"o-1"\}\)/,
    ],
    [
      "the SDK's retry of a request that was lost on its way back",
      async (event: SQSEvent) => {
        for (const order of ordersOf(event)) await addOne(order);
      },
      { clients: [client], faults: 1, deliveries: 1, faultKinds: ["open"] },
      /1\.1:open .*gets no answer.*1\.2 .*applied and answered.*1\.1:lands.*doubled|doubled.*1\.1:open/s,
    ],
    [
      "a failure that is swallowed",
      async (event: SQSEvent) => {
        for (const order of ordersOf(event)) await addOne(order).catch(() => undefined);
      },
      { clients: [new DynamoDBClient({}), client], deliveries: 1, faults: 4, faultKinds: ["throttled"] },
      /acknowledged without effect: .*m1 acknowledged/s,
    ],
    [
      "a call that heeds no key, under claim",
      claimed.lambda(async ({ body }, tx) => {
        await charge((body as Order).orderId);
        add(body, tx);
      }),
      { effects: ({ calls }) => calls(charge).length },
      /doubled: .*charge\("o-1"\)/s,
    ],
    [
      "a message that is never acknowledged",
      () => ({ batchItemFailures: [{ itemIdentifier: "m1" }] }),
      { faults: 0 },
      /stuck: the event has no effect/,
    ],
    ["an answer that acknowledges everything", () => undefined, { faults: 0 }, /acknowledged without effect/],
    [
      "a record that somebody else deletes (I5)",
      async (event: SQSEvent) => {
        for (const { orderId } of ordersOf(event)) {
          const Key = { pk: { S: orderId } };
          await client.send(new PutItemCommand({ TableName: "Records", Item: { ...Key, ...COMPLETED } }));
          await client.send(new DeleteItemCommand({ TableName: "Records", Key }));
        }
      },
      { clients: [client], faults: 0, deliveries: 1, effects: () => 1 },
      /I5: a record was deleted/,
    ],
    [
      "a commit after the response (L1)",
      () => {
        const Item = { orderId: { S: "o-1" } };
        void client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: "Orders", Item } }] }));
      },
      { clients: [client], faults: 0, deliveries: 1, effects: () => 1 },
      /L1: sandbox 1 sent a commit after its response/,
    ],
    [
      "half of an effect",
      async (event: SQSEvent) => {
        for (const order of ordersOf(event)) await addOne(order);
      },
      { clients: [client], faults: 0, deliveries: 1, effects: ({ items }) => items("Orders").length / 2 },
      /half: the message is gone/,
    ],
  ])("%s", async (_name, handler, given, told) => {
    const message = await messageOf(handler, { ...ORDERS, ...given });
    expect(message).toMatch(told);
    expect(message).toMatch(/\(SEMEL_NOT_EXACTLY_ONCE\)$/);
    const replay = /replay: "(?<schedule>[^"]+)"/.exec(message)?.groups?.["schedule"] ?? "";
    expect(await messageOf(handler, { ...ORDERS, ...given, replay })).toBe(message);
  });

  it("a look before the effect, and a note after it, by two workers side by side", async () => {
    const handler = async (event: SQSEvent): Promise<void> => {
      for (const order of ordersOf(event)) {
        const Key = { pk: { S: order.orderId } };
        const { Item } = await client.send(new GetItemCommand({ TableName: "Seen", Key }));
        if (Item) continue;
        await addOne(order);
        await client.send(new PutItemCommand({ TableName: "Seen", Item: Key }));
      }
    };
    const given = { ...ORDERS, tables: { Orders: "orderId", Seen: "pk" }, clients: [client], faults: 0 };
    expect(await messageOf(handler, given)).toMatch(/while sandbox 1 is at work/);
    await expect(assertExactlyOnce(handler, { ...given, sandboxes: 1 })).resolves.toMatchObject({ faults: 0 });
  });

  it("XH1: two explorations at a time wait for each other", async () => {
    const handler = orders.lambda(({ body }, tx) => add(body, tx));
    const before = setTimeout;
    const both = [1, 2].map(() => assertExactlyOnce(handler, { ...ORDERS, faults: 0 }));
    const bad = messageOf(() => undefined, ORDERS);
    expect(await Promise.all(both)).toMatchObject([{ schedules: 5 }, { schedules: 5 }]);
    expect(await bad).toMatch(/acknowledged without effect/);
    expect(setTimeout).toBe(before);
  });

  it("a replay that goes well tells its story, and one that does not fit is refused", async () => {
    const handler = orders.lambda(({ body }, tx) => add(body, tx));
    const { story } = await assertExactlyOnce(handler, { ...ORDERS, replay: "deliver:m1 1.1 end" });
    expect(story.join("\n")).toMatch(/TransactWriteItems .*is applied and answered.*m1 acknowledged.*there once/s);
    await expect(assertExactlyOnce(handler, { ...ORDERS, replay: "deliver:m1 1.7" })).rejects.toThrow(/Cannot go on/);
  });
});

describe("the peers' trial", () => {
  it("Powertools doubles when a process dies between the effect and its note, and semel does not", async () => {
    const bounds = { faults: 1, deliveries: 2, faultKinds: ["dies"] } as const;
    const { doubled, lost } = await exploreContender("powertools", bounds);
    expect(doubled?.faults).toBe(1);
    expect(doubled?.violation?.schedule).toBe("deliver:m1 1.1 1.2 1:dies end");
    expect(lost).toBeUndefined();
    for (const name of Object.keys(CONTENDERS).filter((one) => one.startsWith("semel"))) {
      expect(await exploreContender(name, bounds)).toMatchObject({ doubled: undefined, lost: undefined });
    }
  });

  it.each([
    ["powertools", 0, 2],
    ["plain", 1, 2],
    ["semel-commit", 1, 2],
    ["semel-claim", 1, 2],
  ])("EX2: %s, faults: %i, deliveries: %i: as many schedules as without a memory of states", async (name, ...some) => {
    const [faults, deliveries] = some;
    const { create, explored } = CONTENDERS[name] ?? {};
    if (!create || !explored) throw new Error(`no handler is called ${name}`);
    const resolved = resolveCase({ create }, { ...explored, effects: () => 1, faults, deliveries });
    const bounds = { faults, deliveries, sandboxes: 2 };
    const [merged, all] = await exploring(resolved, () => {
      const createWorld = (tape: HandlerTape | undefined) =>
        createHandlerWorld({ explored: resolved.explored, bounds, tape });
      return searchBoth(createWorld);
    });
    expect(all.runs).toBe(all.schedules);
    expect(merged.schedules).toBe(all.schedules);
    expect([...merged.ends].sort()).toEqual([...all.ends].sort());
    expect(merged.runs).toBeLessThanOrEqual(all.runs);
  });

  it("refuses a name that it does not know", async () => {
    await expect(exploreContender("nobody", { faults: 0, deliveries: 1 })).rejects.toThrow(/plain, powertools/);
  });
});

describe("stubs", () => {
  it("answer outside of an exploration, and keep nothing", async () => {
    const twice = stub("twice", (value: number) => 2 * value);
    expect(await twice(4)).toBe(8);
    expect(() => stub("")).toThrow(/its name is ""/);
  });

  it("are refused, answered or left open, and what landed is told", async () => {
    const seen = new Set<string>();
    const pay = stub("pay", (amount: number) => {
      if (amount > 9) throw new Error("too much");
      return `paid ${amount}`;
    });
    const handler = async ({ Records }: SQSEvent): Promise<void> => {
      for (const { body } of Records) {
        await pay(JSON.parse(body) as number).then(
          (answer) => seen.add(answer),
          (error: Error) => seen.add(error.message),
        );
      }
    };
    const given: ExactlyOnceCase<number> = {
      events: [7],
      effects: ({ calls }) => Math.min(1, calls(pay).length),
      faults: 1,
    };
    expect(await messageOf(handler, given)).toMatch(/acknowledged without effect/);
    expect([...seen].sort()).toEqual(["paid 7", "pay refused", "read ECONNRESET"]);
    expect(await messageOf(handler, { ...given, events: [10], faults: 0 })).toMatch(/pay\(10\) is refused: Error/);
  });

  it("a handler that asks for a table that is not there is told so", async () => {
    const handler = orders.lambda(({ body }, tx) => add(body, tx));
    await expect(assertExactlyOnce(handler, { ...ORDERS, tables: {} })).rejects.toThrow(
      /Put on Records.*Tables: Records\./s,
    );
  });
});

describe("options", () => {
  const handler = (): undefined => undefined;
  it.each<[string, object, RegExp]>([
    ["no events", { events: [] }, /there are no events/],
    ["an unknown option", { event: [] }, /unknown option event/],
    ["a fault that is none", { faultKinds: ["bad"] }, /faultKinds has bad. Use open/],
    ["no deliveries", { deliveries: 0 }, /deliveries is 0. Use a whole number, 1 or more/],
    [
      "ids that are one",
      {
        events: [
          { body: 1, messageId: "a" },
          { body: 2, messageId: "a" },
        ],
      },
      /one messageId/,
    ],
    ["a client that is none", { clients: [{}] }, /clients\[0\] is no client/],
    [
      "a table that is not there",
      { effects: ({ items }: World) => items("Orderz").length },
      /items of Orderz.*Orders, Records/,
    ],
    ["a count that is none", { effects: () => "1" }, /effects gave 1/],
  ])("%s", async (_name, given, told) => {
    await expect(assertExactlyOnce(handler, { ...ORDERS, ...given } as ExactlyOnceCase<Order>)).rejects.toThrow(told);
  });
});
