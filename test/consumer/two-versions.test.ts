// Two versions of the code run side by side during a deployment, so there are records that this one cannot read. Attacks P1 of
// lib/protocol/record.ts through the whole runtime: such a record means retry; it is never taken for done, and never overwritten.

import { describe, expect, it } from "vitest";
import type { AttributeValue, Item } from "../../lib/aws/dynamodb.ts";
import { PermanentError, type Tx } from "../../lib/index.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const options = { key: "id", deadLetterQueueUrl: DLQ_URL } as const;

/** What another version may have changed of a COMPLETED record of "b"; undefined: left out. */
const RECORDS_OF_OTHERS: Record<string, Record<string, AttributeValue | undefined>> = {
  "of a newer format": { formatVersion: { N: "2" } },
  "of a newer format, rejected": { formatVersion: { N: "2" }, status: { S: "REJECTED" }, messageId: { S: "other" } },
  "of a newer format, with nothing that is known": {
    formatVersion: { N: "99" },
    status: undefined,
    attemptId: undefined,
    fingerprint: undefined,
    messageId: undefined,
    committedAt: undefined,
  },
  "of an unknown status": { status: { S: "SUSPENDED" } },
  "without a status": { status: undefined },
  "without a format": { formatVersion: undefined },
  "without an attempt": { attemptId: undefined },
  "without a fingerprint": { fingerprint: undefined },
};

interface Scene extends TestConsumer<unknown> {
  readonly record: Item;
  deliver(
    handler: (message: { messageId: string }, tx: Tx) => void,
    ids: string,
    receiveCount: number,
  ): Promise<unknown>;
}

/** A consumer in whose table the record of the key "b" is as another version wrote it. */
async function scene(change: Record<string, AttributeValue | undefined>): Promise<Scene> {
  const other = testConsumer(options);
  await other.host.run(other.orders.lambda(() => {})(sqsEvent({ body: { id: "b" } }), other.context()));
  const [written = {}] = other.memory.items(RECORDS);
  const record = Object.fromEntries(
    Object.entries({ ...written, ...change }).flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
  const consumer = testConsumer(options);
  const put = { Put: { TableName: RECORDS, Item: record } };
  consumer.memory.send({ operation: "TransactWriteItems", input: { TransactItems: [put] } });
  return {
    ...consumer,
    record,
    deliver(handler, ids, receiveCount) {
      const messages = [...ids].map((id) => ({ messageId: id, body: { id }, receiveCount }));
      return consumer.host.run(consumer.orders.lambda(handler)(sqsEvent(...messages), consumer.context()));
    },
  };
}

function count({ messageId }: { messageId: string }, tx: Tx): void {
  for (const id of [messageId, "all"]) tx.increment({ TableName: "Counters", Key: { id } }, { n: 1 });
}

function counters({ memory }: Scene): Record<string, number> {
  return Object.fromEntries(memory.items("Counters").map(({ id, n }) => [id?.S, Number(n?.N)]));
}

describe.each(Object.entries(RECORDS_OF_OTHERS))("P1: a record %s", (_what, change) => {
  it.each([1, 2])("at receive %i: its message fails, and comes again; the record stays", async (receiveCount) => {
    const world = await scene(change);
    expect(await world.deliver(count, "b", receiveCount)).toEqual(failed("b"));
    expect(world.codes()).toEqual(["SEMEL_RECORD_FORMAT"]);
    expect(world.logged.map(({ details }) => details["retryable"])).toEqual([true]);
    expect(world.memory.items(RECORDS)).toEqual([world.record]);
    expect([counters(world), world.queue.deadLetters]).toEqual([{}, []]);
  });

  it.each([1, 2])("at receive %i: the rest of its group commits", async (receiveCount) => {
    const world = await scene(change);
    expect(await world.deliver(count, "abcd", receiveCount)).toEqual(failed("b"));
    expect(counters(world)).toEqual({ a: 1, c: 1, d: 1, all: 3 });
    expect(world.memory.items(RECORDS)).toContainEqual(world.record);
    expect(world.memory.items(RECORDS)).toHaveLength(4);
  });

  it.each([1, 2])("at receive %i: a handler that gives up for good does not reject it", async (receiveCount) => {
    const world = await scene(change);
    const never = (): never => {
      throw new PermanentError("no such customer");
    };
    expect(await world.deliver(never, "b", receiveCount)).toEqual(failed("b"));
    expect(world.memory.items(RECORDS)).toEqual([world.record]);
    expect(world.queue.deadLetters).toEqual([]);
  });

  it("a condition of the handler's that fails beside it is not the business's", async () => {
    const world = await scene(change);
    let runs = 0;
    const handler = (message: { messageId: string }, tx: Tx): void => {
      runs++;
      count(message, tx);
      tx.check({ TableName: "Orders", Key: { orderId: "x" }, ConditionExpression: "attribute_exists(orderId)" });
    };
    expect(await world.deliver(handler, "b", 1)).toEqual(failed("b"));
    expect([runs, world.codes()]).toEqual([1, ["SEMEL_RECORD_FORMAT"]]);
  });

  it("is read again when the deployment is over: then its message is a duplicate", async () => {
    const world = await scene(change);
    await world.deliver(count, "b", 1);
    const mended = await scene({}); // the same record, as the version that is left reads it
    const put = { Put: { TableName: RECORDS, Item: mended.record } };
    world.memory.send({ operation: "TransactWriteItems", input: { TransactItems: [put] } });
    expect(await world.deliver(count, "b", 2)).toEqual({ batchItemFailures: [] });
    expect(counters(world)).toEqual({});
  });
});
