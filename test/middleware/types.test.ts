// What the compiler promises to users. The assertions are types; `npm run check` runs them.

import middy from "@middy/core";
import type { Context, SQSBatchResponse, SQSEvent, SQSHandler } from "aws-lambda";
import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { exactlyOnce } from "../../lib/index.ts";

const Order = z.object({ orderId: z.string(), totalPence: z.number().int() });
const names = { consumer: "orders", table: "Records", retentionDays: 40 };

it("infers the body from the schema, in the handler and in the key", () => {
  const orders = exactlyOnce({
    ...names,
    schema: Order,
    key: (m) => {
      expectTypeOf(m.body).toEqualTypeOf<{ orderId: string; totalPence: number }>();
      return m.body.orderId;
    },
    fingerprint: (m) => m.body.totalPence,
  });
  const handler: SQSHandler = orders.lambda(async ({ body }, tx) => {
    expectTypeOf(body).toEqualTypeOf<{ orderId: string; totalPence: number }>();
    expectTypeOf(tx.key).toEqualTypeOf<string>();
  });
  expect(handler).toBeTypeOf("function");
});

it("leaves the body unknown without a schema", () => {
  const orders = exactlyOnce(names);
  orders.lambda(({ body }) => {
    expectTypeOf(body).toBeUnknown();
  });
});

it("gives an SQSHandler with Middy", () => {
  const orders = exactlyOnce({ ...names, schema: Order, key: "orderId" });
  const handler: SQSHandler = middy()
    .use(orders)
    .handler(orders.each(async ({ body }) => void body.orderId));
  const typed: (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> = middy()
    .use(orders)
    .handler(orders.each(() => {}));
  expect([handler, typed]).toHaveLength(2);
});

it("catches a bare middy() without .use(orders)", () => {
  const orders = exactlyOnce({ ...names, schema: Order, key: "orderId" });
  // @ts-expect-error the middleware is missing
  middy().handler(orders.each(() => {}));
});

it("sends to queues, buses and topics, by names that may come from the environment", () => {
  const name = (): string | undefined => undefined;
  exactlyOnce(names).lambda((_message, tx) => {
    tx.send(name(), { orderId: "1" }, { groupId: "1" });
    tx.publish(name(), { source: "shop", detailType: "Shipped", detail: {} });
    tx.publish(name(), { body: "text", subject: "line" });
    // @ts-expect-error an event has a source
    tx.publish(name(), { detailType: "Shipped", detail: {} });
  });
});

it("takes no unknown option", () => {
  // @ts-expect-error a typing mistake
  expect(() => exactlyOnce({ ...names, retentionDay: 3 })).toThrow(/unknown option retentionDay/);
});
