// Options of the publisher: documented optional in, total out.

import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { DEDUPLICATION_WINDOW_MS, type SqsClient } from "../aws/sqs.ts";
import type { EncodeOptions } from "../payload/encode.ts";
import {
  type CompressOptions,
  compressOverBytes,
  type PublisherClaimCheckOptions,
  type ResolvedClaimCheck,
  resolveClaimCheck,
} from "./body-options.ts";
import { invalid, wholeNumber } from "./option-checks.ts";
import { WORKER_ID_MAX } from "./snowflake.ts";

export interface PublisherOptions {
  /** The queue to send to; one whose URL ends in `.fifo` keeps order. */
  readonly queueUrl: string | undefined;
  /**
   * Makes keys Snowflake ids of this worker, 0 to 1,023, instead of UUIDs. No two processes may have the same one at a time; so it
   * is not for Lambda functions, which have no such number.
   * @default keys are UUIDs of version 7
   */
  readonly snowflakeWorkerId?: number | undefined;
  /**
   * Time for all tries of one call, ms, 1 to 240,000: below the 5 minutes in which a FIFO queue knows a message that it has already.
   * @default 30,000
   */
  readonly timeoutMs?: number | undefined;
  /** Requests under way at a time, 1 to 100. @default 10 */
  readonly concurrency?: number | undefined;
  /**
   * Gzips bodies above a size, where that makes the message smaller; consumers of semel read them as they were. What else
   * reads the queue sees base64, and the attribute `semel-encoding`.
   * @default false: bodies go as they are
   */
  readonly compress?: boolean | CompressOptions | undefined;
  /**
   * What does not fit into a message goes to S3, and its URI in its place; consumers of semel that name the same bucket read it as it
   * was, 16 MiB at most. Objects are never deleted by semel: the bucket's lifecycle rule has to, later than the dedup horizon.
   * @default such a message is refused with SEMEL_MESSAGE
   */
  readonly claimCheck?: PublisherClaimCheckOptions | undefined;
  /** `MaximumMessageSize` of the queue, bytes, 1,024 to 1,048,576. @default 1,048,576 (1 MiB) */
  readonly messageBytesMax?: number | undefined;
  /** `SQSClient`. @default a client of its own, without the SDK's retries, loaded with the first message */
  readonly client?: SqsClient | undefined;
}

export interface ResolvedPublisherOptions {
  readonly queueUrl: string;
  readonly snowflakeWorkerId: number | undefined;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly encoding: EncodeOptions;
  readonly claimCheck: ResolvedClaimCheck | undefined;
  readonly messageBytesMax: number;
  readonly client: SqsClient | undefined;
}

const KNOWN: Readonly<Record<keyof PublisherOptions, true>> = {
  queueUrl: true,
  snowflakeWorkerId: true,
  timeoutMs: true,
  concurrency: true,
  compress: true,
  claimCheck: true,
  messageBytesMax: true,
  client: true,
};

/** A request that was given up may come late. */
export const TIMEOUT_MS_MAX: number = DEDUPLICATION_WINDOW_MS - 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
const MESSAGE_BYTES_LIMIT_MIN = 1_024;
const TIMEOUT_MS_DEFAULT = 30_000;
const CONCURRENCY_DEFAULT = 10;

/** Throws a SemelError for whatever is missing or wrong. */
export function resolvePublisherOptions(options: PublisherOptions): ResolvedPublisherOptions {
  if (typeof options !== "object" || options === null) throw invalid(`options are ${String(options)}, not an object`);
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    throw invalid(`unknown option ${unknown.join(", ")}. Known options: ${Object.keys(KNOWN).join(", ")}`);
  }
  const { snowflakeWorkerId, timeoutMs = TIMEOUT_MS_DEFAULT, concurrency = CONCURRENCY_DEFAULT } = options;
  const messageBytesMax = wholeNumber("messageBytesMax", options.messageBytesMax ?? MESSAGE_BYTES_MAX, [
    MESSAGE_BYTES_LIMIT_MIN,
    MESSAGE_BYTES_MAX,
  ]);
  const claimCheck = resolveClaimCheck(options.claimCheck, messageBytesMax);
  return {
    queueUrl: queueUrl(options.queueUrl),
    snowflakeWorkerId:
      snowflakeWorkerId === undefined
        ? undefined
        : wholeNumber("snowflakeWorkerId", snowflakeWorkerId, [0, WORKER_ID_MAX]),
    timeoutMs: wholeNumber("timeoutMs", timeoutMs, [1, TIMEOUT_MS_MAX]),
    concurrency: wholeNumber("concurrency", concurrency, [1, 100]),
    encoding: { compressOverBytes: compressOverBytes(options.compress), claimCheck },
    claimCheck,
    messageBytesMax,
    client: client(options.client),
  };
}

function queueUrl(value: unknown): string {
  if (typeof value === "string" && /^https?:\/\/./.test(value)) return value;
  throw invalid(`queueUrl is ${JSON.stringify(value)}. Use the URL of a queue; is its environment variable set?`);
}

function client(value: unknown): SqsClient | undefined {
  if (value === undefined) return undefined;
  if (typeof (value as { send?: unknown } | null)?.send === "function") return value as SqsClient;
  throw invalid("client has no send method. Use an SQSClient");
}
