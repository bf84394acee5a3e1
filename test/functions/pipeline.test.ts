// The pipeline's functions on the memory store: whatever fails, whatever comes twice, each order has one shipment and one notification.
// What the demo checks on the local cloud is checked here under many more schedules. The relay here sends, and may die before it removes.

import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { checkPipeline, type PipelineCheck } from "../../demo/pipeline/check.ts";
import { generateOrders } from "../../demo/pipeline/orders.ts";
import { seededRandom } from "../../demo/random.ts";
import { Notification, notificationOf, Order, Shipment, shipmentOf } from "../../functions/pipeline/messages.ts";
import type { SqsRecord } from "../../lib/aws/lambda.ts";
import { fromItem } from "../../lib/consumer/marshalling.ts";
import { type BatchHandler, KEY_ATTRIBUTE } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { readOutboxItem } from "../../lib/protocol/outbox.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { FAULTS, type Fault, faultySend } from "../support/faulty-send.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsRecord, type TestMessage } from "../support/sqs-event.ts";
import { virtualHost } from "../support/virtual-host.ts";

const URLS = {
  orders: "https://sqs/1/orders",
  shipments: "https://sqs/1/shipments",
  notifications: "https://sqs/1/notes",
};
vi.stubEnv("ORDERS_TABLE", "Orders");
vi.stubEnv("SHIPMENTS_TABLE", "Shipments");
vi.stubEnv("NOTIFICATIONS_TABLE", "Notifications");
vi.stubEnv("ACCOUNTS_TABLE", "Accounts");
afterAll(() => vi.unstubAllEnvs());
const { notify, ship, takeOrder } = await import("../../functions/pipeline/effects.ts");

const BATCH = 10;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const clean: PipelineCheck = {
  ordersLost: 0,
  shipmentsLost: 0,
  shipmentsDoubled: 0,
  notificationsLost: 0,
  notificationsDoubled: 0,
  countsOff: 0,
  penceOff: 0,
  strangers: 0,
  unsent: 0,
};

/** Draws of one run: what goes wrong where. */
interface Trouble {
  readonly faults: readonly Fault[];
  /** In turn: whether what is sent or delivered is so twice. */
  readonly twice: readonly boolean[];
}

function pipelineFor(orders: readonly Order[], { faults, twice }: Trouble) {
  const host = virtualHost();
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Outbox: { partitionKey: "pk", sortKey: "sk" },
    Orders: { partitionKey: "orderId" },
    Shipments: { partitionKey: "orderId", sortKey: "shipmentId" },
    Notifications: { partitionKey: "orderId", sortKey: "notificationId" },
    Accounts: { partitionKey: "account", sortKey: "stage" },
  });
  let [requests, draws, messages, isTroubled] = [0, 0, 0, true];
  const nextFault = (): Fault => (isTroubled ? (faults[requests++ % faults.length] ?? "none") : "none");
  const isTwice = (): boolean => isTroubled && twice[draws++ % twice.length] === true;
  const { send, log } = faultySend(memory, host, nextFault);
  const { sqsSend, deadLetters } = memoryQueue();
  const queues: Record<string, SqsRecord[]> = Object.fromEntries(Object.values(URLS).map((url) => [url, []]));
  const post = (url: string, body: string, key?: string): void => {
    const own = { stringValue: key ?? "", dataType: "String", stringListValues: [], binaryListValues: [] };
    const messageAttributes: NonNullable<TestMessage["messageAttributes"]> =
      key === undefined ? {} : { [KEY_ATTRIBUTE]: own };
    for (let times = isTwice() ? 2 : 1; times > 0; times--) {
      queues[url]?.push(sqsRecord({ messageId: `m-${++messages}`, body, messageAttributes }));
    }
  };

  const common = { table: "Records", retentionDays: 40, logger: silent, outbox: { table: "Outbox" } };
  /** Each delivery is to a process of its own. */
  const dependencies = { host, send, sqsSend, environment: { SEMEL_DEAD_LETTER_QUEUE_URL: "https://sqs/1/dlq" } };
  const stages: Readonly<Record<string, () => BatchHandler>> = {
    [URLS.orders]: () =>
      createExactlyOnce({ ...common, consumer: "orders", schema: Order, key: "orderId" }, dependencies).lambda(
        ({ body }, tx) => {
          takeOrder(body, tx);
          tx.send(URLS.shipments, shipmentOf(body));
        },
      ),
    [URLS.shipments]: () =>
      createExactlyOnce({ ...common, consumer: "shipments", schema: Shipment }, dependencies).lambda(({ body }, tx) => {
        ship(body, tx);
        tx.send(URLS.notifications, notificationOf(body, tx.key));
      }),
    [URLS.notifications]: () =>
      createExactlyOnce({ ...common, consumer: "notifications", schema: Notification }, dependencies).lambda(
        ({ body }, tx) => notify(body, tx),
      ),
  };

  async function deliver(url: string): Promise<void> {
    const batch = queues[url]?.splice(0, BATCH) ?? [];
    const open = stages[url];
    if (batch.length === 0 || !open) return;
    const endMs = host.nowMs() + 30_000;
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    const copies = Array.from({ length: isTwice() ? 2 : 1 }, () => open()({ Records: batch }, context));
    const responses = await host.run(Promise.all(copies));
    const failed = responses.flatMap((response) => response.batchItemFailures);
    queues[url]?.push(...batch.filter(({ messageId }) => failed.some((one) => one.itemIdentifier === messageId)));
  }

  function relay(): void {
    for (const item of memory.items("Outbox")) {
      const read = readOutboxItem(item);
      if (read.kind !== "messages") continue;
      for (const { target, body, id } of read.item.messages) post(target, body, id);
      const { pk, sk } = read.item;
      const DeleteRequest = { Key: { pk: { S: pk }, sk: { S: sk } } };
      if (isTwice()) continue; // it died: the item is sent again
      memory.send({ operation: "BatchWriteItem", input: { RequestItems: { Outbox: [{ DeleteRequest }] } } });
    }
  }

  const items = (table: string) => memory.items(table).map((item) => fromItem(item));
  return {
    transactions: () => log.filter(({ request }) => request.operation === "TransactWriteItems"),
    deadLetters,
    async run(): Promise<PipelineCheck> {
      for (const order of orders) post(URLS.orders, JSON.stringify(order));
      for (let round = 0; memory.items("Outbox").length > 0 || Object.values(queues).some((one) => one.length > 0); ) {
        if (++round > 100) throw new Error("it does not come to an end");
        isTroubled = round <= 12;
        for (const url of Object.values(URLS)) await deliver(url);
        relay();
        await host.run(new Promise<void>((resolve) => host.after(120_000, resolve))); // what a fault applies later is applied
      }
      return checkPipeline(orders, {
        orders: items("Orders"),
        shipments: items("Shipments"),
        notifications: items("Notifications"),
        accounts: items("Accounts"),
        outbox: items("Outbox"),
      });
    },
  };
}

const quiet: Trouble = { faults: ["none"], twice: [false] };

describe("the pipeline", () => {
  it("takes an order of 600 lines in one transaction of four actions", async () => {
    const [line] = generateOrders(seededRandom(1), 1)[0]?.lines ?? [];
    if (!line) throw new Error("there is no line");
    const order = { orderId: "1", country: "EIRE", orderedAt: "2010-12-01T08:26:00", lines: Array(600).fill(line) };
    const pipeline = pipelineFor([order], quiet);
    expect(await pipeline.run()).toEqual(clean);
    const actions = pipeline.transactions().map(({ request }) => {
      return request.operation === "TransactWriteItems" ? request.input.TransactItems.length : 0;
    });
    expect(actions).toEqual([4, 4, 3]); // record, item, account, message
    expect(pipeline.deadLetters).toEqual([]);
  });

  it("makes one shipment and one notification of each order, whatever fails and whatever comes twice", async () => {
    const trouble = fc.record({
      faults: fc.array(fc.constantFrom<Fault>("none", "none", "none", ...FAULTS), { minLength: 1, maxLength: 20 }),
      twice: fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 15 }), fc.integer(), trouble, async (count, seed, troubled) => {
        const pipeline = pipelineFor(generateOrders(seededRandom(seed), count), troubled);
        expect(await pipeline.run()).toEqual(clean);
        expect(pipeline.deadLetters).toEqual([]);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 15) },
    );
  });
});
