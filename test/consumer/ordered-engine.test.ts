// Strategy watermark and keyed state with the real SDK against the embedded engine, two invocations of the same messages side by
// side. Attacks WM1, KS1.

import { afterAll, beforeAll, expect, it } from "vitest";
import { systemHost } from "../../lib/host.ts";
import type { Message } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { kinesisSource } from "../support/source-events.ts";
import { createTables } from "../support/tables.ts";
import { records, type Sent, sent } from "./ordered.ts";

const options = { consumer: "orders", table: "Records", retentionDays: 40, strategy: "watermark" } as const;
const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 20_000 };
const all = records(Array.from({ length: 90 }, (_, index) => `k${index % 3}`).join(" "));
const places = (key: string): number[] => all.filter((one) => one.key === key).map(({ at }) => at);

let dynoxide: Dynoxide;
beforeAll(async () => {
  dynoxide = await startDynoxide();
  await createTables(dynoxide.client, { Records: "pk", Orders: "orderId", States: "key" });
});
afterAll(() => dynoxide.stop());

/** Of a process of its own. */
const consumer = () =>
  createExactlyOnce(options, { host: systemHost, send: sdkSend(dynoxide.client), environment: {} });
const item = async (table: string, key: Record<string, { S: string }>) =>
  (
    await sdkSend(dynoxide.client)(
      { operation: "GetItem", input: { TableName: table, Key: key, ConsistentRead: true } },
      {},
    )
  ).Item;

/** In batches that overlap, each in two processes at once. */
async function deliver(make: () => (event: never, context: never) => Promise<unknown>): Promise<void> {
  for (const from of [0, 15, 30, 60, 0]) {
    const event = kinesisSource.event(all.slice(from, from + 45));
    const responses = await Promise.all([make(), make()].map((handler) => handler(event, context as never)));
    expect(responses).toEqual([{ batchItemFailures: [] }, { batchItemFailures: [] }]);
  }
}

it("watermark: effects of each key in order, once", async () => {
  await deliver(() =>
    consumer().lambda(async ({ body }, tx) => {
      const { key, at } = body as Sent;
      const log = await tx.get<{ places: number[] }>({ TableName: "Orders", Key: { orderId: key } });
      tx.put({ TableName: "Orders", Item: { orderId: key, places: [...(log?.places ?? []), at] } });
      tx.increment({ TableName: "Orders", Key: { orderId: `${key}-count` } }, { n: 1 });
    }),
  );
  for (const key of ["k0", "k1", "k2"]) {
    const log = await item("Orders", { orderId: { S: key } });
    expect(log?.["places"]?.L?.map(({ N }) => Number(N))).toEqual(places(key));
    expect((await item("Orders", { orderId: { S: `${key}-count` } }))?.["n"]?.N).toBe("30");
  }
});

it("reduce: messages of each key folded in order, once", async () => {
  await deliver(() =>
    consumer().reduce<{ places: number[] }, never>({
      table: "States",
      partitionKey: "key",
      initial: { places: [] },
      apply: (state, message: Message) => ({ places: [...state.places, sent(message).at] }),
    }),
  );
  for (const key of ["k0", "k1", "k2"]) {
    const state = await item("States", { key: { S: key } });
    expect(state?.["state"]?.M?.["places"]?.L?.map(({ N }) => Number(N))).toEqual(places(key));
  }
});
