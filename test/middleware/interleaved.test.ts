// W1 of lib/middleware/exactly-once.ts where invocations of one process really interleave: another middleware waits
// between semel's hook and its handler, and the first to come is the first to end.

import middy from "@middy/core";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { expect, it } from "vitest";
import { testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

type Run = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

const event = (id: string, ms: number): SQSEvent => sqsEvent({ messageId: id, body: { id, ms } }) as SQSEvent;
const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});

it("W1: an invocation that ends does not end another one", async () => {
  const { orders, host, context, memory } = testConsumer({ key: "id" });
  const handler: Run = middy()
    .use(orders)
    .handler(
      orders.each(async ({ body }, tx) => {
        const { id, ms } = body as { id: string; ms: number };
        await new Promise<void>((resolve) => host.after(ms, resolve));
        tx.put({ TableName: "Orders", Item: { orderId: id } });
      }),
    );
  const lambda = (): Context => context() as Context;
  const both = Promise.all([handler(event("quick", 10), lambda()), handler(event("slow", 500), lambda())]);
  expect(await host.run(both)).toEqual([failed(), failed()]);
  expect(memory.items("Orders")).toHaveLength(2);
});

it("W1: each handler finds its own invocation, though another began in between", async () => {
  const { orders, host, context } = testConsumer({ key: "id" });
  const handler: Run = middy()
    .use(orders)
    .before(() => new Promise<void>((resolve) => host.after(10, resolve)))
    .handler(
      orders.each(({ messageId }) => {
        if (messageId === "bad") throw new Error("no");
      }),
    );
  const lambda = (): Context => context() as Context;
  const both = Promise.all([handler(event("good", 0), lambda()), handler(event("bad", 0), lambda())]);
  expect(await host.run(both)).toEqual([failed(), failed("bad")]);
});
