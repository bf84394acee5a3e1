// Handlers, schemas, loggers and options that do what they should not: no effect is lost, doubled or applied to another
// payload, and nothing ends the process.

import { describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const event = sqsEvent({ body: { id: "a", lines: ["x", "y"], pence: 1 } });

describe("R3: a re-run", () => {
  it("gets a fresh message, whatever the first run made of its own", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" });
    let runs = 0;
    const handler = orders.lambda(async ({ body }, tx) => {
      await tx.get({ TableName: "Counters", Key: { id: "n" } });
      if (runs++ === 0) change(memory);
      const { lines } = body as { lines: string[] };
      for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
        tx.put({ TableName: "Orders", Item: { orderId: line } });
      }
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toBe(2);
    expect(memory.items("Orders").map(({ orderId }) => orderId?.S)).toEqual(["x", "y"]);
  });
});

function change(memory: ReturnType<typeof testConsumer>["memory"]): void {
  const Item = { id: { S: "n" }, n: { N: "1" } };
  memory.send({
    operation: "TransactWriteItems",
    input: { TransactItems: [{ Put: { TableName: "Counters", Item } }] },
  });
}

describe("R4: an open try", () => {
  it("is not forgotten when a later run fails otherwise", async () => {
    let runs = 0;
    let transactions = 0;
    const { orders, memory, host, context, codes } = testConsumer({ key: "id" }, ({ operation }) => {
      if (operation !== "TransactWriteItems") return "none";
      return ++transactions === 1 ? "applied-later" : "none";
    });
    change(memory);
    const handler = orders.lambda(async (_message, tx) => {
      if (++runs === 2) throw new Error("the second run fails");
      await tx.get({ TableName: "Counters", Key: { id: "n" } });
      setCounter(memory, "2"); // the guard of the second try fails, while the first is still open
    });
    expect(await host.run(handler(event, context()))).toEqual(failed);
    expect(runs).toBe(2);
    expect(codes()).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
  });
});

function setCounter(memory: ReturnType<typeof testConsumer>["memory"], n: string): void {
  const Item = { id: { S: "n" }, n: { N: n } };
  memory.send({
    operation: "TransactWriteItems",
    input: { TransactItems: [{ Put: { TableName: "Counters", Item } }] },
  });
}

describe("the fingerprint", () => {
  it.each([
    ["a promise", async () => 1],
    ["a Map", () => new Map([["pence", 1]])],
    ["a Set inside", () => ({ lines: new Set([1]) })],
    ["a class instance", () => new (class Money {})()],
    ["NaN", () => Number.NaN],
    ["undefined", () => undefined],
    ["a function inside", () => [() => 1]],
  ])("of %s is refused: it would be the same for every payload", async (_name, fingerprint) => {
    const { orders, host, context, codes, memory } = testConsumer({ key: "id", fingerprint });
    expect(await host.run(orders.lambda(() => {})(event, context()))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_OPTIONS"]);
    expect(memory.items(RECORDS)).toEqual([]);
  });

  it("takes dates, which have a JSON form", async () => {
    const { orders, host, context } = testConsumer({ key: "id", fingerprint: () => ({ at: new Date(0) }) });
    expect(await host.run(orders.lambda(() => {})(event, context()))).toEqual(done);
  });

  it("is taken before the schema, which may change its input", async () => {
    let seen = 0;
    const schema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => ({ value: Object.assign(value as object, { seen: ++seen }) }),
      },
    };
    const { orders, host, context } = testConsumer({ schema, key: "id" });
    const handler = orders.lambda(() => {});
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(seen).toBe(2);
  });
});

describe("a read that fails", () => {
  it("X3: fails the message, even where the handler swallowed it", async () => {
    const { orders, memory, host, context } = testConsumer({ key: "id" }, ({ operation }) =>
      operation === "GetItem" ? "server-error" : "none",
    );
    const handler = orders.lambda(async (_message, tx) => {
      const found = await tx.get({ TableName: "Counters", Key: { id: "n" } }).catch(() => undefined);
      if (!found) tx.put({ TableName: "Orders", Item: { orderId: "first" } });
    });
    expect(await host.run(handler(event, context()))).toEqual(failed);
    expect(memory.items("Orders")).toEqual([]);
  });

  it("ends no process when nobody awaits it", async () => {
    const unhandled: unknown[] = [];
    const listen = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", listen);
    try {
      const { orders, host, context } = testConsumer({ key: "id" }, () => "hangs");
      const handler = orders.lambda(async (_message, tx) => {
        const [one] = [
          tx.get({ TableName: "Counters", Key: { id: "n" } }),
          tx.get({ TableName: "Counters", Key: { id: "m" } }),
        ];
        await one;
      });
      expect(await host.run(handler(event, context(2_000)))).toEqual(failed);
      await host.drain();
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off("unhandledRejection", listen);
    }
  });
});

describe("a handler that forgets to await", () => {
  it("X2: is told of, since its effects are not committed", async () => {
    const { orders, host, context, logged } = testConsumer({ key: "id" });
    const later = async (tx: Tx): Promise<void> => {
      await new Promise<void>((resolve) => host.after(1, resolve));
      tx.put({ TableName: "Orders", Item: { orderId: "late" } });
    };
    const handler = orders.lambda((_message, tx) => {
      later(tx).catch(() => {});
    });
    await host.run(handler(event, context()));
    await host.drain();
    expect(logged).toMatchObject([
      { level: "error", details: { code: "SEMEL_TX_CLOSED", messageId: "m-1", key: "a" } },
    ]);
  });
});

describe("what throws when it is looked at", () => {
  const unreadable = Object.defineProperty(new Error(), "message", { get: () => fail("message") });
  const things: readonly [string, unknown][] = [
    ["an error without a message", unreadable],
    ["a proxy", new Proxy({}, { getPrototypeOf: () => fail("prototype") })],
  ];
  const ways: readonly [string, (thing: unknown) => unknown][] = [
    ["thrown", throwIt],
    ["a rejection", (thing) => Promise.reject(thing)],
    // biome-ignore lint/suspicious/noThenProperty: of another library
    ["a thenable's rejection", (thing) => ({ then: (_: unknown, reject: (thing: unknown) => void) => reject(thing) })],
  ];
  const all = ways.flatMap(([way, give]) =>
    things.map(([name, thing]) => [`${name}, ${way}`, () => give(thing)] as const),
  );

  it.each(all)("%s: fails its message alone", async (_, give) => {
    for (const strategy of ["commit", "watermark"] as const) {
      const own = strategy === "commit" ? { key: "id" } : { strategy, redrive: "never" as const };
      const { orders, memory, host, context, codes } = testConsumer({ ...own, backoff: false });
      const handler = orders.lambda(({ body }, tx) => {
        const { id } = body as { id: string };
        if (id === "b") return give() as never;
        tx.put({ TableName: "Orders", Item: { orderId: id } });
      });
      const three = sqsEvent(...["a", "b", "c"].map((id) => ({ body: { id } })));
      for (const [index, record] of strategy === "watermark" ? three.Records.entries() : []) {
        record.eventSourceARN += ".fifo";
        Object.assign(record.attributes, { MessageGroupId: `g-${index}`, SequenceNumber: "1" });
      }
      expect(await host.run(handler(three, context()))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
      expect(memory.items("Orders")).toHaveLength(2);
      expect(codes()).toEqual(["SEMEL_HANDLER"]);
    }
  });
});

function fail(what: string): never {
  throw new Error(`its ${what} cannot be read`);
}

function throwIt(thing: unknown): never {
  throw thing;
}

describe("a logger or metrics that throw", () => {
  it("fail no message", async () => {
    const broken = (): never => {
      throw new Error("broken");
    };
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const metrics = { addMetric: broken, publishStoredMetrics: broken };
    const { orders, memory, host, context } = testConsumer({ key: "id", logger, metrics });
    const handler = orders.lambda(({ messageId }, tx) => {
      if (messageId === "m-1") throw new Error("no");
      tx.put({ TableName: "Orders", Item: { orderId: messageId } });
    });
    const two = sqsEvent({ body: { id: "a" } }, { body: { id: "b" } });
    const silenced = console.error;
    console.error = () => {};
    try {
      expect(await host.run(handler(two, context()))).toEqual(failed);
    } finally {
      console.error = silenced;
    }
    expect(memory.items("Orders")).toHaveLength(1);
  });
});

it("messages that were never started are not said to be under way", async () => {
  const { orders, host, context, codes } = testConsumer({ key: "id", concurrency: 1 }, () => "hangs");
  const two = sqsEvent({ body: { id: "a" } }, { body: { id: "b" } });
  const handler = orders.lambda(async ({ messageId }) => {
    if (messageId === "m-2") await new Promise<void>((resolve) => host.after(60_000, resolve));
  });
  await host.run(handler(two, context(2_000)));
  expect(codes().sort()).toEqual(["SEMEL_DEADLINE", "SEMEL_UNKNOWN_OUTCOME"]);
});

it("an event that is refused leaves no timer that keeps the process alive", async () => {
  const { orders, host, context } = testConsumer({ key: "id" });
  const before = host.nowMs();
  await expect(orders.lambda(() => {})({ Records: [] }, context())).rejects.toThrow(/SEMEL_EVENT/);
  await host.drain();
  expect(host.nowMs()).toBe(before);
});
