// tx.step: what is kept, what runs again, and what a handler may not do.

import { describe, expect, expectTypeOf, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };

function scene(nextFault?: (request: DynamoDbRequest) => Fault) {
  const consumer = testConsumer({ key: "id", strategy: "claim" }, nextFault);
  const deliver = (handler: (tx: Tx) => unknown): Promise<unknown> =>
    consumer.host.run(consumer.orders.lambda((_message, tx) => handler(tx))(event, consumer.context(120_000)));
  const messages = (): unknown[] => consumer.logged.map(({ message }) => message);
  return { ...consumer, deliver, messages };
}

describe("a step", () => {
  it("ST4: gives its JSON, in the first run as in a later one", async () => {
    const { deliver } = scene();
    const given = { at: new Date(0), list: [1, null], nothing: undefined };
    const seen: unknown[] = [];
    const handler = async (tx: Tx): Promise<void> => {
      seen.push(
        await tx.step("one", () => given),
        await tx.step("two", () => undefined),
        await tx.step("three", () => null),
      );
      if (seen.length === 3) throw new Error("again");
    };
    expect(await deliver(handler)).toEqual(failed);
    expect(await deliver(handler)).toEqual(done);
    const json = { at: "1970-01-01T00:00:00.000Z", list: [1, null] };
    expect(seen).toEqual([json, undefined, null, json, undefined, null]);
  });

  it("ST3: has one idempotency key, of its own, in every run; another message has another", async () => {
    const { deliver, orders, host, context } = scene();
    const keys: string[] = [];
    const handler = async (tx: Tx): Promise<void> => {
      for (const name of ["one", "two"])
        await tx.step(name, ({ idempotencyKey }) => void keys.push(idempotencyKey)).catch(() => {});
      throw new Error("never");
    };
    const unkept = async (tx: Tx): Promise<void> => {
      await tx.step("three", ({ idempotencyKey }) => {
        keys.push(idempotencyKey);
        throw new Error("the other side is down");
      });
    };
    await deliver(handler);
    expect(await deliver(unkept)).toEqual(failed);
    expect(await deliver(unkept)).toEqual(failed);
    const other = orders.lambda((_message, tx) => unkept(tx))(sqsEvent({ body: { id: "b" } }), context());
    await host.run(other);
    expect(keys).toHaveLength(5);
    expect(keys[2]).toBe(keys[3]);
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
  });

  it("that throws is not kept: its error is the handler's to judge", async () => {
    const { deliver, memory } = scene();
    expect(
      await deliver(async (tx) => {
        await expect(tx.step("one", () => Promise.reject(new Error("down")))).rejects.toThrow("down");
        tx.put({ TableName: "Orders", Item: { orderId: "without" } });
      }),
    ).toEqual(done);
    expect(memory.items("Orders")).toHaveLength(1);
  });

  it("that run side by side are all kept", async () => {
    const { deliver, memory } = scene();
    const ran: string[] = [];
    const names = Array.from({ length: 20 }, (_, index) => `step ${index}`);
    const handler = async (tx: Tx): Promise<void> => {
      await Promise.all(names.map((name) => tx.step(name, () => void ran.push(name))));
      if (ran.length === 20) {
        ran.push("end");
        throw new Error("again");
      }
    };
    expect(await deliver(handler)).toEqual(failed);
    expect(Object.keys(memory.items(RECORDS)[0]?.["steps"]?.M ?? {}).sort()).toEqual([...names].sort());
    expect(await deliver(handler)).toEqual(done);
    expect(ran).toHaveLength(21);
  });

  it.each([
    ["never-applied", "SEMEL_UNKNOWN_OUTCOME", /may not be kept/],
    ["throttled", "SEMEL_CONTENTION", /is not kept: .*throttling/],
  ] as const)(
    "ST2: %s: whose result may not be kept fails the message, even where the handler swallows it",
    async (fault, code, text) => {
      const { deliver, memory, codes, messages } = scene(({ operation }) =>
        operation === "UpdateItem" ? fault : "none",
      );
      const handler = async (tx: Tx): Promise<void> => {
        await tx.step("one", () => 1).catch(() => {});
        tx.put({ TableName: "Orders", Item: { orderId: "a" } });
      };
      expect(await deliver(handler)).toEqual(failed);
      expect([codes(), memory.items("Orders")]).toEqual([[code], []]);
      expect(messages()[0]).toMatch(text);
    },
  );

  it("signal aborts at the deadline", async () => {
    const { deliver } = scene();
    let aborted = false;
    await deliver((tx) =>
      tx.step(
        "one",
        ({ signal }) =>
          new Promise<void>((resolve) =>
            signal.addEventListener("abort", () => {
              aborted = true;
              resolve();
            }),
          ),
      ),
    );
    expect(aborted).toBe(true);
  });
});

describe("ST5: a handler that fails while a step is under way", () => {
  /** One step fails; beside it another one takes this long, ms. */
  const handlerOf = (charges: number[], host: ReturnType<typeof scene>["host"], ms: number) => async (tx: Tx) => {
    const charge = async (): Promise<void> => {
      charges.push(host.nowMs());
      await new Promise<void>((resolve) => host.after(ms, resolve));
    };
    const mail = (): void => {
      if (host.nowMs() === charges[0]) throw new Error("the mail server is down");
    };
    await Promise.all([tx.step("charge", charge), tx.step("mail", mail)]);
  };

  it("has its key until the step has ended, and keeps what it gave", async () => {
    const { deliver, host, codes, requests } = scene();
    const charges: number[] = [];
    const handler = handlerOf(charges, host, 70_000); // beyond two leases
    expect(await deliver(handler)).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_HANDLER"]);
    expect(requests.filter(({ request }) => request.operation === "UpdateItem").length).toBeGreaterThan(7); // renewed
    expect(await deliver(handler)).toEqual(done);
    expect(charges).toHaveLength(1);
  });

  it("fails for its own reason where the step does not end in time; the key is not given back", async () => {
    const { deliver, host, codes, memory } = scene();
    expect(await deliver(handlerOf([], host, 130_000))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_HANDLER"]);
    expect(memory.items(RECORDS)[0]?.["status"]).toEqual({ S: "IN_PROGRESS" });
    await host.drain();
  });
});

describe("a step that is refused", () => {
  it.each([
    ["a Map", () => new Map([["a", 1]])],
    ["a function", () => () => {}],
    ["an invalid Date", () => ({ at: new Date(Number.NaN) })],
    ["NaN", () => Number.NaN],
    ["a bigint", () => 1n],
    ["a toJSON that gives nothing", () => ({ toJSON: () => undefined })],
    ["a toJSON that gives a Map", () => ({ one: { toJSON: () => new Map([["a", 1]]) } })],
    ["an invalid Date", () => ({ at: new Date(Number.NaN) })],
    [
      "a circle",
      () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      },
    ],
  ])("for its result, %s: an error before anything is written", async (_what, result) => {
    const { deliver, memory, codes, messages } = scene();
    const stepsBefore = { M: {} };
    expect(await deliver((tx) => tx.step("one", result as () => unknown))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_RESULT"]);
    expect(messages()[0]).toMatch(/result of step "one"/);
    expect(memory.items(RECORDS)[0]?.["steps"]).toEqual(stepsBefore);
  });

  it("for its size: the error names it, and nothing is written", async () => {
    const { deliver, memory, messages, codes } = scene();
    const handler = async (tx: Tx): Promise<void> => {
      await tx.step("small", () => "x".repeat(200_000));
      await tx.step("large", () => "x".repeat(250_000));
    };
    expect(await deliver(handler)).toEqual(failed);
    expect([codes(), messages()[0]]).toEqual([
      ["SEMEL_LIMIT"],
      expect.stringMatching(/"large": it has 250002 bytes.*409600/),
    ]);
    expect(Object.keys(memory.items(RECORDS)[0]?.["steps"]?.M ?? {})).toEqual(["small"]);
  });

  it("for its name: one that is taken in this run, empty, too long, or none", async () => {
    const wrong: readonly [unknown, RegExp][] = [
      ["one", /two steps "one"/],
      ["", /its name is ""/],
      ["x".repeat(256), /1 to 255 characters/],
      [undefined, /its name is undefined/],
      ["__proto__", /its name is "__proto__"/], // a record with it could never be read again
      ["half \uD83D", /its name is "half/], // it would come back as another name, and the step would run again
    ];
    for (const [name, message] of wrong) {
      const { deliver, codes, messages } = scene();
      const handler = async (tx: Tx): Promise<void> => {
        await tx.step("one", () => 1);
        await tx.step(name as string, () => 2).catch(() => {}); // X1: swallowed or not
      };
      expect(await deliver(handler)).toEqual(failed);
      expect([codes(), messages()[0]]).toEqual([["SEMEL_EFFECT"], expect.stringMatching(message)]);
    }
  });

  it("for its strategy: there is no record to keep it on", async () => {
    const { orders, host, context, logged } = testConsumer({ key: "id" });
    const ran: string[] = [];
    const handler = orders.lambda((_message, tx) => tx.step("one", () => ran.push("one")));
    expect(await host.run(handler(event, context()))).toEqual(failed);
    expect([ran, logged[0]?.message]).toEqual([[], expect.stringMatching(/Set the option strategy to "claim"/)]);
  });

  it("X2, X3: when it is not awaited, or comes after the end", async () => {
    const { deliver, codes, host } = scene();
    let late: Tx | undefined;
    const handler = (tx: Tx): void => {
      late = tx;
      void tx.step("one", () => new Promise<void>((resolve) => host.after(100, resolve)));
    };
    expect(await deliver(handler)).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_EFFECT"]);
    await expect(late?.step("two", () => 1)).rejects.toMatchObject({ code: "SEMEL_TX_CLOSED" });
    await host.drain();
  });
});

it("has the type of its result", () => {
  const { orders } = testConsumer({ key: "id", strategy: "claim" });
  orders.lambda(async (_message, tx) => {
    expectTypeOf(await tx.step("charge", async () => ({ chargeId: "c" }))).toEqualTypeOf<{ chargeId: string }>();
  });
});
