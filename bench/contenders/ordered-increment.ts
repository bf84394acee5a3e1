// semel's consumers of ordered sources that declare an increment a message; the two differ in their strategy.

import { type BatchHandler, exactlyOnce, type KinesisEvent, type SqsEvent } from "semel";
import type { Body } from "../events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, ENVIRONMENT } from "../names.ts";

export function orderedIncrement(strategy: "commit" | "watermark"): BatchHandler<SqsEvent | KinesisEvent> {
  const common = { consumer: "bench", table: process.env[ENVIRONMENT.records] ?? "", retentionDays: 30 };
  const consumer =
    strategy === "watermark"
      ? exactlyOnce({ ...common, strategy, redrive: "never" })
      : exactlyOnce({ ...common, key: "messageId" });
  return consumer.lambda(({ body }, tx) => {
    const { item, amount } = body as Body;
    const counter = { TableName: process.env[ENVIRONMENT.counters], Key: { [COUNTERS_KEY]: item } };
    tx.increment(counter, { [COUNTED_ATTRIBUTE]: amount });
  });
}
