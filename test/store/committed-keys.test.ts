// Attacks CK1 and CK2 of lib/store/committed-keys.ts: alone against a list, and through exactlyOnce, where a key that was
// remembered too early would lose a message.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveOptions } from "../../lib/consumer/options.ts";
import { type ExactlyOnceOptions, PermanentError, type Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { committedKeys } from "../../lib/store/committed-keys.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf, memoryQueue } from "../support/memory-queue.ts";
import { anotherProcess } from "../support/process.ts";
import { sqsEvent } from "../support/sqs-event.ts";

describe("the cache", () => {
  it("is a list of the last used keys, as long as it may be", () => {
    const name = fc.constantFrom("a", "b", "c", "d", "e");
    const print = fc.constantFrom("1:x", "1:y");
    const step = fc.oneof(
      fc.record({
        act: fc.constant("add" as const),
        pk: name,
        fingerprint: print,
        expiresAtSeconds: fc.nat({ max: 9 }),
      }),
      fc.record({ act: fc.constant("has" as const), pk: name, fingerprint: print, nowMs: fc.nat({ max: 9_999 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat({ max: 4 }), (steps, keysMax) => {
        const cache = committedKeys(keysMax);
        let list: { pk: string; fingerprint: string; expiresAtSeconds: number }[] = [];
        for (const one of steps) {
          const entry = list.find(({ pk }) => pk === one.pk);
          const others = list.filter(({ pk }) => pk !== one.pk);
          if (one.act === "add") {
            cache.add(one);
            list = [...others, one].slice(Math.max(0, others.length + 1 - keysMax));
          } else {
            const alive = entry !== undefined && one.nowMs < entry.expiresAtSeconds * 1000;
            expect(cache.has(one.pk, one.fingerprint, one.nowMs)).toBe(alive && entry.fingerprint === one.fingerprint);
            list = alive ? [...others, entry] : others;
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it("CK2: ends with the record, to the millisecond", () => {
    const cache = committedKeys(2);
    cache.add({ pk: "a", fingerprint: "1:x", expiresAtSeconds: 5 });
    expect(cache.has("a", "1:x", 4_999)).toBe(true);
    expect(cache.has("a", "1:x", 5_000)).toBe(false);
  });

  it("of no keys remembers none", () => {
    const cache = committedKeys(0);
    cache.add({ pk: "a", fingerprint: "1:x", expiresAtSeconds: 5 });
    expect(cache.has("a", "1:x", 0)).toBe(false);
  });
});

const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
type Scene = TestConsumer<unknown>;

const idOf = ({ body }: { readonly body: unknown }): string => (body as { id: string }).id;
function count(message: { readonly body: unknown }, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: idOf(message) } }, { n: 1 });
}
const counters = ({ memory }: Pick<Scene, "memory">): unknown =>
  Object.fromEntries(memory.items("Counters").map(({ id, n }) => [id?.S, Number(n?.N)]));

function consumerWith(options: ExactlyOnceOptions = {}, nextFault?: (request: DynamoDbRequest) => Fault): Scene {
  return testConsumer({ key: "id", committedKeysMax: 2, ...options }, nextFault, memoryQueue());
}

/** Delivers messages of these ids, one a batch; how many requests each of them took. */
async function deliver({ orders, host, context, requests }: Scene, ids: readonly string[]): Promise<number[]> {
  const taken: number[] = [];
  for (const id of ids) {
    const before = requests.length;
    const event = sqsEvent({ messageId: `m-${id}`, body: { id } });
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(done);
    taken.push(requests.length - before);
  }
  return taken;
}

describe("a duplicate of a key that this process", () => {
  it("committed costs no request, and runs no handler", async () => {
    const scene = consumerWith();
    expect(await deliver(scene, ["a", "a", "a"])).toEqual([1, 0, 0]);
    expect(counters(scene)).toEqual({ a: 1 });
  });

  it("forgot costs one: bounded, the longest unused first", async () => {
    const scene = consumerWith();
    expect(await deliver(scene, ["a", "b", "a", "c", "a", "b"])).toEqual([1, 1, 0, 1, 0, 1]);
    expect(counters(scene)).toEqual({ a: 1, b: 1, c: 1 });
  });

  it("read as COMPLETED costs none from then on, whether its condition or its redelivery told", async () => {
    const first = consumerWith();
    await deliver(first, ["a", "b"]);
    const { orders, requests } = anotherProcess(first, { key: "id" });
    const batch = orders.lambda(count);
    const run = (id: string, receiveCount: number): Promise<unknown> =>
      first.host.run(batch(sqsEvent({ body: { id }, receiveCount }), first.context()));
    await run("a", 1);
    await run("b", 2);
    expect(requests.map(({ request }) => request.operation)).toEqual(["TransactWriteItems", "BatchGetItem"]);
    for (const id of ["a", "b"]) expect(await run(id, 1)).toEqual(done);
    expect(requests).toHaveLength(2);
    expect(counters(first)).toEqual({ a: 1, b: 1 });
  });

  it("committed under strategy claim costs none, either", async () => {
    const scene = consumerWith({ strategy: "claim" });
    const [first, ...others] = await deliver(scene, ["a", "a"]);
    expect([first, others]).toEqual([2, [0]]);
    expect(counters(scene)).toEqual({ a: 1 });
  });

  it("does not remember, with committedKeysMax 0, costs one each time", async () => {
    const scene = consumerWith({ committedKeysMax: 0 });
    expect(await deliver(scene, ["a", "a", "a"])).toEqual([1, 1, 1]);
    expect(counters(scene)).toEqual({ a: 1 });
  });

  it("CK2: remembers beyond the life of its record costs one", async () => {
    const scene = consumerWith({ retentionDays: 1 / 24 });
    await deliver(scene, ["a"]);
    await scene.host.run(new Promise<void>((resolve) => scene.host.after(3_599_000, resolve)));
    expect(await deliver(scene, ["a"])).toEqual([0]);
    await scene.host.run(new Promise<void>((resolve) => scene.host.after(1_001, resolve)));
    expect(await deliver(scene, ["a"])).toEqual([1]); // its record is still there, and decides
    expect(counters(scene)).toEqual({ a: 1 });
  });
});

it("the default remembers 10,000 keys", () => {
  const { committedKeysMax } = resolveOptions({ consumer: "orders", table: RECORDS, retentionDays: 1 }, {});
  expect(committedKeysMax).toBe(10_000);
});

describe("I7: another payload under a remembered key", () => {
  it("is a mismatch, and is not acknowledged", async () => {
    const scene = consumerWith();
    await deliver(scene, ["a"]);
    const event = sqsEvent({ body: { id: "a", totalPence: 5 } });
    expect(await scene.host.run(scene.orders.lambda(count)(event, scene.context()))).toEqual(failed);
    expect(scene.codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
    expect(counters(scene)).toEqual({ a: 1 });
    expect(await deliver(scene, ["a"])).toEqual([0]);
  });
});

/** What a message comes to that is not known to be committed; then it comes again, and has to be looked at. */
interface Unsure {
  readonly faults?: readonly Fault[];
  readonly handler?: (tx: Tx) => void;
  readonly response: unknown;
  readonly code: string;
}
const never = (): never => {
  throw new PermanentError("no such customer");
};
const UNSURE: Readonly<Record<string, Unsure>> = {
  "whose outcome is unknown, and which was not applied": {
    faults: Array<Fault>(20).fill("hangs"),
    response: failed,
    code: "SEMEL_UNKNOWN_OUTCOME",
  },
  "whose outcome is unknown, and which is applied later": {
    faults: Array<Fault>(20).fill("applied-later"),
    response: failed,
    code: "SEMEL_UNKNOWN_OUTCOME",
  },
  "that was refused by a condition": {
    handler: (tx) =>
      tx.check({ TableName: "Orders", Key: { orderId: "x" }, ConditionExpression: "attribute_exists(orderId)" }),
    response: failed,
    code: "SEMEL_CONDITION",
  },
  "that met conflicts": {
    faults: Array<Fault>(90).fill("conflict-on-record"),
    response: failed,
    code: "SEMEL_CONTENTION",
  },
  "whose handler failed": {
    handler() {
      throw new Error("no");
    },
    response: failed,
    code: "SEMEL_HANDLER",
  },
  "that was rejected": { handler: never, response: done, code: "SEMEL_PERMANENT" },
};

describe.each(Object.entries(UNSURE))("CK1: a message %s", (_what, { faults = [], handler, response, code }) => {
  it("is not remembered", async () => {
    const left = [...faults];
    const scene = consumerWith({ deadLetterQueueUrl: DLQ_URL }, () => left.shift() ?? "none");
    const { orders, host, context, codes, requests, queue } = scene;
    let deliveries = 0;
    const batch = orders.lambda((message, tx) => {
      if (deliveries === 0) handler?.(tx);
      count(message, tx);
    });
    const run = (messageId: string): Promise<unknown> =>
      host.run(batch(sqsEvent({ messageId, body: { id: "a" } }), context(6_000)));
    expect(await run("m-1")).toEqual(response);
    expect(codes()).toEqual([code]);
    expect(queue.deadLetters.map(failureOf)).toHaveLength(response === done ? 1 : 0);
    left.length = 0;
    deliveries++;
    const before = requests.length;
    expect(await run("m-2")).toEqual(done); // a redrive of it, say
    await host.drain();
    expect(requests.length).toBeGreaterThan(before);
    expect(counters(scene)).toEqual({ a: 1 });
  });
});

describe("CK1: a message that leads its batch and fails", () => {
  it("is not remembered for those that follow it", async () => {
    const scene = consumerWith();
    const { orders, host, context } = scene;
    let runs = 0;
    const batch = orders.lambda((message, tx) => {
      if (++runs === 1) throw new Error("no");
      count(message, tx);
    });
    const event = sqsEvent({ body: { id: "a" } }, { body: { id: "a" } });
    expect(await host.run(batch(event, context()))).toMatchObject({ batchItemFailures: [{}, {}] });
    expect(await host.run(batch(event, context()))).toEqual(done);
    expect([runs, counters(scene)]).toEqual([2, { a: 1 }]);
  });
});

it("a consumer of another table, or of another name, has a memory of its own", async () => {
  const scene = consumerWith();
  await deliver(scene, ["a"]);
  const { orders, requests } = anotherProcess(scene, { key: "id", consumer: "invoices" });
  const ran: string[] = [];
  const batch = orders.lambda((message) => void ran.push(idOf(message)));
  expect(await scene.host.run(batch(sqsEvent({ body: { id: "a" } }), scene.context()))).toEqual(done);
  expect([ran, requests.length]).toEqual([["a"], 1]);
});

it("a duplicate that needs its result asks for it, whatever is remembered", async () => {
  const { orders, host, context, requests } = consumerWith();
  const call = orders.once(() => ({ receipt: 1 }));
  for (let calls = 1; calls <= 3; calls++) {
    expect(await host.run(call({ id: "a" }, context()))).toEqual({ receipt: 1 });
    expect(requests).toHaveLength(calls);
  }
});

it.each([-1, 1.5, 1_000_001, Number.NaN, Number.POSITIVE_INFINITY, "10"])("committedKeysMax %s is refused", (given) => {
  const options = { consumer: "orders", table: RECORDS, retentionDays: 1, committedKeysMax: given as number };
  expect(() => createExactlyOnce(options)).toThrow(
    `committedKeysMax is ${given}. Use a whole number from 0 to 1000000 (SEMEL_OPTIONS)`,
  );
});
