// semel's keyed state: the messages of an ordering key are folded in memory, and written as one item.

import { exactlyOnce } from "semel";
import type { Body } from "../events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, ENVIRONMENT } from "../names.ts";

const consumer = exactlyOnce({
  consumer: "bench",
  table: process.env[ENVIRONMENT.records] ?? "",
  retentionDays: 30,
  strategy: "watermark",
  redrive: "never",
});

export const handler = consumer.reduce({
  table: process.env[ENVIRONMENT.counters] ?? "",
  partitionKey: COUNTERS_KEY,
  initial: { [COUNTED_ATTRIBUTE]: 0 },
  apply: (state, { body }) => ({ [COUNTED_ATTRIBUTE]: Number(state[COUNTED_ATTRIBUTE]) + (body as Body).amount }),
});
