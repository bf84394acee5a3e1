// Mistakes that synth has to refuse, and in what the constructs set up.

import type { Mutant } from "../mutant.ts";

const RULES = "lib/constructs/consumer-rules.ts";
const CONSUMER = "lib/constructs/exactly-once-consumer.ts";
const PLACE = "lib/constructs/consumer-place.ts";
const STREAM_RULES = "lib/constructs/stream-rules.ts";
const TABLE = "lib/constructs/exactly-once-table.ts";
const GRANTS = "lib/constructs/grants.ts";

export const CONSTRUCT_MUTANTS: readonly Mutant[] = [
  {
    name: "visibility timeout of 5 x the function's",
    file: "lib/aws/limits.ts",
    find: "VISIBILITY_TO_TIMEOUT_RATIO_MIN = 6",
    replace: "VISIBILITY_TO_TIMEOUT_RATIO_MIN = 5",
    caughtBy: ["constructs/consumer-rules.test.ts", "constructs/exactly-once-consumer.test.ts"],
  },
  {
    name: "visibility timeout without the batch window",
    file: RULES,
    find: "functionTimeoutSeconds + batchWindowSeconds",
    replace: "functionTimeoutSeconds + 0 * batchWindowSeconds",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "maxReceiveCount of 1 accepted",
    file: RULES,
    find: "atMost(MAX_RECEIVE_COUNT_MIN, settings.maxReceiveCount)",
    replace: "atMost(1, settings.maxReceiveCount)",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "TTL < horizon: record lifetime below H accepted",
    file: RULES,
    find: "condition: atMost(horizon, recordLifetimeSeconds)",
    replace: "condition: atMost(0, recordLifetimeSeconds)",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "TTL < horizon: the default lifetime rounded down",
    file: RULES,
    find: "Math.ceil(seconds / SECONDS_PER_DAY)",
    replace: "Math.floor(seconds / SECONDS_PER_DAY)",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "TTL < horizon: redrives do not count",
    file: "lib/model/dedup-horizon.ts",
    find: "return (1 + input.redrives) * oneLifeSeconds",
    replace: "return oneLifeSeconds",
    caughtBy: ["model", "constructs/consumer-rules.test.ts"],
  },
  {
    name: "reportBatchItemFailures off",
    file: CONSUMER,
    find: "reportBatchItemFailures: true",
    replace: "reportBatchItemFailures: false",
    caughtBy: ["constructs/exactly-once-consumer.test.ts"],
  },
  {
    name: "wildcard grant: all actions",
    file: GRANTS,
    find: "actions: [...actions]",
    replace: `actions: ["dynamodb:*"]`,
    caughtBy: ["constructs/grants.test.ts"],
  },
  {
    name: "wildcard grant: all tables",
    file: GRANTS,
    find: "resourceArns: [table.tableArn]",
    replace: `resourceArns: ["*"]`,
    caughtBy: ["constructs/grants.test.ts"],
  },
  {
    name: "a grant that lets records be deleted",
    file: GRANTS,
    find: `  "dynamodb:GetItem",
  "dynamodb:BatchGetItem",`,
    replace: `  "dynamodb:GetItem",
  "dynamodb:BatchGetItem",
  "dynamodb:DeleteItem",`,
    caughtBy: ["constructs/granted-actions.test.ts"],
  },
  {
    name: "effects granted on the record table",
    file: PLACE,
    find: "condition: !(table.node.scope instanceof ExactlyOnceTable) && table.tableArn !== consumer.table.tableArn",
    replace: "condition: true",
    caughtBy: ["constructs/grants.test.ts"],
  },
  {
    name: "DLQ retention below the source's",
    file: RULES,
    find: "isFifo || atMost(sourceRetentionSeconds, deadLetterRetentionSeconds)",
    replace: "atMost(0, deadLetterRetentionSeconds)",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "MRSC accepted on the record table",
    file: TABLE,
    find: "props.multiRegionConsistency !== MultiRegionConsistency.STRONG",
    replace: `props.tableName !== ""`,
    caughtBy: ["constructs/exactly-once-table.test.ts"],
  },
  {
    name: "MRSC accepted on a table of effects",
    file: "lib/constructs/strong-consistency.ts",
    find: "resource.multiRegionConsistency === MultiRegionConsistency.STRONG",
    replace: `resource.multiRegionConsistency === ""`,
    caughtBy: ["constructs/exactly-once-table.test.ts"],
  },
  {
    name: "replicas without a home Region accepted",
    file: TABLE,
    find: `regions === "" || homeRegion !== undefined`,
    replace: `regions === "" || homeRegion !== ""`,
    caughtBy: ["constructs/exactly-once-table.test.ts"],
  },
  {
    name: "TTL attribute name wrong",
    file: TABLE,
    find: "timeToLiveAttribute: RECORD_TABLE.timeToLive",
    replace: `timeToLiveAttribute: "ttl"`,
    caughtBy: ["constructs/exactly-once-table.test.ts"],
  },
  {
    name: "records lost with their stack",
    file: TABLE,
    find: "props.removalPolicy ?? Removal.RETAIN",
    replace: "props.removalPolicy ?? Removal.DESTROY",
    caughtBy: ["constructs/exactly-once-table.test.ts"],
  },
  {
    name: "two consumers of one name on one table",
    file: PLACE,
    find: "condition: holder === undefined",
    replace: `condition: holder?.node.path !== ""`,
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "a FIFO queue with a standard dead-letter queue",
    file: CONSUMER,
    find: `"DeadLetterQueue", {
      ...fifoProps(props),`,
    replace: `"DeadLetterQueue", {`,
    caughtBy: ["constructs/exactly-once-consumer.test.ts"],
  },
  {
    name: "a batching window accepted on a FIFO queue",
    file: RULES,
    find: "condition: atMost(batchWindowSeconds, 0), // C6",
    replace: "condition: atMost(batchWindowSeconds, 300),",
    caughtBy: ["constructs/consumer-rules.test.ts"],
  },
  {
    name: "a stream without bounded retries",
    file: STREAM_RULES,
    find: "isWithin(retryAttempts, 0, RETRY_ATTEMPTS_MAX)",
    replace: "isWithin(retryAttempts, -1, RETRY_ATTEMPTS_MAX)",
    caughtBy: ["constructs/stream-rules.test.ts"],
  },
  {
    name: "a stream's records given up when the stream has forgotten them",
    file: STREAM_RULES,
    find: "age < retentionSeconds",
    replace: "age <= retentionSeconds",
    caughtBy: ["constructs/stream-rules.test.ts"],
  },
  {
    name: "TTL < horizon: the stream's retention does not count",
    file: "lib/model/dedup-horizon.ts",
    find: "Math.max(input.retentionSeconds, input.recordAgeSecondsMax)",
    replace: "input.recordAgeSecondsMax",
    caughtBy: ["model", "constructs/stream-rules.test.ts"],
  },
  {
    name: "reportBatchItemFailures off on a stream",
    file: "lib/constructs/stream-mapping.ts",
    find: "reportBatchItemFailures: true",
    replace: "reportBatchItemFailures: false",
    caughtBy: ["constructs/exactly-once-stream-consumer.test.ts"],
  },
  {
    name: "a stream's poller that lists the streams of the account",
    file: "lib/constructs/stream-mapping.ts",
    find: "table.tableStreamArn === undefined ? [] : [table.tableStreamArn]",
    replace: `["*"]`,
    caughtBy: ["constructs/exactly-once-stream-consumer.test.ts"],
  },
];
