// Synthetic SQS events of the real shape. A message's number gives its id and its item, so that every process that makes
// message n makes the same one.

import type { KinesisEvent, SqsEvent, SqsRecord } from "../lib/aws/lambda.ts";
import { isOrdered, type OrderedVariant, orderedEvent, orderingKeyOf } from "./ordered-events.ts";

/** Which items the messages of a batch increment, and which of them came before. */
export const VARIANTS = ["distinct", "pairs", "hot", "redelivered", "scattered"] as const;
export type StandardVariant = (typeof VARIANTS)[number];
export type Variant = StandardVariant | OrderedVariant;

export interface Batch {
  readonly variant: Variant;
  /** Number of its first message. */
  readonly first: number;
  readonly messages: number;
}

/** What a message asks for. */
export interface Body {
  readonly item: string;
  readonly amount: number;
  readonly padding: string;
}

export const ITEMS = 10_000;
const PADDING = "x".repeat(160);
/** Of 10 messages of the variant "redelivered", one was processed before. */
const REDELIVERED_EVERY = 10;

export function eventOf(batch: Batch): SqsEvent | KinesisEvent {
  const { variant } = batch;
  if (!isOrdered(variant)) return sqsEvent(batch);
  const messages = numbers(batch).map((number) => {
    return { number, orderingKey: orderingKeyOf(number, variant), body: bodyOf(number, batch) };
  });
  return orderedEvent(variant, messages);
}

/** Of a standard queue. */
export function sqsEvent(batch: Batch): SqsEvent {
  return { Records: numbers(batch).map((number) => record(number, batch)) };
}

/** The messages of the batch that were processed before, as they came the first time; undefined: none. */
export function earlierEvent(batch: Batch): SqsEvent | undefined {
  const earlier = numbers(batch).filter((number) => redelivered(number, batch));
  if (earlier.length === 0) return undefined;
  return { Records: earlier.map((number) => record(number, { ...batch, variant: "distinct" })) };
}

/** Numbers of messages are never used twice in a run; even, so that pairs stay together. */
export function messageNumbers(): (messages: number) => number {
  let next = 0;
  return (messages) => {
    const first = next;
    next += messages + (messages % 2);
    return first;
  };
}

function numbers({ first, messages }: Batch): number[] {
  return Array.from({ length: messages }, (_, index) => first + index);
}

function redelivered(number: number, { variant, first }: Batch): boolean {
  return variant === "redelivered" && (number - first) % REDELIVERED_EVERY === REDELIVERED_EVERY / 2;
}

function itemOf(number: number, { variant, first }: Batch): string {
  if (isOrdered(variant)) return orderingKeyOf(number, variant);
  if (variant === "hot") return "item-hot";
  if (variant === "scattered") return `item-${scattered(number) % ITEMS}`;
  const place = variant === "pairs" ? first + Math.floor((number - first) / 2) : number;
  return `item-${place % ITEMS}`;
}

/** The same number for the same message, and as good as random: the finalizer of MurmurHash3. */
function scattered(number: number): number {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function bodyOf(number: number, batch: Batch): string {
  return JSON.stringify({ item: itemOf(number, batch), amount: 1, padding: PADDING } satisfies Body);
}

function record(number: number, batch: Batch): SqsRecord {
  return {
    messageId: `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`,
    receiptHandle: `AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a${number}`,
    body: bodyOf(number, batch),
    attributes: {
      ApproximateReceiveCount: redelivered(number, batch) ? "2" : "1",
      SentTimestamp: "1767600000000",
      SenderId: "AIDAIENQZJOLO23YVJ4VO",
      ApproximateFirstReceiveTimestamp: "1767600000100",
    },
    messageAttributes: {},
    md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:bench",
    awsRegion: "eu-west-1",
  };
}
