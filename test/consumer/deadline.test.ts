// The end of an invocation: nothing starts or commits after the gate, and the response tells the truth in time.

import { describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = (...ids: string[]): ReturnType<typeof sqsEvent> =>
  sqsEvent(...ids.map((id) => ({ messageId: id, body: { id } })));
const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const put = (tx: Tx, orderId: string): void => tx.put({ TableName: "Orders", Item: { orderId } });

describe("the deadline", () => {
  it("one slow message never makes its batch run again", async () => {
    const { orders, memory, host, context, codes } = testConsumer({ key: "id" });
    const handler = orders.lambda(async ({ messageId }, tx) => {
      put(tx, messageId);
      if (messageId === "slow") await new Promise<void>((resolve) => host.after(60_000, resolve));
    });
    const lambda = context(2_000);
    expect(await host.run(handler(event("a", "slow", "b"), lambda))).toEqual(failed("slow"));
    expect(lambda.getRemainingTimeInMillis()).toBeGreaterThan(0);
    expect(codes()).toEqual(["SEMEL_DEADLINE"]);
    expect(memory.items("Orders").map(({ orderId }) => orderId?.S)).toEqual(["a", "b"]);
  });

  it("aborts tx.signal", async () => {
    const { orders, host, context } = testConsumer({ key: "id" });
    let abortedMs = 0;
    const startMs = host.nowMs();
    const handler = orders.lambda(
      (_message, { signal }) =>
        new Promise<void>((_, reject) => {
          signal.addEventListener("abort", () => {
            abortedMs = host.nowMs() - startMs;
            reject(signal.reason);
          });
        }),
    );
    expect(await host.run(handler(event("a"), context(2_000)))).toEqual(failed("a"));
    expect(abortedMs).toBe(1_500);
  });

  it("starts no message when the time left is under the margin", async () => {
    const { orders, host, context, requests, codes } = testConsumer({ key: "id", concurrency: 1 });
    const handler = orders.lambda(async () => {
      await new Promise<void>((resolve) => host.after(900, resolve));
    });
    expect(await host.run(handler(event("a", "b", "c"), context(2_000)))).toEqual(failed("b", "c"));
    expect(requests).toHaveLength(1);
    expect(codes()).toEqual(["SEMEL_DEADLINE", "SEMEL_DEADLINE"]);
  });

  it("L1: an abandoned handler that wakes later commits nothing, and crashes nothing", async () => {
    const { orders, memory, host, context, requests } = testConsumer({ key: "id" });
    let late: unknown;
    const handler = orders.lambda(async (_message, tx) => {
      await new Promise<void>((resolve) => host.after(60_000, resolve));
      try {
        put(tx, "late");
      } catch (error) {
        late = error;
        throw error;
      }
    });
    expect(await host.run(handler(event("a"), context(2_000)))).toEqual(failed("a"));
    await host.drain();
    expect(String(late)).toMatch(/SEMEL_TX_CLOSED/);
    expect(requests).toEqual([]);
    expect(memory.items(RECORDS)).toEqual([]);
  });

  it("no commit is sent after the gate, though its handler ended in time", async () => {
    let sends = 0;
    const { orders, host, context, codes } = testConsumer({ key: "id" }, () => {
      sends++;
      return "throttled";
    });
    const handler = orders.lambda((_message, tx) => put(tx, "a"));
    expect(await host.run(handler(event("a"), context(1_000)))).toEqual(failed("a"));
    const before = sends;
    await host.drain();
    expect(sends).toBe(before);
    expect(codes()).toEqual(["SEMEL_CONTENTION"]);
  });

  it("says so when there was never enough time", async () => {
    const { orders, host, context, logged } = testConsumer({ key: "id" });
    expect(await host.run(orders.lambda(() => {})(event("a"), context(300)))).toEqual(failed("a"));
    expect(logged[0]?.message).toMatch(/deadline was near before it was started.*raise the function's timeout/s);
  });

  it("works with a time left of zero or less, as on Managed Instances", async () => {
    const { orders, host, context } = testConsumer({ key: "id" });
    expect(await host.run(orders.lambda(() => {})(event("a"), context(-5)))).toEqual(failed("a"));
  });

  it("refuses a time left that is no number", async () => {
    const { orders, host } = testConsumer({ key: "id" });
    const odd = { awsRequestId: "r", getRemainingTimeInMillis: () => undefined as unknown as number };
    await expect(host.run(orders.lambda(() => {})(event("a"), odd))).rejects.toThrow(
      /getRemainingTimeInMillis gave undefined/,
    );
  });

  it("ends with the batch: nothing is left that keeps the process alive", async () => {
    const { orders, host, context } = testConsumer({ key: "id" });
    let signal: AbortSignal | undefined;
    const handler = orders.lambda((_message, tx) => {
      ({ signal } = tx);
    });
    await host.run(handler(event("a"), context()));
    const before = host.nowMs();
    await host.drain();
    expect(host.nowMs()).toBe(before);
    expect(String(signal?.reason)).toMatch(/the invocation is over/);
  });

  it("refuses a context that does not tell the time left", async () => {
    const { orders, host } = testConsumer({ key: "id" });
    const bare = {} as Parameters<ReturnType<typeof orders.lambda>>[1];
    await expect(host.run(orders.lambda(() => {})(event("a"), bare))).rejects.toThrow(/no getRemainingTimeInMillis/);
  });
});
