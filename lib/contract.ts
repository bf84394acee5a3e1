// What the constructs put into an AWS account and the runtime relies on: names and words only.

/** How the effects of a message are kept exactly-once. */
export const STRATEGIES = ["commit", "claim", "insert", "watermark"] as const;
export type Strategy = (typeof STRATEGIES)[number];

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
  /** The strategy that the construct was told. Without it, what the code says. */
  strategy: "SEMEL_STRATEGY",
  /** One of REDRIVE: whether messages may come back from the dead-letter queue. Of queues only. */
  redrive: "SEMEL_REDRIVE",
  /** Name of the DynamoDB table that holds messages to be sent, until the relay has sent them. */
  outboxTable: "SEMEL_OUTBOX_TABLE",
  /** Name of the bucket in which bodies are that do not fit into their messages. */
  claimCheckBucket: "SEMEL_CLAIM_CHECK_BUCKET",
} as const;

/** Values of the variable SEMEL_REDRIVE. */
export const REDRIVE = { never: "never", allowed: "allowed" } as const;

/** Attributes of the record table that AWS acts on. */
export const RECORD_TABLE = {
  /** Partition key, a string; there is no sort key. */
  partitionKey: "pk",
  /** What DynamoDB's time to live reads. */
  timeToLive: "expiresAt",
} as const;

/** Attributes and index of the outbox table that AWS acts on. Its stream has new images. */
export const OUTBOX_TABLE = {
  /** Partition key, a string. */
  partitionKey: "pk",
  /** Sort key, a string. */
  sortKey: "sk",
  /** What DynamoDB's time to live reads: on counters alone, never on messages. */
  timeToLive: "expiresAt",
  /** A global index of what is not sent yet: its name, and the attributes of its key. Both are on items with messages alone. */
  unsentIndex: "unsent",
  /** Partition key of the index, a string: a shard, "0" to "9". */
  unsentPartitionKey: "unsent",
  /** Sort key of the index, a string: milliseconds since the epoch, zero-padded to 15 digits. */
  unsentSortKey: "createdAt",
} as const;

/** What the relay measures and its alarms look at, in CloudWatch. */
export const RELAY_METRICS = {
  namespace: "semel",
  /** Its value is the name of the relay's function. */
  dimension: "FunctionName",
  /** From the commit of an item to the acknowledgement of its last message. */
  latency: { name: "RelayLatency", unit: "Milliseconds" },
  relayed: { name: "RelayedMessages", unit: "Count" },
  /** Items that could not be sent this time. */
  left: { name: "RelayItemsLeft", unit: "Count" },
  deadLettered: { name: "RelayDeadLetters", unit: "Count" },
  /** Age of the oldest item that is not sent; 0 where there is none. At every sweep. */
  oldestUnsent: { name: "RelayOldestUnsent", unit: "Milliseconds" },
  /** Items that the sweeper found. */
  swept: { name: "RelayItemsSwept", unit: "Count" },
} as const;
