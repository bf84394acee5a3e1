// Strategy claim at the end of an invocation: nothing starts after the gate closed, and nothing is left behind.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, it } from "vitest";
import type { Host } from "../../lib/host.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { AnswerOf, DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const claim = { key: "id", strategy: "claim" } as const;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A worker whose requests of one kind are answered late, and the timers that it has set. */
function slowWorker(operation: DynamoDbRequest["operation"], lateMs: number, options: { leaseSeconds?: number } = {}) {
  const { memory, host, context } = testConsumer();
  const timers = new Set<symbol>();
  const counting: Host = {
    ...host,
    after(delayMs, callback) {
      const timer = Symbol();
      timers.add(timer);
      const cancel = host.after(delayMs, () => {
        timers.delete(timer);
        callback();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
  const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
    const answer = memory.send(request);
    if (request.operation === operation) await new Promise<void>((resolve) => host.after(lateMs, resolve));
    return answer;
  };
  const orders = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, backoff: false, logger: silent, ...claim, ...options },
    { host: counting, send, environment: {} },
  );
  return { orders, memory, host, context, timers };
}

it("no handler starts after the gate closed, where the acquisition is answered between gate and response", async () => {
  const { orders, memory, host, context } = slowWorker("PutItem", 1_100); // the gate closes after 1,000 ms
  let runs = 0;
  const handler = orders.lambda(() => void runs++);
  expect(await host.run(handler(event, context(1_500)))).toEqual(failed);
  await host.drain();
  expect([runs, memory.items(RECORDS)[0]?.["status"]]).toEqual([0, { S: "RELEASED" }]);
});

it("no key is acquired after the gate closed, though its message was taken up before", async () => {
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "slow",
      validate: (value) => new Promise((resolve) => host.after(1_100, () => resolve({ value }))),
    },
  };
  const { orders, host, context, requests } = testConsumer({ ...claim, schema });
  expect(await host.run(orders.lambda(() => {})(event, context(1_500)))).toEqual(failed);
  await host.drain();
  expect(requests).toEqual([]);
});

it("no handler runs again after the gate closed", async () => {
  const { orders, memory, host, context } = testConsumer(claim);
  let runs = 0;
  const handler = orders.lambda(async (_message, tx) => {
    runs++;
    await new Promise<void>((resolve) => host.after(995, resolve));
    tx.check({ TableName: "Orders", Key: { orderId: "x" }, ConditionExpression: "attribute_exists(orderId)" });
  });
  expect(await host.run(handler(event, context(1_500)))).toEqual(failed);
  await host.drain();
  expect([runs, memory.items(RECORDS)[0]?.["status"]]).toEqual([1, { S: "RELEASED" }]);
});

it("no timer is left of a handler that was given up while a renewal was under way", async () => {
  const { orders, host, context, timers } = slowWorker("UpdateItem", 900, { leaseSeconds: 900 });
  // Renewed after 300 s; the gate closes half a second later, before the renewal is answered.
  const handler = orders.lambda(() => new Promise<void>(() => {}));
  expect(await host.run(handler(event, context(301_000)))).toEqual(failed);
  await host.run(new Promise<void>((resolve) => host.after(1_000, resolve)));
  expect(timers.size).toBe(0);
});

it("an owner whose deadline is beyond all dates, for its context is a test's, fails no batch that meets its key", async () => {
  const { orders, memory, host, context, queue } = testConsumer(claim);
  const endless = { awsRequestId: "r", getRemainingTimeInMillis: () => Number.MAX_SAFE_INTEGER };
  void orders.lambda(() => new Promise<void>(() => {}))(event, endless);
  const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => memory.send(request);
  const other = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, logger: silent, ...claim },
    { host, send, sqsSend: queue.sqsSend, environment: {} },
  );
  const later = new Promise<void>((resolve) => host.after(1_000, resolve));
  expect(await host.run(later.then(() => other.lambda(() => {})(event, context())))).toEqual(failed);
});
