// The environment variables that the constructs set on a function and the runtime reads. Names only.

export const ENVIRONMENT = {
  /** Name of the consumer: the scope of its idempotency records. */
  consumer: "SEMEL_CONSUMER",
  /** Name of the DynamoDB table that holds the idempotency records. */
  table: "SEMEL_TABLE",
  /** Lifetime of a record, in days (a decimal number). */
  retentionDays: "SEMEL_RETENTION_DAYS",
} as const;
