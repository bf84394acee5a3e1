// Options of exactlyOnce(): documented and optional outside, resolved and total inside. Option > environment > error.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ENVIRONMENT } from "../contract.ts";
import { SemelError } from "../errors.ts";
import type { RetryBackoff } from "../protocol/retry-delay.ts";
import type { DynamoDbClient } from "../store/sdk-send.ts";
import type { Message, SourceRecord } from "./message.ts";
import type { Logger, Metrics } from "./observe.ts";
import { type OutboxOptions, outboxOptions } from "./outbox-options.ts";
import {
  type BackoffOptions,
  backoff,
  type ClaimCheckOptions,
  claimCheck,
  deadLetterQueueUrl,
  type ResolvedClaimCheck,
} from "./queue-options.ts";
import type { SqsClient } from "./sqs-send.ts";
import {
  epoch,
  type InsertOptions,
  insertOptions,
  leaseSeconds,
  redriveNever,
  refuseKeysOfWatermarks,
  retentionDays,
  type Strategy,
  strategy,
} from "./strategy-options.ts";

export interface ExactlyOnceOptions<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>> {
  /**
   * Name of the consumer: the scope of its idempotency records. Two consumers that share a name and a table take each
   * other's messages for duplicates; a consumer that is renamed forgets what it did.
   * @default the variable SEMEL_CONSUMER, which the construct sets; else an error
   */
  readonly consumer?: string;
  /**
   * DynamoDB table of the idempotency records, partition key `pk` (a string), time to live on `expiresAt`.
   * @default the variable SEMEL_TABLE, which the construct sets; else an error
   */
  readonly table?: string;
  /**
   * Lifetime of a record, days: at least the dedup horizon, (1 + redrives) x (retention of the queue + retention of the
   * dead-letter queue) + visibility timeout + function timeout + the time in which a producer may send again.
   * @default the variable SEMEL_RETENTION_DAYS, which the construct computes; under strategy `"watermark"`, whose items have no
   * lifetime, none; else an error
   */
  readonly retentionDays?: number;
  /**
   * Validates the decoded body and types it: any Standard Schema validator (zod, valibot, arktype).
   * @default no validation; the body is `unknown`
   */
  readonly schema?: S;
  /**
   * The idempotency key: what the producer calls the intended effect. A function of the message that returns a string or
   * a list of strings; or a dot path into the decoded body (`"orderId"`); or `"messageId"`, which protects against
   * redelivery only: a producer's resend, and of a queue a redrive, give a message a new id. Of Kinesis, DynamoDB Streams and
   * Kafka it is the place in the stream, the same in every delivery.
   * @default the message attribute (of Kafka, the record header) `semel-idempotency-key`; of a direct invocation, the header
   * `Idempotency-Key`; of Kinesis and DynamoDB Streams, which have neither, an error
   */
  readonly key?:
    | string
    | ((message: Message<StandardSchemaV1.InferOutput<S>, SourceRecord>) => string | readonly string[]);
  /**
   * What of the payload must be the same under the same key. A committed key with another payload is an error.
   * @default the whole decoded body, before the schema; of an HTTP request, its method, path, query and body; of an
   * EventBridge event, its source, type and detail
   */
  readonly fingerprint?: (message: Message<StandardSchemaV1.InferOutput<S>, SourceRecord>) => unknown;
  /**
   * How the effects of a message are kept exactly-once.
   * - `"commit"`: the handler runs, then one transaction commits its record and effects. For handlers that only read and
   *   write DynamoDB.
   * - `"claim"`: the key is acquired before the handler runs, so that it runs in one worker at a time, and `tx.step` keeps
   *   what it did outside DynamoDB. For handlers that call other systems, or are expensive. Two writes more a message.
   * - `"insert"`: each message is one new item in an append-only table, and that item is its record. 1 write unit.
   * - `"watermark"`: for Kinesis, DynamoDB Streams and Kafka, and FIFO queues with `redrive: "never"`. One small item an ordering
   *   key holds how far it is done; a run of messages commits together, in the order in which they were sent. Handlers of a run start
   *   before the ones before them are committed: what they read through `tx.get` is in order, what they read otherwise is not.
   * @default the variable SEMEL_STRATEGY, which the construct sets where it was told; else "commit". Another one than there is an error
   */
  readonly strategy?: Strategy;
  /**
   * Strategy `"watermark"` on a FIFO queue, where it is required: states that nothing is ever redriven into the queue or sent to it
   * twice. Such a message has a new sequence number, so it would take effect twice.
   * @default the variable SEMEL_REDRIVE, which ExactlyOnceConsumer sets from its prop of this name; else none. An error where the
   * construct lets messages be redriven
   */
  readonly redrive?: "never";
  /**
   * Strategy `"watermark"` and `reduce`: a name for one life of the source. A queue or a topic that is deleted and made anew under its
   * name counts its positions from the start, below the old watermarks: its messages would be taken for done. Give another epoch
   * with each new life, for example the day on which it was made: 1 to 128 printable characters without a blank. All watermarks
   * are then new, too; change it for no other reason, or what was done already is done again.
   * @default none: positions are those of the source's first life
   */
  readonly epoch?: string;
  /** The append-only table of strategy `"insert"`: required with it, refused without. */
  readonly insert?: InsertOptions;
  /**
   * The table for what `tx.send` and `tx.publish` send, in the account and Region of the record table; a relay takes it from there.
   * Not with strategy `"insert"`.
   * @default the variable SEMEL_OUTBOX_TABLE, which the construct sets; else sending is an error of its message
   */
  readonly outbox?: OutboxOptions;
  /**
   * Strategy `"claim"`: time without a renewal after which a worker counts as dead and another may acquire its key,
   * seconds, 1 to 900. The lease is renewed every quarter of it. It saves work, and safety does not depend on it.
   * @default 30
   */
  readonly leaseSeconds?: number;
  /**
   * Keep what the handler returns with the record, as JSON, compressed where that saves a write unit: a duplicate gets
   * the same. What has no JSON form, or does not fit into an item, is an error of its message.
   * @default true for `once`, false for queues
   */
  readonly storeResult?: boolean;
  /**
   * Keys known to be committed that a process remembers, 0 to 1,000,000, some 300 bytes each: their duplicates cost no
   * request.
   * @default 10,000
   */
  readonly committedKeysMax?: number;
  /** Messages of one batch that run side by side, 1 or more. @default 10 */
  readonly concurrency?: number;
  /**
   * Messages of a batch that are ready together are committed in one transaction: fewer requests, and hot counters stop
   * conflicting. Each keeps its own record and its own outcome. False: one transaction a message.
   * @default true
   */
  readonly groupCommit?: boolean;
  /** Group commits under way at a time, 1 or more. @default 10 */
  readonly lanes?: number;
  /**
   * Time kept back before the function's timeout, ms: in its first half commits under way may end, in its second the
   * response goes out.
   * @default 500
   */
  readonly deadlineMarginMs?: number;
  /**
   * URL of the dead-letter queue, standard or FIFO: what can never succeed goes there at once, with the reason. That of a FIFO
   * queue is a FIFO queue, too.
   * @default the variable SEMEL_DEAD_LETTER_QUEUE_URL, which the construct sets; else such a message is reported failed,
   * and comes again until its queue's maxReceiveCount
   */
  readonly deadLetterQueueUrl?: string;
  /**
   * When a failed message of a queue comes again: at random, up to a bound that doubles with every receipt (full jitter). False: when
   * the queue's visibility timeout is over.
   * @default true: a bound of 30 s that doubles up to 900 s
   */
  readonly backoff?: boolean | BackoffOptions;
  /** `DynamoDBClient` or `DynamoDBDocumentClient`. @default a client of its own, without the SDK's retries */
  readonly client?: DynamoDbClient;
  /**
   * Where bodies are read from that a publisher stored in S3, and where dead letters go that SQS has no room for. No other bucket is
   * read, whatever a message names.
   * @default the bucket of the variable SEMEL_CLAIM_CHECK_BUCKET, which `grantClaimCheck` of the construct sets; else such a message
   * fails, and comes again
   */
  readonly claimCheck?: ClaimCheckOptions;
  /** `SQSClient`. Used for messages that fail only. @default a client of its own, loaded when it is needed */
  readonly sqsClient?: SqsClient;
  /** Powertools' Logger fits. @default console */
  readonly logger?: Logger;
  /** Powertools' Metrics fit. @default none */
  readonly metrics?: Metrics;
}

export interface ResolvedOptions {
  readonly consumer: string;
  readonly table: string;
  /** Infinite under strategy "watermark", which writes nothing with a lifetime, where none is given. */
  readonly retentionDays: number;
  readonly schema: StandardSchemaV1 | undefined;
  readonly key: string | ((message: Message<unknown>) => unknown) | undefined;
  readonly fingerprint: ((message: Message<unknown>) => unknown) | undefined;
  readonly strategy: Strategy;
  /** There exactly with strategy "insert". */
  readonly insert: InsertOptions | undefined;
  readonly outbox: OutboxOptions | undefined;
  readonly redriveNever: boolean;
  readonly epoch: string | undefined;
  readonly leaseMs: number;
  /** Undefined: as the way of calling has it. */
  readonly storeResult: boolean | undefined;
  readonly committedKeysMax: number;
  readonly concurrency: number;
  readonly groupCommit: boolean;
  readonly lanes: number;
  readonly deadlineMarginMs: number;
  readonly deadLetterQueueUrl: string | undefined;
  readonly backoff: RetryBackoff | undefined;
  readonly claimCheck: ResolvedClaimCheck | undefined;
  readonly client: DynamoDbClient | undefined;
  readonly sqsClient: SqsClient | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics | undefined;
}

const KNOWN: Readonly<Record<keyof ExactlyOnceOptions, true>> = {
  consumer: true,
  table: true,
  retentionDays: true,
  schema: true,
  key: true,
  fingerprint: true,
  strategy: true,
  redrive: true,
  epoch: true,
  insert: true,
  outbox: true,
  leaseSeconds: true,
  storeResult: true,
  committedKeysMax: true,
  concurrency: true,
  groupCommit: true,
  lanes: true,
  deadlineMarginMs: true,
  deadLetterQueueUrl: true,
  backoff: true,
  claimCheck: true,
  client: true,
  sqsClient: true,
  logger: true,
  metrics: true,
};

const CONSUMER_NAME = /^[A-Za-z0-9._-]{1,128}$/;
const COMMITTED_KEYS_DEFAULT = 10_000;
const CONCURRENCY_DEFAULT = 10;
const LANES_DEFAULT = 10;
const DEADLINE_MARGIN_MS_DEFAULT = 500;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws a SemelError, at start, for whatever is missing or wrong. */
export function resolveOptions<S extends StandardSchemaV1>(
  options: ExactlyOnceOptions<S>,
  environment: Environment,
): ResolvedOptions {
  refuseUnknown(options);
  const chosen = strategy(options.strategy, environment[ENVIRONMENT.strategy]);
  refuseKeysOfWatermarks(options, chosen);
  return {
    consumer: consumerName(options.consumer ?? environment[ENVIRONMENT.consumer]),
    table: tableName(options.table ?? environment[ENVIRONMENT.table]),
    retentionDays: retentionDays(options.retentionDays ?? environment[ENVIRONMENT.retentionDays], chosen),
    schema: schema(options.schema),
    key: key(options.key) as ResolvedOptions["key"],
    fingerprint: optionalFunction("fingerprint", options.fingerprint) as ResolvedOptions["fingerprint"],
    strategy: chosen,
    insert: insertOptions(options.insert, chosen),
    outbox: outboxOptions({ ...options, strategy: chosen }, environment),
    redriveNever: redriveNever(options.redrive, { strategy: chosen, told: environment[ENVIRONMENT.redrive] }),
    epoch: epoch(options.epoch, chosen),
    leaseMs: 1_000 * leaseSeconds(options.leaseSeconds, chosen),
    storeResult: storeResult(options.storeResult, chosen),
    committedKeysMax: wholeNumber("committedKeysMax", options.committedKeysMax ?? COMMITTED_KEYS_DEFAULT, 0, 1_000_000),
    concurrency: wholeNumber("concurrency", options.concurrency ?? CONCURRENCY_DEFAULT, 1, 10_000),
    groupCommit: yesOrNo("groupCommit", options.groupCommit ?? true),
    lanes: wholeNumber("lanes", options.lanes ?? LANES_DEFAULT, 1, 100),
    deadlineMarginMs: wholeNumber(
      "deadlineMarginMs",
      options.deadlineMarginMs ?? DEADLINE_MARGIN_MS_DEFAULT,
      10,
      300_000,
    ),
    deadLetterQueueUrl: deadLetterQueueUrl(options.deadLetterQueueUrl ?? environment[ENVIRONMENT.deadLetterQueueUrl]),
    backoff: backoff(options.backoff),
    claimCheck: claimCheck(options.claimCheck, environment[ENVIRONMENT.claimCheckBucket]),
    client: withMethods("client", options.client, ["send"]),
    sqsClient: withMethods("sqsClient", options.sqsClient, ["send"]),
    logger: withMethods("logger", options.logger, ["debug", "info", "warn", "error"]) ?? console,
    metrics: withMethods("metrics", options.metrics, ["addMetric"]),
  };
}

function refuseUnknown(options: object): void {
  if (typeof options !== "object" || options === null) throw invalid(`options are ${String(options)}, not an object`);
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    throw invalid(`unknown option ${unknown.join(", ")}. Known options: ${Object.keys(KNOWN).join(", ")}`);
  }
}

function consumerName(value: unknown): string {
  if (value === undefined) {
    throw invalid(
      "no consumer is named. Set consumerName on the ExactlyOnceConsumer construct, or the option consumer, or the " +
        `variable ${ENVIRONMENT.consumer}`,
    );
  }
  if (typeof value === "string" && CONSUMER_NAME.test(value)) return value;
  throw invalid(`consumer is ${JSON.stringify(value)}. Use 1 to 128 letters, digits, dots, hyphens and underscores`);
}

function tableName(value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalid(
    `no table for the idempotency records is named (table is ${JSON.stringify(value)}). Use the ExactlyOnceConsumer ` +
      `construct, or set the option table, or the variable ${ENVIRONMENT.table}`,
  );
}

function schema(value: unknown): StandardSchemaV1 | undefined {
  if (value === undefined) return undefined;
  // A function too: arktype's schemas are callable.
  const standard = (value as { "~standard"?: { validate?: unknown } } | null)?.["~standard"];
  if (typeof standard?.validate === "function") return value as StandardSchemaV1;
  throw invalid("schema is no Standard Schema validator (no ~standard.validate). zod, valibot and arktype make them");
}

function key(value: unknown): unknown {
  if (value === undefined || typeof value === "function") return value;
  if (typeof value === "string" && value.split(".").every((name) => name !== "")) return value;
  throw invalid(`key is ${JSON.stringify(value)}. Use a function, a dot path such as "orderId", or "messageId"`);
}

function optionalFunction(name: string, value: unknown): unknown {
  if (value === undefined || typeof value === "function") return value;
  throw invalid(`${name} is of type ${typeof value}. Use a function of the message`);
}

function yesOrNo(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw invalid(`${name} is ${String(value)}. Use true or false`);
}

function storeResult(value: unknown, chosen: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  if (value !== true || (chosen !== "insert" && chosen !== "watermark")) return yesOrNo("storeResult", value);
  throw invalid(
    `storeResult needs strategy "commit" or "claim": under "${chosen}" there is no record that could keep it`,
  );
}

function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalid(`${name} is ${String(value)}. Use a whole number from ${min} to ${max}`);
}

function withMethods<T extends object>(name: string, value: T | undefined, methods: readonly string[]): T | undefined {
  if (value === undefined) return undefined;
  const missing = methods.filter((method) => typeof (value as Record<string, unknown> | null)?.[method] !== "function");
  if (missing.length === 0) return value;
  throw invalid(`${name} has no ${missing.join(", ")} method. It needs: ${methods.join(", ")}`);
}

function invalid(what: string): SemelError {
  return new SemelError(`Cannot start the consumer: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
