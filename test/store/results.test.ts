// Results that are kept with the record. Attacks RS1 of lib/store/results.ts and I6: every duplicate gets the same answer.

import { deflateRawSync } from "node:zlib";
import { CreateTableCommand, waitUntilTableExists } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ITEM_BYTES_MAX, TRANSACTION_BYTES_MAX, WRITE_UNIT_BYTES } from "../../lib/aws/limits.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { itemBytes } from "../../lib/protocol/item-size.ts";
import type { CompletedRecord } from "../../lib/protocol/record.ts";
import { itemToRecord, recordToItem } from "../../lib/store/items.ts";
import { resultOf, withResult } from "../../lib/store/results.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { DLQ_URL, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const RECORD: CompletedRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "00000000-0000-4000-8000-000000000001",
  fingerprint: "1:a",
  committedAtMs: 1_767_600_000_000,
  expiresAtSeconds: 1_767_700_000,
};
const bytesWith = (result: string | Uint8Array): number => itemBytes(recordToItem({ ...RECORD, result }));
const units = (bytes: number): number => Math.ceil(bytes / WRITE_UNIT_BYTES);

/** Through the item, as another process finds it. */
function cameBack(value: unknown): unknown {
  const found = itemToRecord(recordToItem(withResult(RECORD, value)));
  if (found.kind !== "record" || found.record.status !== "COMPLETED") throw new Error("no COMPLETED record");
  return resultOf(found.record);
}

const date = fc.date({ noInvalidDate: true });
/** All that has a JSON form, beside its own: dates, undefined, texts with lone surrogates, names such as __proto__. */
const value = fc.anything({
  values: [fc.jsonValue(), date, fc.string({ unit: "binary" }), fc.constantFrom(undefined, -0, "\ud800")],
  withNullPrototype: true,
});
/** Long ones: some that deflate saves a lot of, some that it saves nothing of. */
const long = fc
  .tuple(fc.nat({ max: 6_000 }), fc.nat({ max: 3_000 }), fc.infiniteStream(fc.integer({ min: 32, max: 126 })))
  .map(([same, different, codes]) => "x".repeat(same) + String.fromCharCode(...codes.take(different)));

describe("a result", () => {
  it("comes back as its JSON says", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(JSON.stringify(cameBack(given))).toBe(JSON.stringify(given));
      }),
    );
  });

  it("is deflated exactly where that saves a write unit, and comes back so, too", () => {
    let [deflated, plain] = [0, 0];
    const check = (given: string): void => {
      const json = JSON.stringify(given);
      const saves = units(bytesWith(new Uint8Array(deflateRawSync(json)))) < units(bytesWith(json));
      const { result } = withResult(RECORD, given);
      expect(result instanceof Uint8Array).toBe(saves);
      expect(cameBack(given)).toBe(given);
      if (saves) deflated++;
      else if (bytesWith(json) > WRITE_UNIT_BYTES) plain++;
    };
    fc.assert(fc.property(long, check), { numRuns: 300 });
    // About every boundary of a unit.
    for (let length = 600; length < 1_200; length += 7) check("ab".repeat(length / 2));
    expect(Math.min(deflated, plain)).toBeGreaterThan(10);
  });

  it("of one write unit stays plain, of a byte more it is deflated", () => {
    const room = WRITE_UNIT_BYTES - bytesWith('""');
    expect(withResult(RECORD, "x".repeat(room)).result).toBeTypeOf("string");
    expect(withResult(RECORD, "x".repeat(room + 1)).result).toBeInstanceOf(Uint8Array);
  });

  it.each(["commit", "claim"] as const)(
    "is measured as its record ends up in the table, under strategy %s",
    async (strategy) => {
      const kinds = new Set<string>();
      for (let length = 640; length < 760; length++) {
        const { orders, host, context, memory } = testConsumer({ key: "id", strategy });
        await host.run(orders.once(() => "x".repeat(length))({ id: "a" }, context()));
        const [item = {}] = memory.items(RECORDS);
        const kind = item["result"]?.S === undefined ? "deflated" : "plain";
        const plain = itemBytes({ ...item, result: { S: JSON.stringify("x".repeat(length)) } });
        expect(kind).toBe(plain <= WRITE_UNIT_BYTES ? "plain" : "deflated");
        kinds.add(kind);
      }
      expect(kinds.size).toBe(2);
    },
  );

  it("of nothing is nothing, and of null is null", () => {
    expect(withResult(RECORD, undefined)).toEqual(RECORD);
    expect(resultOf(RECORD)).toBeUndefined();
    expect(withResult(RECORD, null).result).toBe("null");
    expect(cameBack(null)).toBeNull();
  });

  it("is kept up to the size of an item, and not a byte beyond: the error names the sizes", () => {
    const half = Math.floor((ITEM_BYTES_MAX - bytesWith('""')) / 2);
    const wide = noise(half * 2);
    expect(bytesWith(JSON.stringify(wide))).toBeLessThanOrEqual(ITEM_BYTES_MAX);
    expect(cameBack(wide)).toBe(wide);
    const json = JSON.stringify(noise(1_200_000));
    const bytes = bytesWith(new Uint8Array(deflateRawSync(json)));
    expect(bytes).toBeGreaterThan(ITEM_BYTES_MAX);
    const keep = (): unknown => withResult(RECORD, JSON.parse(json));
    expect(keep).toThrow(expect.objectContaining({ code: "SEMEL_LIMIT", retryable: false }));
    expect(keep).toThrow(new RegExp(`1200002 bytes of JSON.*${bytes}, compressed.*${ITEM_BYTES_MAX}`));
  });

  it("of megabytes that deflate well is kept", () => {
    const rows = Array.from({ length: 40_000 }, (_, index) => ({ line: index, state: "delivered", totalPence: 499 }));
    expect(JSON.stringify(rows).length).toBeGreaterThan(4 * ITEM_BYTES_MAX);
    expect(cameBack(rows)).toEqual(rows);
  });
});

/** Deflate leaves about three quarters of it; the same each time. */
function noise(length: number): string {
  let state = 1;
  let text = "";
  while (text.length < length) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += String.fromCharCode(40 + ((state >>> 16) % 50)); // neither a quote nor a backslash but one
  }
  return text.replaceAll("\\", "/");
}

const circle: Record<string, unknown> = {};
circle["self"] = circle;
class Money {
  readonly pence = 5;
}
const throwsText = {
  toJSON(): never {
    throw "no reason";
  },
};
const UNFIT: Readonly<Record<string, unknown>> = {
  "a Map": new Map([["a", 1]]),
  "a Set": { ids: new Set([1]) },
  "a function": { run: [String] },
  "a symbol": Symbol("a"),
  "a promise": { order: Promise.resolve(1) },
  "an instance of a class": new Money(),
  bytes: { bytes: new Uint8Array(2) },
  NaN: [Number.NaN],
  Infinity: { total: Number.POSITIVE_INFINITY },
  "a BigInt": 5n,
  "a BigInt inside": { total: [5n] },
  "a circle": circle,
  "an invalid Date": { at: new Date(Number.NaN) },
  "a toJSON that gives a Map": { toJSON: () => ({ inner: new Map() }) },
  "a toJSON that gives NaN": { inner: { toJSON: () => Number.NaN } },
  "a toJSON that gives nothing": { toJSON: () => undefined },
  "a toJSON that throws a text": throwsText,
};

describe.each(Object.entries(UNFIT))("RS1: %s", (_what, unfit) => {
  it("is an error, not a different value", () => {
    expect(() => withResult(RECORD, unfit)).toThrow(
      expect.objectContaining({
        code: "SEMEL_RESULT",
        retryable: false,
        message: expect.stringMatching(/storeResult/),
      }),
    );
  });

  it.each(["commit", "claim"] as const)("returned under strategy %s: nothing is written", async (strategy) => {
    const { orders, host, context, memory } = testConsumer({ key: "id", strategy });
    const call = orders.once((_message, tx) => {
      tx.put({ TableName: "Orders", Item: { orderId: "a" } });
      return unfit;
    });
    await expect(host.run(call({ id: "a" }, context()))).rejects.toMatchObject({ code: "SEMEL_RESULT" });
    expect(memory.items("Orders")).toEqual([]);
    expect(memory.items(RECORDS).map(({ status }) => status?.S)).toEqual(strategy === "claim" ? ["RELEASED"] : []);
  });
});

describe("with a queue", () => {
  const options = { key: (message: { body: unknown }) => idOf(message), fingerprint: idOf, storeResult: true };
  const done = { batchItemFailures: [] };

  it("I6: the result is kept with the record, and every duplicate gets it", async () => {
    const { orders, host, context, memory } = testConsumer(options);
    const batch = orders.lambda((message) => ({ receipt: `for ${idOf(message)}` }));
    const event = sqsEvent(...["a", "b", "a"].map((id) => ({ body: { id } })));
    expect(await host.run(batch(event, context()))).toEqual(done);
    expect(memory.items(RECORDS).map(({ result }) => result?.S)).toEqual(
      expect.arrayContaining(['{"receipt":"for a"}', '{"receipt":"for b"}']),
    );
    const call = orders.once(() => "another");
    for (const id of ["a", "b", "a"]) {
      expect(await host.run(call({ id }, context()))).toEqual({ receipt: `for ${id}` });
    }
    expect(await host.run(batch(sqsEvent({ body: { id: "a" }, receiveCount: 2 }), context()))).toEqual(done);
    expect(await host.run(call({ id: "a" }, context()))).toEqual({ receipt: "for a" });
  });

  it("without storeResult nothing of it is kept", async () => {
    const { orders, host, context, memory } = testConsumer({ key: "id" });
    const batch = orders.lambda(() => new Map([["what", "ever"]]));
    expect(await host.run(batch(sqsEvent({ body: { id: "a" } }), context()))).toEqual(done);
    expect(memory.items(RECORDS)[0]).not.toHaveProperty("result");
  });

  it("a result without a JSON form fails its message alone, and rejects nothing", async () => {
    const queue = memoryQueue();
    const { orders, host, context, memory, codes } = testConsumer(
      { key: "id", storeResult: true, deadLetterQueueUrl: DLQ_URL },
      undefined,
      queue,
    );
    const batch = orders.lambda((message) => (idOf(message) === "b" ? new Set() : idOf(message)));
    const event = sqsEvent(...["a", "b", "c"].map((id) => ({ body: { id } })));
    expect(await host.run(batch(event, context()))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
    expect(codes()).toEqual(["SEMEL_RESULT"]);
    expect(queue.deadLetters).toEqual([]);
    expect(memory.items(RECORDS)).toHaveLength(2);
  });

  it("results that are too large for one transaction together go in several", async () => {
    const { orders, host, context, memory, requests } = testConsumer({ key: "id", storeResult: true, lanes: 1 });
    const big = noise(400_000);
    const ids = Array.from({ length: 20 }, (_, index) => `k${index}`);
    const batch = orders.lambda(async (message) => idOf(message) + big);
    expect(await host.run(batch(sqsEvent(...ids.map((id) => ({ body: { id } }))), context(30_000)))).toEqual(done);
    expect(memory.items(RECORDS)).toHaveLength(20);
    const together = requests.map(({ request }) => (request.operation === "TransactWriteItems" ? sizes(request) : []));
    expect(together.every(({ length }) => length > 0)).toBe(true);
    expect(Math.max(...together.map(sum))).toBeLessThanOrEqual(TRANSACTION_BYTES_MAX);
    expect(Math.max(...together.map(({ length }) => length))).toBeGreaterThan(1);
  });
});

/** Of the items that a transaction puts. */
function sizes({ input }: Extract<DynamoDbRequest, { operation: "TransactWriteItems" }>): number[] {
  return input.TransactItems.map(({ Put }) => itemBytes(Put?.Item ?? {}));
}
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function idOf({ body }: { readonly body: unknown }): string {
  return String((body as { id?: unknown }).id);
}

describe("on dynoxide, through the SDK", () => {
  let engine: Dynoxide;
  beforeAll(async () => {
    engine = await startDynoxide();
    const TableName = "Records";
    await engine.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    );
    await waitUntilTableExists({ client: engine.client, maxWaitTime: 60 }, { TableName });
  });
  afterAll(() => engine.stop());

  const context = { awsRequestId: "r-1", getRemainingTimeInMillis: () => 20_000 };

  describe.each(["commit", "claim"] as const)("under strategy %s", (strategy) => {
    it.each([
      ["a text", "short", "S"],
      ["bytes", { rows: Array.from({ length: 900 }, (_, line) => ({ line, state: "é\u2028" })) }, "B"],
    ])("a result kept as %s comes back with the answer that refuses the duplicate", async (what, result, type) => {
      const operations: string[] = [];
      const inner = sdkSend(engine.client);
      const send = async <R extends DynamoDbRequest>(request: R, options: object): Promise<AnswerOf<R>> => {
        operations.push(request.operation);
        return inner(request, options);
      };
      const orders = createExactlyOnce(
        {
          consumer: `${strategy} ${what}`.replaceAll(" ", "-"),
          table: "Records",
          retentionDays: 40,
          key: "id",
          strategy,
        },
        { send: send as Send, environment: {} },
      );
      const call = orders.once(() => result);
      expect(await call({ id: "a" }, context)).toEqual(result);
      operations.length = 0;
      const second = orders.once(() => "another");
      expect(await second({ id: "a" }, context)).toEqual(result);
      expect(operations).toEqual([strategy === "claim" ? "PutItem" : "TransactWriteItems"]);
      const kept = withResult(RECORD, result).result;
      expect(typeof kept === "string" ? "S" : "B").toBe(type);
    });
  });
});
