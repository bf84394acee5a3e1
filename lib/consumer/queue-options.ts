// The options about queues: the dead-letter queue, and when failed messages come again.

import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";
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
