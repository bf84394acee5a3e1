// The records of redelivered messages, read together before their handlers run. Attacks lib/store/record-reader.ts and
// knownBefore of lib/consumer/process-message.ts: the read only saves the run, the condition of the commit decides.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { PermanentError, type Tx } from "../../lib/index.ts";
import type { CompletedRecord, FoundRecord } from "../../lib/protocol/record.ts";
import { recordToItem } from "../../lib/store/items.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { type RecordReader, recordReader } from "../../lib/store/record-reader.ts";
import { READ_TRIES_MAX, recordStore } from "../../lib/store/record-store.ts";
import type { AnswerOf, BatchGetItemOutput, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { type Fault, named } from "../support/faulty-send.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { anotherProcess } from "../support/process.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

const done = { batchItemFailures: [] };
const idOf = ({ body }: { readonly body: unknown }): string => (body as { id: string }).id;
function count(message: { readonly body: unknown }, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: idOf(message) } }, { n: 1 });
}
const counters = ({ memory }: Pick<TestConsumer<unknown>, "memory">): unknown =>
  Object.fromEntries(memory.items("Counters").map(({ id, n }) => [id?.S, Number(n?.N)]));
const messages = (count: number, receiveCount: number): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { id: `k${index}` }, receiveCount }));

/** Keys of the batch reads among these, one list a request. */
function keysRead(requests: readonly DynamoDbRequest[]): string[][] {
  return requests.flatMap((request) => {
    if (request.operation !== "BatchGetItem") return [];
    return [Object.values(request.input.RequestItems).flatMap(({ Keys }) => Keys.map(({ pk }) => pk?.S ?? ""))];
  });
}

describe("a batch of redelivered messages", () => {
  it("of 250 that are done is read by 3 requests, strongly consistent, and runs nothing", async () => {
    const first = testConsumer({ key: "id" });
    const all = messages(250, 1);
    await first.host.run(first.orders.lambda(count)(sqsEvent(...all), first.context(60_000)));
    const { orders, requests } = anotherProcess(first, { key: "id" });
    const ran: string[] = [];
    const batch = orders.lambda((message) => void ran.push(idOf(message)));
    const again = sqsEvent(...messages(250, 2));
    expect(await first.host.run(batch(again, first.context(60_000)))).toEqual(done);
    expect(ran).toEqual([]);
    const sent = requests.map(({ request }) => request);
    expect(sent.map(({ operation }) => operation)).toEqual(Array(3).fill("BatchGetItem"));
    const keys = keysRead(sent);
    expect(keys.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(new Set(keys.flat()).size).toBe(250);
    for (const { input } of sent)
      expect(input).toMatchObject({ RequestItems: { [RECORDS]: { ConsistentRead: true } } });
  });

  it("reads only what came before", async () => {
    const { orders, host, context, requests } = testConsumer({ key: "id" });
    const event = sqsEvent({ body: { id: "new" } }, { body: { id: "old" }, receiveCount: 2 });
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(done);
    expect(keysRead(requests.map(({ request }) => request)).map(({ length }) => length)).toEqual([1]);
    const claiming = testConsumer({ key: "id", strategy: "claim" });
    await claiming.host.run(claiming.orders.lambda(count)(event, claiming.context()));
    expect(keysRead(claiming.requests.map(({ request }) => request))).toEqual([]);
  });

  it("reads one record once for two messages of one key", async () => {
    const { orders, host, context, memory, requests } = testConsumer({ key: "id" });
    const twice = { body: { id: "a" }, receiveCount: 2 };
    expect(await host.run(orders.lambda(count)(sqsEvent(twice, twice), context()))).toEqual(done);
    expect(keysRead(requests.map(({ request }) => request)).map(({ length }) => length)).toEqual([1]);
    expect(counters({ memory })).toEqual({ a: 1 });
  });

  const FAULTS: readonly Fault[] = ["answer-lost", "hangs", "server-error", "throttled"];
  it.each(FAULTS)("runs where its read always answers %s: the condition decides", async (fault) => {
    const first = testConsumer({ key: "id" });
    await first.host.run(first.orders.lambda(count)(sqsEvent(...messages(2, 1)), first.context()));
    const { orders } = anotherProcess(first, { key: "id" }, ({ operation }) =>
      operation === "BatchGetItem" ? fault : "none",
    );
    const ran: string[] = [];
    const batch = orders.lambda((message, tx) => {
      ran.push(idOf(message));
      count(message, tx);
    });
    expect(await first.host.run(batch(sqsEvent(...messages(3, 2)), first.context(60_000)))).toEqual(done);
    expect(ran.sort()).toEqual(["k0", "k1", "k2"]);
    expect(counters(first)).toEqual({ k0: 1, k1: 1, k2: 1 });
  });

  it("a rejection of another message under its key counts as none: it runs", async () => {
    const { orders, host, context, memory, requests, queue } = testConsumer({ key: "id", deadLetterQueueUrl: DLQ_URL });
    const reject = orders.lambda(() => {
      throw new PermanentError("no such customer");
    });
    const message = { body: { id: "a" }, receiveCount: 2 };
    expect(await host.run(reject(sqsEvent({ ...message, messageId: "m-1" }), context()))).toEqual(done);
    const batch = orders.lambda(count);
    expect(await host.run(batch(sqsEvent({ ...message, messageId: "m-1" }), context()))).toEqual(done);
    expect([counters({ memory }), queue.deadLetters.length]).toEqual([{}, 2]);
    const before = requests.length;
    expect(await host.run(batch(sqsEvent({ ...message, messageId: "m-2" }), context()))).toEqual(done);
    expect(counters({ memory })).toEqual({ a: 1 });
    expect(requests.slice(before).map(({ request }) => request.operation)).toEqual([
      "BatchGetItem",
      "TransactWriteItems",
    ]);
  });

  it("I7: another payload under a key that is done is a mismatch, and does not run", async () => {
    const { orders, host, context, codes, memory } = testConsumer({ key: "id" });
    const batch = orders.lambda(count);
    await host.run(batch(sqsEvent({ body: { id: "a" } }), context()));
    const other = sqsEvent({ body: { id: "a", totalPence: 5 }, receiveCount: 2 });
    expect(await host.run(batch(other, context()))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
    expect([codes(), counters({ memory })]).toEqual([["SEMEL_PAYLOAD_MISMATCH"], { a: 1 }]);
  });
});

const TIME_MS = 60_000;

interface Reads {
  readonly host: VirtualHost;
  readonly reader: RecordReader;
  readonly requests: DynamoDbRequest[];
  /** What to make of the next answer. */
  change: (answer: BatchGetItemOutput, request: number) => BatchGetItemOutput;
}

/** A reader over a table that holds the records of these keys. */
function readsOf(pks: readonly string[], timeLeftMs = TIME_MS): Reads {
  const host = virtualHost();
  const memory = memoryDynamoDb({ [RECORDS]: { partitionKey: "pk" } });
  for (const pk of pks) memory.send({ operation: "PutItem", input: { TableName: RECORDS, Item: itemOf(pk) } });
  const requests: DynamoDbRequest[] = [];
  const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
    const number = requests.push(request);
    await new Promise<void>((resolve) => host.after(number, resolve));
    return self.change(memory.send(request) as BatchGetItemOutput, number) as AnswerOf<R>;
  };
  const store = recordStore({ table: RECORDS, send: send as Send, host });
  const endMs = host.nowMs() + timeLeftMs;
  const control = { timeLeftMs: () => endMs - host.nowMs(), signal: new AbortController().signal };
  const reader = recordReader({ store, host, control });
  const self: Reads = { host, reader, requests, change: (answer) => answer };
  return self;
}

function itemOf(pk: string): Item {
  const record: CompletedRecord = {
    pk,
    status: "COMPLETED",
    messageId: "m-1",
    attemptId: `attempt of ${pk}`,
    fingerprint: "1:a",
    committedAtMs: 5,
    expiresAtSeconds: 6,
  };
  return recordToItem(record);
}

/** Takes the items of these keys out of an answer, and says that they were not read. */
function unprocessed({ Responses = {} }: BatchGetItemOutput, pks: readonly string[]): BatchGetItemOutput {
  const items = (Responses[RECORDS] ?? []).filter(({ pk }) => !pks.includes(pk?.S ?? ""));
  const Keys = pks.map((pk): Item => ({ pk: { S: pk } }));
  return { Responses: { [RECORDS]: items }, UnprocessedKeys: Keys.length === 0 ? {} : { [RECORDS]: { Keys } } };
}

const attemptOf = (found: FoundRecord | undefined): string | undefined =>
  found?.kind === "record" ? found.record.attemptId : undefined;

describe("the reader", () => {
  it("gives each asker what is in the table, however much is left unprocessed", async () => {
    const pk = fc.integer({ min: 0, max: 320 }).map((number) => `k${number}`);
    const scenario = fc.record({
      there: fc.uniqueArray(pk, { maxLength: 200 }),
      asked: fc.array(pk, { minLength: 1, maxLength: 400 }),
      skipped: fc.infiniteStream(fc.boolean()),
      rounds: fc.nat({ max: READ_TRIES_MAX - 1 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ there, asked, skipped, rounds }) => {
        const reads = readsOf(there);
        const chunks = Math.ceil(asked.length / 100);
        reads.change = (answer, request) => {
          const keys = keysRead(reads.requests).at(-1) ?? [];
          if (request > rounds * chunks) return answer;
          return unprocessed(
            answer,
            keys.filter(() => skipped.next().value === true),
          );
        };
        const found = await reads.host.run(Promise.all(asked.map((one) => reads.reader.read(one))));
        expect(found.map(attemptOf)).toEqual(
          asked.map((one) => (there.includes(one) ? `attempt of ${one}` : undefined)),
        );
        for (const keys of keysRead(reads.requests)) {
          expect(keys.length).toBeLessThanOrEqual(100);
          expect(new Set(keys).size).toBe(keys.length);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("asks again for what was not processed, and for nothing else", async () => {
    const reads = readsOf(["a", "b", "c"]);
    reads.change = (answer, request) => (request === 1 ? unprocessed(answer, ["b", "d"]) : answer);
    const all = ["a", "b", "c", "d"].map((pk) => reads.reader.read(pk));
    const found = await reads.host.run(Promise.all(all));
    expect(found.map(attemptOf)).toEqual(["attempt of a", "attempt of b", "attempt of c", undefined]);
    expect(keysRead(reads.requests)).toEqual([
      ["a", "b", "c", "d"],
      ["b", "d"],
    ]);
  });

  it("tells what it has read even where the rest is never processed, and gives up on that", async () => {
    const reads = readsOf(["a", "b"]);
    reads.change = (answer) => unprocessed(answer, ["b"]);
    const [read, never] = [reads.reader.read("a"), reads.reader.read("b")];
    const ended = reads.host.run(Promise.allSettled([read, never]));
    expect(await ended).toMatchObject([{ status: "fulfilled" }, { status: "rejected" }]);
    expect(reads.requests).toHaveLength(READ_TRIES_MAX);
  });

  it("sends nothing when the time is up", async () => {
    const reads = readsOf(["a"], 0);
    await expect(reads.host.run(reads.reader.read("a"))).rejects.toThrow(/in time/);
    expect(reads.requests).toEqual([]);
  });

  it("passes on what DynamoDB refuses, to those who asked in that request alone", async () => {
    const pks = Array.from({ length: 101 }, (_, index) => `k${index}`);
    const reads = readsOf(pks);
    reads.change = (answer, request) => {
      if (request > 1) return answer;
      throw named("AccessDeniedException", "no");
    };
    const ended = await reads.host.run(Promise.allSettled(pks.map((pk) => reads.reader.read(pk))));
    const kept = ended.flatMap(({ status }, index) => (status === "fulfilled" ? pks[index] : []));
    expect(kept).toEqual(["k100"]);
    expect(reads.requests).toHaveLength(2);
  });

  it("takes the answer's table by whatever name it comes", async () => {
    const reads = readsOf(["a"]);
    reads.change = ({ Responses = {} }) => ({
      Responses: { "arn:aws:dynamodb:eu-west-1:123456789012:table/Records": Responses[RECORDS] ?? [] },
    });
    expect(attemptOf(await reads.host.run(reads.reader.read("a")))).toBe("attempt of a");
  });

  it("what is asked after a tick goes in a request of its own", async () => {
    const { host, reader, requests } = readsOf(["a", "b"]);
    await host.run(Promise.all([reader.read("a"), reader.read("c")]));
    await host.run(reader.read("b"));
    expect(keysRead(requests)).toEqual([["a", "c"], ["b"]]);
  });

  it("a record that cannot be read is not taken for none", async () => {
    const reads = readsOf(["a"]);
    reads.change = ({ Responses = {} }) => ({
      Responses: { [RECORDS]: (Responses[RECORDS] ?? []).map((item) => ({ ...item, formatVersion: { N: "2" } })) },
    });
    expect(await reads.host.run(reads.reader.read("a"))).toMatchObject({ kind: "unreadable", formatVersion: "2" });
  });
});
