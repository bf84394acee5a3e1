// semel, by its public API.

import { exactlyOnce } from "semel";
import type { Body } from "../events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, ENVIRONMENT } from "../names.ts";

const consumer = exactlyOnce({
  consumer: "bench",
  table: process.env[ENVIRONMENT.records] ?? "",
  retentionDays: 30,
  key: "messageId",
});

export const handler = consumer.lambda(async ({ body }, tx) => {
  const { item, amount } = body as Body;
  const counter = { TableName: process.env[ENVIRONMENT.counters], Key: { [COUNTERS_KEY]: item } };
  tx.increment(counter, { [COUNTED_ATTRIBUTE]: amount });
});
