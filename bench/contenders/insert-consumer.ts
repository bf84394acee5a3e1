// The consumer of the contenders that insert. Its table holds an item a message, whose amounts come to what counters would.

import { type BatchHandler, exactlyOnce } from "semel";
import type { Body } from "../events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, ENVIRONMENT } from "../names.ts";

export function insertConsumer({ groupCommit }: { readonly groupCommit: boolean }): BatchHandler {
  const appendOnlyTable = process.env[ENVIRONMENT.counters] ?? "";
  const consumer = exactlyOnce({
    consumer: "bench",
    table: process.env[ENVIRONMENT.records] ?? "",
    retentionDays: 30,
    key: "messageId",
    strategy: "insert",
    insert: { appendOnlyTable, primaryKey: COUNTERS_KEY },
    groupCommit,
  });
  return consumer.lambda(({ body }, tx) => {
    const { item, amount } = body as Body;
    tx.insert({ TableName: appendOnlyTable, Item: { item, [COUNTED_ATTRIBUTE]: amount } });
  });
}
