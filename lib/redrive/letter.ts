// A dead letter as it was received: what its consumer said of it, what it was as a message, and what is sent back. Pure.
//
//   LT1. What is sent back has the letter's body, attributes and message group. Only the old rejection's reason is taken off.
//   LT2. A letter's deduplication id is its own: the same however often it is sent, and another one when its message comes
//        back as another letter. So a repeated send is taken once, and a second redrive is not swallowed.

import type { SqsMessageAttribute, SqsRecord } from "../aws/lambda.ts";
import type { MessageAttributeValue } from "../aws/sqs.ts";
import { FAILURE_ATTRIBUTE, type Failure } from "../protocol/rejection.ts";

export interface Letter {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** SQS's own: SentTimestamp, MessageGroupId, … */
  readonly system: Readonly<Record<string, string>>;
}

/** What is sent back. */
export interface Outgoing {
  readonly body: string;
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** On a standard queue the tenant of a fair queue. */
  readonly groupId?: string | undefined;
  /** FIFO queues only. */
  readonly deduplicationId?: string | undefined;
}

const DEDUPLICATION_PREFIX = "semel-redrive-";

export function outgoing(letter: Letter, isFifo: boolean): Outgoing {
  const { MessageGroupId: groupId } = letter.system;
  return {
    body: letter.body,
    attributes: attributesOf(letter), // LT1
    ...(groupId === undefined ? {} : { groupId }),
    ...(isFifo ? { deduplicationId: DEDUPLICATION_PREFIX + letter.messageId } : {}), // LT2
  };
}

function attributesOf({ attributes }: Letter): Record<string, MessageAttributeValue> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== FAILURE_ATTRIBUTE));
}

/** Name, type and value of every attribute count. */
export function bytesOf({ body, attributes }: Pick<Letter, "body" | "attributes">): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = "", BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return bytes;
}

/** Why it was rejected; undefined for a letter that SQS moved, after too many receipts. */
export function failureOf({ attributes }: Letter): Failure | undefined {
  const text = attributes[FAILURE_ATTRIBUTE]?.StringValue;
  if (text === undefined) return undefined;
  try {
    const { code, reason, consumer, messageId } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (typeof code !== "string" || typeof reason !== "string") return undefined;
    if (typeof consumer !== "string" || typeof messageId !== "string") return undefined;
    return { code, reason, consumer, messageId };
  } catch {
    return undefined; // somebody else's
  }
}

/**
 * The message of the letter, as its consumer got it. SQS keeps the id of what it moves to a dead-letter queue; of what the
 * consumer rejected, the reason tells it.
 */
export function originalRecord(letter: Letter, queueArn: string): SqsRecord {
  const { body, messageId, receiptHandle, system } = letter;
  const messageAttributes = Object.fromEntries(
    Object.entries(attributesOf(letter)).map(([name, value]) => [name, toLambda(value)]),
  );
  return {
    messageId: failureOf(letter)?.messageId ?? messageId,
    receiptHandle,
    body,
    attributes: {
      ApproximateReceiveCount: "1",
      SentTimestamp: "0",
      SenderId: "",
      ApproximateFirstReceiveTimestamp: "0",
      ...system,
    },
    messageAttributes,
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: queueArn,
    awsRegion: queueArn.split(":")[3] ?? "",
  };
}

/** Lambda's shape, binary in base64. */
function toLambda({ DataType, StringValue, BinaryValue }: MessageAttributeValue): SqsMessageAttribute {
  return {
    dataType: DataType,
    ...(StringValue === undefined ? {} : { stringValue: StringValue }),
    ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
  };
}
