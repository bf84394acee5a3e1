// Synthetic events of ordered sources, of the real shapes: a FIFO queue's and a Kinesis stream's. A message's number gives its
// place in the order, so later batches of a run stand behind earlier ones.

import type { KinesisEvent, KinesisRecord, SqsEvent, SqsRecord } from "../lib/aws/lambda.ts";

/** What the messages of a batch are of, and how many ordering keys take turns in it. */
export const ORDERED_VARIANTS = {
  "one-group": { source: "fifo", keys: 1 },
  "ten-groups": { source: "fifo", keys: 10 },
  stream: { source: "kinesis", keys: 50 },
  "long-stream": { source: "kinesis", keys: 100 },
} as const;
export type OrderedVariant = keyof typeof ORDERED_VARIANTS;

/** A message of an ordered source: whose order it is in, and its body. */
export interface Ordered {
  readonly number: number;
  readonly orderingKey: string;
  readonly body: string;
}

export function isOrdered(variant: string): variant is OrderedVariant {
  return Object.hasOwn(ORDERED_VARIANTS, variant);
}

export function orderingKeyOf(number: number, variant: OrderedVariant): string {
  return `${variant}-${number % ORDERED_VARIANTS[variant].keys}`;
}

export function orderedEvent(variant: OrderedVariant, messages: readonly Ordered[]): SqsEvent | KinesisEvent {
  if (ORDERED_VARIANTS[variant].source === "fifo") return { Records: messages.map(fifoRecord) };
  return { Records: messages.map(kinesisRecord) };
}

function fifoRecord({ number, orderingKey, body }: Ordered): SqsRecord {
  return {
    messageId: `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`,
    receiptHandle: `AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a${number}`,
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      AWSTraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793",
      SentTimestamp: "1767600000000",
      SequenceNumber: `1885${String(number).padStart(16, "0")}`,
      MessageGroupId: orderingKey,
      SenderId: "AIDAIENQZJOLO23YVJ4VO",
      MessageDeduplicationId: `deduplication-${number}`,
      ApproximateFirstReceiveTimestamp: "1767600000100",
    },
    messageAttributes: {},
    md5OfBody: "e4e68fb7bd0e697a0ae8f1bb342846b3",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:bench.fifo",
    awsRegion: "eu-west-1",
  };
}

function kinesisRecord({ number, orderingKey, body }: Ordered): KinesisRecord {
  const sequenceNumber = `4959033827149025660855969${String(number).padStart(31, "0")}`;
  const rest = {
    eventVersion: "1.0",
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
  };
  return {
    kinesis: {
      ...{ kinesisSchemaVersion: "1.0" },
      partitionKey: orderingKey,
      sequenceNumber,
      data: Buffer.from(body).toString("base64"),
      approximateArrivalTimestamp: 1_767_600_000.123,
    },
    eventSource: "aws:kinesis",
    eventID: `shardId-000000000006:${sequenceNumber}`,
    ...rest,
    awsRegion: "eu-west-1",
    eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/bench",
  };
}
