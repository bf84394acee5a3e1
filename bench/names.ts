// What is compared, and the names that the benchmark and its contenders share.

/** What users have today: everything is measured against it. */
export const BASELINE = "powertools";
export const CONTENDERS = ["semel", BASELINE, "get-effect-put", "plain", "semel-insert", "semel-insert-puts"] as const;
export type Contender = (typeof CONTENDERS)[number];

/** The partition key of each contender's own records; plain writes have none. */
export const RECORD_KEYS: Readonly<Record<Contender, string>> = {
  semel: "pk",
  powertools: "id",
  "get-effect-put": "id",
  plain: "id",
  "semel-insert": "pk",
  "semel-insert-puts": "pk",
};

export const recordsTable = (contender: Contender): string => `records-${contender}`;
export const countersTable = (contender: Contender): string => `counters-${contender}`;
export const COUNTERS_KEY = "id";
export const COUNTED_ATTRIBUTE = "counted";

/** Variables of a contender's process. */
export const ENVIRONMENT = { records: "BENCH_RECORDS", counters: "BENCH_COUNTERS" } as const;
