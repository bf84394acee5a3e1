// What is compared, and the names that the benchmark and its contenders share.

import type { Item } from "../lib/aws/dynamodb.ts";

/** What users have today: everything is measured against it. */
export const BASELINE = "powertools";
/** The same for sources that keep an order. */
export const ORDERED_BASELINE = "powertools-in-order";
export const ORDERED_CONTENDERS = [
  "semel-reduce",
  "semel-watermark",
  "semel-in-order",
  ORDERED_BASELINE,
  "powertools-parallel",
] as const;
export const CONTENDERS = [
  "semel",
  BASELINE,
  "get-effect-put",
  "plain",
  "semel-insert",
  "semel-insert-puts",
  ...ORDERED_CONTENDERS,
] as const;
export type Contender = (typeof CONTENDERS)[number];

export function isOrderedContender(contender: Contender): boolean {
  return ORDERED_CONTENDERS.some((name) => name === contender);
}

export function baselineOf(contender: Contender): Contender {
  return isOrderedContender(contender) ? ORDERED_BASELINE : BASELINE;
}

/** The partition key of each contender's own records; plain writes have none. */
export const RECORD_KEYS: Readonly<Record<Contender, string>> = {
  semel: "pk",
  powertools: "id",
  "get-effect-put": "id",
  plain: "id",
  "semel-insert": "pk",
  "semel-insert-puts": "pk",
  "semel-reduce": "pk",
  "semel-watermark": "pk",
  "semel-in-order": "pk",
  "powertools-in-order": "id",
  "powertools-parallel": "id",
};

export const recordsTable = (contender: Contender): string => `records-${contender}`;
export const countersTable = (contender: Contender): string => `counters-${contender}`;
export const COUNTERS_KEY = "id";
export const COUNTED_ATTRIBUTE = "counted";

/** Of a counter; a keyed state has it in an attribute of its own. */
export function amountOf(item: Pick<Item, string>, attribute: string): number {
  return Number((item["state"]?.M ?? item)[attribute]?.N ?? 0);
}

/** Variables of a contender's process. */
export const ENVIRONMENT = { records: "BENCH_RECORDS", counters: "BENCH_COUNTERS" } as const;
