// When failed messages come again: RetryLater, the backoff, and what SQS does not answer. Attacks QA2 of
// lib/consumer/queue-actions.ts.

import { describe, expect, it } from "vitest";
import { RetryLater } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const failures = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const event = sqsEvent({ body: { id: "a" } });
const handle = "handle of m-1";

function fail(): never {
  throw new Error("no");
}

describe("a failed message", () => {
  it("comes again after a random time, up to a bound that doubles with every receipt", async () => {
    const { orders, host, context, queue } = testConsumer({ key: "id" }); // random() is 0.5
    const seconds: unknown[] = [];
    for (const receiveCount of [1, 2, 3, 20]) {
      await host.run(orders.lambda(fail)(sqsEvent({ body: { id: "a" }, receiveCount }), context()));
      seconds.push(queue.hidden.get(handle));
    }
    expect(seconds).toEqual([16, 31, 61, 451]);
  });

  it("comes again as the option says", async () => {
    const { orders, host, context, queue } = testConsumer({ key: "id", backoff: { baseSeconds: 4, capSeconds: 8 } });
    const two = sqsEvent({ body: { id: "a" } }, { body: { id: "b" }, receiveCount: 9 });
    await host.run(orders.lambda(fail)(two, context()));
    expect([...queue.hidden.values()]).toEqual([3, 5]);
  });

  it("is left to the visibility timeout with backoff: false", async () => {
    const { orders, host, context, queue } = testConsumer({ key: "id", backoff: false });
    expect(await host.run(orders.lambda(fail)(event, context()))).toEqual(failures("m-1"));
    expect(queue.requests).toEqual([]);
  });

  it("is hidden in calls of 10, with the queue looked up once in a process", async () => {
    const { orders, host, context, queue } = testConsumer({ key: "id" });
    const many = sqsEvent(...Array.from({ length: 25 }, (_, index) => ({ body: { id: `k${index}` } })));
    const handler = orders.lambda(fail);
    await host.run(handler(many, context()));
    await host.run(handler(many, context()));
    const operations = queue.requests.map(({ operation }) => operation);
    expect(operations).toEqual(["GetQueueUrl", ...Array(6).fill("ChangeMessageVisibilityBatch")]);
    expect(queue.requests[0]?.input).toEqual({ QueueName: "orders", QueueOwnerAWSAccountId: "123456789012" });
    const sizes = queue.requests.flatMap(({ input }) => ("Entries" in input ? [input.Entries.length] : []));
    expect(sizes).toEqual([10, 10, 5, 10, 10, 5]);
    expect(queue.hidden.size).toBe(25);
  });
});

describe("RetryLater", () => {
  it("says when, whatever the backoff", async () => {
    for (const backoff of [true, false]) {
      const { orders, host, context, queue, codes } = testConsumer({ key: "id", backoff });
      const handler = orders.lambda(() => {
        throw new RetryLater({ afterSeconds: 90.5 });
      });
      expect(await host.run(handler(event, context()))).toEqual(failures("m-1"));
      expect(codes()).toEqual(["SEMEL_RETRY_LATER"]);
      expect([...queue.hidden]).toEqual([[handle, 91]]);
    }
  });

  it.each([-1, Number.NaN, 43_201, "60", undefined])("of %j is refused where it is made", (afterSeconds) => {
    expect(() => new RetryLater({ afterSeconds: afterSeconds as number })).toThrow(
      /afterSeconds is .*Use 0 to 43200.*SEMEL_OPTIONS/,
    );
  });

  it("keeps its cause", () => {
    const cause = new Error("429");
    expect(new RetryLater({ afterSeconds: 0, cause }).cause).toBe(cause);
  });
});

describe("QA2: when SQS does not do it", () => {
  it.each(["never-applied", "hangs", "answer-lost"] as const)(
    "%s: the message is failed all the same",
    async (fault) => {
      const added: string[] = [];
      const metrics = { addMetric: (name: string) => void added.push(name) };
      const { orders, host, context, logged } = testConsumer(
        { key: "id", metrics },
        undefined,
        memoryQueue(() => fault),
      );
      const started = host.nowMs();
      expect(await host.run(orders.lambda(fail)(event, context(60_000)))).toEqual(failures("m-1"));
      expect(host.nowMs() - started).toBeLessThanOrEqual(3_000);
      expect(added.sort()).toEqual(["MessagesFailed", "VisibilityChangesFailed"]);
      expect(logged).toMatchObject([{ level: "error" }, { level: "warn", details: { messageIds: ["m-1"] } }]);
    },
  );

  it("an entry that SQS refuses is told by its message", async () => {
    const queue = memoryQueue();
    const { orders, host, context, logged } = testConsumer({ key: "id" }, undefined, {
      ...queue,
      sqsSend: async (request, options) => {
        const answer = await queue.sqsSend(request, options);
        const refused = { Failed: [{ Id: "1", Code: "ReceiptHandleIsInvalid" }] };
        return request.operation === "ChangeMessageVisibilityBatch" ? { ...answer, ...refused } : answer;
      },
    });
    await host.run(orders.lambda(fail)(sqsEvent({ body: { id: "a" } }, { body: { id: "b" } }), context()));
    const warnings = logged.filter(({ level }) => level === "warn");
    expect(warnings).toMatchObject([{ details: { messageIds: ["m-2"], cause: { Code: "ReceiptHandleIsInvalid" } } }]);
  });

  it.each([
    ["", memoryQueue(() => "hangs").sqsSend],
    [", and its client hears no signal", () => new Promise<never>(() => {})],
  ])("the response is out in time, even if SQS never answers%s", async (_and, sqsSend) => {
    const { orders, host, context } = testConsumer({ key: "id" }, undefined, { ...memoryQueue(), sqsSend });
    const started = host.nowMs();
    const handler = orders.lambda(async () => {
      await new Promise<void>((resolve) => host.after(1_400, resolve));
      fail();
    });
    expect(await host.run(handler(event, context(2_000)))).toEqual(failures("m-1"));
    expect(host.nowMs() - started).toBe(1_750); // the margin's half before the function's end
  });
});

it("what succeeds, and what the deadline cut off, asks nothing of SQS", async () => {
  const { orders, host, context, queue } = testConsumer({ key: "id" });
  await host.run(orders.lambda(() => {})(event, context()));
  const slow = orders.lambda(() => new Promise(() => {}));
  expect(await host.run(slow(sqsEvent({ body: { id: "b" } }), context(2_000)))).toEqual(failures("m-1"));
  expect(queue.requests).toEqual([]);
});
