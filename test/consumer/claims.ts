// What the tests of strategy claim share: one message, its counter, and workers of one consumer over the same tables.

import type { Item } from "../../lib/aws/dynamodb.ts";
import type { exactlyOnce, Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer } from "../support/consumer.ts";
import { type Fault, faultySend } from "../support/faulty-send.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

export const event = sqsEvent({ body: { id: "a" } });
export const done = { batchItemFailures: [] };
export const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
export const claim = { key: "id", strategy: "claim" } as const;

export function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}
export const counted = (memory: MemoryDynamoDb): number => Number(memory.items("Counters")[0]?.["n"]?.N ?? 0);
export const record = (memory: MemoryDynamoDb): Item => memory.items(RECORDS)[0] ?? {};
export const operations = ({ requests }: TestConsumer<unknown>): string[] =>
  requests.map(({ request }) => request.operation);

/** Another worker of the same consumer: a process of its own, over the same tables. */
export function worker(
  { memory, host, logged }: TestConsumer<unknown>,
  options: Parameters<typeof exactlyOnce>[0] = {},
  fault: (request: DynamoDbRequest) => Fault = () => "none",
) {
  const queue = memoryQueue();
  const log = (level: string) => (message: string, details: Record<string, unknown>) =>
    logged.push({ level, message, details });
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const { send } = faultySend(memory, host, fault);
  const orders = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, logger, ...claim, ...options },
    { host, send, sqsSend: queue.sqsSend, environment: {} },
  );
  return { orders, queue };
}

/** A handler that takes this long, ms. */
export const slowly = (host: TestConsumer<unknown>["host"], ms: number) => async (message: unknown, tx: Tx) => {
  await new Promise<void>((resolve) => host.after(ms, resolve));
  count(message, tx);
};
