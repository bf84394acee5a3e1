// Attacks RE1 to RE4 of lib/consumer/rejection.ts and P4 of lib/protocol/record.ts: what can never succeed is recorded, then
// sent to the dead-letter queue, then acknowledged; nothing else is.

import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { SqsEvent } from "../../lib/aws/lambda.ts";
import { type ExactlyOnceOptions, PermanentError, type Tx } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf, memoryQueue, type QueueFault } from "../support/memory-queue.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";

const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const withDlq = { key: "id", deadLetterQueueUrl: DLQ_URL } as const;
const body = { id: "a" };

function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}

function never(): never {
  throw new PermanentError("the customer does not exist");
}

/** Declares an effect before it gives up: none of it may be seen. */
function countThenNever(message: unknown, tx: Tx): never {
  count(message, tx);
  return never();
}

/** The first commits meet these faults. */
function first(...faults: readonly Fault[]): (request: DynamoDbRequest) => Fault {
  const left = [...faults];
  return ({ operation }) => (operation === "TransactWriteItems" ? (left.shift() ?? "none") : "none");
}

/** The first sends to the dead-letter queue meet these. */
function queueWith(...faults: readonly QueueFault[]): ReturnType<typeof memoryQueue> {
  const left = [...faults];
  return memoryQueue(({ operation }) => (operation === "SendMessage" ? (left.shift() ?? "none") : "none"));
}

const statuses = ({ memory }: Pick<TestConsumer<unknown>, "memory">): unknown[] =>
  memory.items(RECORDS).map(({ status }) => status?.S);

describe("a PermanentError", () => {
  it("is recorded, goes to the dead-letter queue with the reason, and is acknowledged", async () => {
    const consumer = testConsumer(withDlq);
    const { orders, host, context, memory, queue, codes, requests } = consumer;
    const messageAttributes = {
      trace: { stringValue: "t-1", stringListValues: [], binaryListValues: [], dataType: "String" },
      weight: { stringValue: "1.50", dataType: "Number" },
      seal: { binaryValue: "AP8Q", dataType: "Binary.png" },
    };
    const event = sqsEvent({ body: '{ "id":  "a" }', messageAttributes });
    expect(await host.run(orders.lambda(countThenNever)(event, context()))).toEqual(done);
    expect(codes()).toEqual(["SEMEL_PERMANENT"]);
    expect(memory.items("Counters")).toEqual([]);
    expect(memory.items(RECORDS)).toMatchObject([
      { status: { S: "REJECTED" }, messageId: { S: "m-1" }, code: { S: "SEMEL_PERMANENT" } },
    ]);
    const [letter] = queue.deadLetters;
    expect(letter).toEqual({
      QueueUrl: DLQ_URL,
      MessageBody: '{ "id":  "a" }',
      MessageAttributes: {
        trace: { DataType: "String", StringValue: "t-1" },
        weight: { DataType: "Number", StringValue: "1.50" },
        seal: { DataType: "Binary.png", BinaryValue: Buffer.from([0, 255, 16]) },
        "semel-failure": { DataType: "String", StringValue: expect.any(String) },
      },
    });
    expect(letter && failureOf(letter)).toEqual({
      code: "SEMEL_PERMANENT",
      reason: "The handler says that it can never succeed: the customer does not exist",
      consumer: "orders",
      messageId: "m-1",
    });
    expect(queue.requests).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  it("fails the message like any other where no dead-letter queue is known", async () => {
    const { orders, host, context, memory, queue, codes } = testConsumer({ key: "id" });
    expect(await host.run(orders.lambda(never)(sqsEvent({ body }), context()))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_PERMANENT"]);
    expect([memory.items(RECORDS), queue.deadLetters]).toEqual([[], []]);
  });

  it("is one of another copy of this package, too", async () => {
    const { orders, host, context, queue } = testConsumer(withDlq);
    const handler = orders.lambda(() => {
      throw Object.assign(new Error("no"), { code: "SEMEL_PERMANENT" });
    });
    expect(await host.run(handler(sqsEvent({ body }), context()))).toEqual(done);
    expect(queue.deadLetters).toHaveLength(1);
  });

  it("is counted", async () => {
    const added: unknown[] = [];
    const metrics = { addMetric: (name: string, _unit: string, value: number) => void added.push([name, value]) };
    const { orders, host, context } = testConsumer({ ...withDlq, metrics });
    await host.run(orders.lambda(never)(sqsEvent({ body }), context()));
    expect(added).toEqual([["MessagesRejected", 1]]);
  });
});

describe("RE1: only the message's own fault rejects it", () => {
  const schema = z.object({ id: z.string() });
  const big = (_message: unknown, tx: Tx): void => {
    for (let index = 0; index < 100; index++) tx.put({ TableName: "Orders", Item: { orderId: `o${index}` } });
  };
  const stamped = { "semel-idempotency-key": { stringValue: "k-1", dataType: "String" } };

  interface Case {
    readonly options?: Partial<ExactlyOnceOptions<typeof schema>>;
    readonly message: TestMessage;
    readonly handler?: (message: unknown, tx: Tx) => void;
  }
  it.each<[string, Case, number]>([
    ["SEMEL_BODY", { message: { body: "{" } }, 0],
    ["SEMEL_BODY", { options: { key: undefined as never }, message: { body: "{", messageAttributes: stamped } }, 1],
    ["SEMEL_SCHEMA", { options: { schema, key: ({ body: { id } }) => id }, message: { body: { id: 1 } } }, 0],
    ["SEMEL_SCHEMA", { options: { schema: z.object({ id: z.string(), n: z.number() }) }, message: { body } }, 1],
    ["SEMEL_KEY", { message: { body: {} } }, 0],
    ["SEMEL_LIMIT", { message: { body }, handler: big }, 1],
  ])("%s: %j leaves %i records", async (code, { options, message, handler = count }, records) => {
    const consumer = testConsumer({ ...withDlq, ...options });
    const { orders, host, context, memory, queue, codes } = consumer;
    expect(await host.run(orders.lambda(handler)(sqsEvent(message), context()))).toEqual(done);
    expect(codes()).toEqual([code]);
    expect(queue.deadLetters.map(failureOf)).toMatchObject([{ code, messageId: "m-1" }]);
    expect(statuses(consumer)).toEqual(Array(records).fill("REJECTED"));
    expect([memory.items("Counters"), memory.items("Orders")]).toEqual([[], []]);
  });

  it.each<[string, Case]>([
    ["SEMEL_HANDLER", { message: { body }, handler: () => JSON.parse("{") }],
    ["SEMEL_EFFECT", { message: { body }, handler: (_message, tx) => tx.put({ TableName: "Orders" } as never) }],
    ["SEMEL_OPTIONS", { message: { body }, options: { fingerprint: () => undefined } }],
    ["SEMEL_SCHEMA", { message: { body }, options: { schema: throwing() } }],
  ])("%s comes again: a deployment, or time, may mend it", async (code, { options, message, handler = count }) => {
    const { orders, host, context, memory, queue, codes } = testConsumer({ ...withDlq, ...options });
    expect(await host.run(orders.lambda(handler)(sqsEvent(message), context()))).toEqual(failed);
    expect(codes()).toEqual([code]);
    expect([memory.items(RECORDS), queue.deadLetters]).toEqual([[], []]);
  });

  it("another payload under a committed key goes to the dead-letter queue; the record is not touched", async () => {
    const { orders, host, context, memory, queue, codes } = testConsumer(withDlq);
    const handler = orders.lambda(count);
    await host.run(handler(sqsEvent({ body: { ...body, pence: 1 } }), context()));
    const before = memory.items(RECORDS);
    const other = sqsEvent({ messageId: "m-2", body: { ...body, pence: 2 } });
    expect(await host.run(handler(other, context()))).toEqual(done);
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH"]);
    expect(queue.deadLetters.map(failureOf)).toMatchObject([{ code: "SEMEL_PAYLOAD_MISMATCH", messageId: "m-2" }]);
    expect(memory.items(RECORDS)).toEqual(before);
  });

  it("never after a try was left open: it may still be applied", async () => {
    const { orders, host, context, memory, queue, codes } = testConsumer(withDlq, first("applied-later"));
    const setCounter = (n: string): void =>
      void memory.send({
        operation: "TransactWriteItems",
        input: { TransactItems: [{ Put: { TableName: "Counters", Item: { id: { S: "n" }, n: { N: n } } } }] },
      });
    setCounter("1");
    let runs = 0;
    const handler = orders.lambda(async (_message, tx) => {
      if (++runs === 2) never();
      await tx.get({ TableName: "Counters", Key: { id: "n" } });
      tx.put({ TableName: "Orders", Item: { orderId: "a" } });
      setCounter("2"); // the guard of the second try fails, while the first is still open
    });
    expect(await host.run(handler(sqsEvent({ body }), context()))).toEqual(failed);
    expect(runs).toBe(2);
    expect(codes()).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
    expect([memory.items(RECORDS), queue.deadLetters]).toEqual([[], []]);
  });

  it("never after an unknown outcome, and never after the gate closed", async () => {
    for (const nextFault of [() => "hangs" as const, first("none")]) {
      const { orders, host, context, memory, queue } = testConsumer(withDlq, nextFault);
      const handler = orders.lambda(async () => {
        await new Promise<void>((resolve) => host.after(1_900, resolve)); // the gate closes at 1,500
        never();
      });
      expect(await host.run(handler(sqsEvent({ body }), context(2_000)))).toEqual(failed);
      await host.drain();
      expect([memory.items(RECORDS), queue.deadLetters]).toEqual([[], []]);
    }
  });
});

it("RE1: after the gate closed nothing is sent, be there a record to write or not", async () => {
  const refusal = { issues: [{ message: "no" }] };
  for (const key of ["id", () => "a"]) {
    const validate = (): Promise<never> => new Promise((resolve) => host.after(1_600, () => resolve(refusal as never)));
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } };
    const { orders, host, context, queue, codes, requests } = testConsumer({ ...withDlq, key, schema });
    expect(await host.run(orders.lambda(count)(sqsEvent({ body }), context(2_000)))).toEqual(failed); // the gate: 1,500
    expect(codes()).toEqual(["SEMEL_SCHEMA"]);
    expect([queue.deadLetters, requests]).toEqual([[], []]);
  }
});

function throwing(): z.ZodObject<{ id: z.ZodString }> {
  const validate = (): never => {
    throw new Error("the service that the schema asks is down");
  };
  return { "~standard": { version: 1, vendor: "test", validate } } as never;
}

describe("RE2: nothing is sent before the rejection is committed", () => {
  it.each<Fault>(["never-applied", "hangs", "applied-later", "server-error", "throttled", "conflict-on-record"])(
    "a commit of the rejection that only knows %s leaves the message in its queue",
    async (fault) => {
      const { orders, host, context, queue, codes } = testConsumer(withDlq, () => fault);
      expect(await host.run(orders.lambda(never)(sqsEvent({ body }), context(6_000)))).toEqual(failed);
      const cutOff = fault === "hangs" || fault === "applied-later"; // by the deadline, with the commit under way
      expect(codes()).toEqual([cutOff ? "SEMEL_UNKNOWN_OUTCOME" : "SEMEL_DEAD_LETTER"]);
      await host.drain();
      expect(queue.deadLetters).toEqual([]);
    },
  );

  it.each<Fault>(["answer-lost", "server-error-applied", "in-progress-applied", "throttled"])(
    "%s once: it is committed in the end, and sent once",
    async (fault) => {
      const consumer = testConsumer(withDlq, first(fault));
      const { orders, host, context, queue } = consumer;
      expect(await host.run(orders.lambda(never)(sqsEvent({ body }), context()))).toEqual(done);
      expect(queue.deadLetters).toHaveLength(1);
      expect(statuses(consumer)).toEqual(["REJECTED"]);
    },
  );

  it("a commit of the same message that arrives late loses against the rejection", async () => {
    let runs = 0;
    const consumer = testConsumer(withDlq, first("applied-later"));
    const { orders, host, context, memory, queue } = consumer;
    const handler = orders.lambda((message, tx) => (++runs === 1 ? count(message, tx) : never()));
    expect(await host.run(handler(sqsEvent({ body }), context(2_000)))).toEqual(failed);
    expect(await host.run(handler(sqsEvent({ body, receiveCount: 2 }), context()))).toEqual(done);
    expect(queue.deadLetters).toHaveLength(1);
    await host.drain(); // the first commit arrives
    expect(memory.items("Counters")).toEqual([]);
    expect(statuses(consumer)).toEqual(["REJECTED"]);
  });
});

describe("RE3: acknowledged only when SQS has the dead letter", () => {
  it.each<[QueueFault, number]>([
    ["never-applied", 1],
    ["answer-lost", 2],
    ["hangs", 1],
    ["no-id", 2],
  ])("%s: failed; the redelivery sends it again without running the handler (%i letters)", async (fault, letters) => {
    const queue = queueWith(fault);
    const { orders, host, context, codes } = testConsumer(withDlq, undefined, queue);
    let runs = 0;
    const handler = orders.lambda((_message, tx) => {
      if (++runs === 1) never();
      count(_message, tx);
    });
    expect(await host.run(handler(sqsEvent({ body }), context()))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_DEAD_LETTER"]);
    expect(await host.run(handler(sqsEvent({ body, receiveCount: 2 }), context()))).toEqual(done);
    expect(runs).toBe(1);
    expect(queue.deadLetters).toHaveLength(letters);
    expect(queue.deadLetters.map(failureOf)).toContainEqual({
      code: "SEMEL_PERMANENT",
      reason: "The handler says that it can never succeed: the customer does not exist",
      consumer: "orders",
      messageId: "m-1",
    });
  });

  it("a copy that comes as if it were new cannot commit either", async () => {
    const consumer = testConsumer(withDlq, undefined, queueWith("never-applied"));
    const { orders, host, context, memory, queue } = consumer;
    let runs = 0;
    const handler = orders.lambda((message, tx) => (++runs === 1 ? never() : count(message, tx)));
    await host.run(handler(sqsEvent({ body }), context()));
    expect(await host.run(handler(sqsEvent({ body }), context()))).toEqual(done);
    expect([runs, queue.deadLetters.length, memory.items("Counters")]).toEqual([2, 1, []]);
    expect(statuses(consumer)).toEqual(["REJECTED"]);
  });
});

describe("RE4: what was committed is not rejected", () => {
  it.each([1, 2])("a copy at receive %i is a duplicate, though its handler would give up", async (receiveCount) => {
    const consumer = testConsumer(withDlq);
    const { orders, host, context, queue } = consumer;
    let runs = 0;
    const handler = orders.lambda((message, tx) => (++runs === 1 ? count(message, tx) : never()));
    await host.run(handler(sqsEvent({ body }), context()));
    expect(await host.run(handler(sqsEvent({ body, receiveCount }), context()))).toEqual(done);
    expect(runs).toBe(receiveCount === 1 ? 2 : 1);
    expect([statuses(consumer), queue.deadLetters]).toEqual([["COMPLETED"], []]);
  });
});

describe("P4: a redrive of a rejected message", () => {
  const redriven = (messageId: string): SqsEvent => sqsEvent({ messageId, body, receiveCount: 1 });

  it("may run and succeed; then the rejected one is a duplicate", async () => {
    const consumer = testConsumer(withDlq);
    const { orders, host, context, memory } = consumer;
    let mended = false;
    const handler = orders.lambda((message, tx) => (mended ? count(message, tx) : never()));
    await host.run(handler(redriven("m-1"), context()));
    mended = true;
    expect(await host.run(handler(redriven("m-2"), context()))).toEqual(done);
    expect(memory.items(RECORDS)).toMatchObject([{ status: { S: "COMPLETED" }, messageId: { S: "m-2" } }]);
    expect(await host.run(handler(redriven("m-1"), context()))).toEqual(done);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "1" } }]);
  });

  it("may be rejected again, and is then the one that is stopped", async () => {
    const consumer = testConsumer(withDlq);
    const { orders, host, context, memory, queue } = consumer;
    const handler = orders.lambda(never);
    for (const id of ["m-1", "m-2"]) expect(await host.run(handler(redriven(id), context()))).toEqual(done);
    expect(memory.items(RECORDS)).toMatchObject([{ status: { S: "REJECTED" }, messageId: { S: "m-2" } }]);
    expect(queue.deadLetters.map(failureOf)).toMatchObject([{ messageId: "m-1" }, { messageId: "m-2" }]);
  });

  it("a failed condition of the redriven message is its own: the old rejection does not count", async () => {
    const consumer = testConsumer(withDlq);
    const { orders, host, context, codes } = consumer;
    let runs = 0;
    const handler = orders.lambda((_message, tx) => {
      if (++runs === 1) never();
      tx.check({ TableName: "Orders", Key: { orderId: "b" }, ConditionExpression: "attribute_exists(orderId)" });
    });
    await host.run(handler(redriven("m-1"), context()));
    const response = await host.run(handler(redriven("m-2"), context()));
    expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
    expect(codes()).toEqual(["SEMEL_PERMANENT", "SEMEL_CONDITION"]);
  });
});

describe("messages of one key in one batch", () => {
  it("a rejection stops copies of the message, and no other message", async () => {
    const { orders, host, context, memory, queue } = testConsumer(withDlq);
    const event = sqsEvent(
      { messageId: "m-1", body },
      { messageId: "m-1", body },
      { messageId: "m-2", body },
      { messageId: "m-3", body },
    );
    const runs: string[] = [];
    const handler = orders.lambda((message, tx) => {
      runs.push(message.messageId);
      if (message.messageId === "m-1") never();
      count(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(runs).toEqual(["m-1", "m-2"]);
    expect(queue.deadLetters).toHaveLength(1);
    expect(memory.items("Counters")).toMatchObject([{ n: { N: "1" } }]);
  });

  it("another payload beside a committed one goes to the dead-letter queue", async () => {
    const { orders, host, context, queue } = testConsumer(withDlq);
    const event = sqsEvent({ body: { ...body, pence: 1 } }, { body: { ...body, pence: 2 } });
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(done);
    expect(queue.deadLetters.map(failureOf)).toMatchObject([{ code: "SEMEL_PAYLOAD_MISMATCH", messageId: "m-2" }]);
  });
});

it("a dead letter without room for the reason is sent without, and logs and metrics say so", async () => {
  const added: string[] = [];
  const metrics = { addMetric: (name: string) => void added.push(name) };
  const { orders, host, context, queue, logged } = testConsumer({ ...withDlq, metrics });
  const names = Array.from({ length: 10 }, (_, index) => [`a${index}`, { stringValue: "x", dataType: "String" }]);
  const messageAttributes = Object.fromEntries(names);
  expect(await host.run(orders.lambda(never)(sqsEvent({ body, messageAttributes }), context()))).toEqual(done);
  expect(Object.keys(queue.deadLetters[0]?.MessageAttributes ?? {})).toEqual(Object.keys(messageAttributes));
  expect(added.sort()).toEqual(["MessagesRejected", "RejectionReasonsDropped"]);
  expect(logged).toContainEqual(
    expect.objectContaining({ level: "warn", details: expect.objectContaining({ messageId: "m-1", key: "a" }) }),
  );
});
