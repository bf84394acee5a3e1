// What the constructs put into an AWS account and the runtime relies on: names only.

/** Environment variables that the constructs set on a function and the runtime reads. */
export const ENVIRONMENT = {
  /** Name of the consumer: the scope of its idempotency records. */
  consumer: "SEMEL_CONSUMER",
  /** Name of the DynamoDB table that holds the idempotency records. */
  table: "SEMEL_TABLE",
  /** Lifetime of a record, in days (a decimal number). */
  retentionDays: "SEMEL_RETENTION_DAYS",
  /** URL of the queue to which messages go that can never succeed. */
  deadLetterQueueUrl: "SEMEL_DEAD_LETTER_QUEUE_URL",
  /** Name of the bucket in which bodies are that do not fit into their messages. */
  claimCheckBucket: "SEMEL_CLAIM_CHECK_BUCKET",
} as const;

/** Attributes of the record table that AWS acts on. */
export const RECORD_TABLE = {
  /** Partition key, a string; there is no sort key. */
  partitionKey: "pk",
  /** What DynamoDB's time to live reads. */
  timeToLive: "expiresAt",
} as const;
