// The options about queues: the dead-letter queue, when failed messages come again, and where large bodies are.

import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";
import { BUCKET_NAME, type S3Client } from "../aws/s3.ts";
import { ENVIRONMENT } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { RETRY_BACKOFF_DEFAULT, type RetryBackoff } from "../protocol/retry-delay.ts";

/** Full jitter: a message waits at random from 1 s to a bound that doubles with every receipt. */
export interface BackoffOptions {
  /** Bound after the first receipt, seconds. @default 30 */
  readonly baseSeconds?: number;
  /** The bound grows to this, seconds. @default 900 */
  readonly capSeconds?: number;
}

export interface ClaimCheckOptions {
  /** @default that of the variable SEMEL_CLAIM_CHECK_BUCKET; else an error */
  readonly bucket?: string | undefined;
  /** `S3Client`. @default a client of its own, loaded with the first body that is in S3 */
  readonly client?: S3Client | undefined;
}

export interface ResolvedClaimCheck {
  readonly bucket: string;
  readonly client: S3Client | undefined;
}

/** Undefined: nothing is read from S3. */
export function claimCheck(value: unknown, ofEnvironment: string | undefined): ResolvedClaimCheck | undefined {
  if (value === undefined && ofEnvironment === undefined) return undefined;
  const given = value ?? {};
  if (typeof given !== "object") throw invalid(`claimCheck is ${JSON.stringify(given)}. Use { bucket, client }`);
  const unknown = Object.keys(given).filter((name) => name !== "bucket" && name !== "client");
  if (unknown.length > 0) throw invalid(`unknown field ${unknown.join(", ")} of claimCheck. Known: bucket, client`);
  const { bucket = ofEnvironment, client } = given as ClaimCheckOptions;
  if (typeof bucket !== "string" || !BUCKET_NAME.test(bucket)) {
    throw invalid(
      `claimCheck.bucket is ${JSON.stringify(bucket)}. Use the name of a bucket, as the option or in the variable ` +
        ENVIRONMENT.claimCheckBucket,
    );
  }
  if (client !== undefined && typeof (client as { send?: unknown } | null)?.send !== "function")
    throw invalid("claimCheck.client has no send method. Use an S3Client");
  return { bucket, client };
}

/** Undefined: what can never succeed is reported failed, until maxReceiveCount moves it. */
export function deadLetterQueueUrl(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^https?:\/\/./.test(value)) return value;
  throw invalid(
    `deadLetterQueueUrl is ${JSON.stringify(value)}. Use the URL of a queue, as the option or in the variable ` +
      ENVIRONMENT.deadLetterQueueUrl,
  );
}

const KNOWN = ["baseSeconds", "capSeconds"];

export function backoff(value: unknown): RetryBackoff | undefined {
  if (value === false) return undefined;
  if (value === undefined || value === true) return RETRY_BACKOFF_DEFAULT;
  if (typeof value !== "object" || value === null) {
    throw invalid(`backoff is ${String(value)}. Use true, false or { baseSeconds, capSeconds }`);
  }
  const unknown = Object.keys(value).filter((name) => !KNOWN.includes(name));
  if (unknown.length > 0) throw invalid(`unknown field ${unknown.join(", ")} of backoff. Known: ${KNOWN.join(", ")}`);
  const given = value as BackoffOptions;
  const baseSeconds = seconds("baseSeconds", given.baseSeconds ?? RETRY_BACKOFF_DEFAULT.baseSeconds, 1);
  const capDefault = Math.max(RETRY_BACKOFF_DEFAULT.capSeconds, baseSeconds);
  return { baseSeconds, capSeconds: seconds("capSeconds", given.capSeconds ?? capDefault, baseSeconds) };
}

function seconds(name: string, value: unknown, min: number): number {
  const max = VISIBILITY_TIMEOUT_SECONDS_MAX;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalid(`backoff.${name} is ${String(value)}. Use a whole number from ${min} to ${max}`);
}

function invalid(what: string): SemelError {
  return new SemelError(`Cannot start the consumer: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
