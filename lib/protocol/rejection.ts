// What of a rejected message goes to the dead-letter queue: the message as it was, and one attribute that says why. Pure.
//
//   RJ1. Body and attributes are those that came, whatever their types.
//   RJ2. The reason is added only where SQS has room for it, and is cut to fit; the message goes either way.

import type { SqsMessageAttribute } from "../aws/lambda.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { MESSAGE_ATTRIBUTES_MAX, type MessageAttributeValue } from "../aws/sqs.ts";
import { messageBytes } from "./queue-message.ts";

/** The message attribute of a dead letter that says why it was rejected: JSON of a Failure. */
export const FAILURE_ATTRIBUTE = "semel-failure";
/** Of a dead letter that comes from a stream: the stream, or the partition of a topic, and where in it the message stood. */
export const ORIGIN_ATTRIBUTE = "semel-origin";
export const POSITION_ATTRIBUTE = "semel-position";
/** "base64" where SQS would have refused the payload as it is. */
export const BODY_ENCODING_ATTRIBUTE = "semel-body-encoding";

/** What `semel-failure` holds. */
export interface Failure {
  readonly code: string;
  readonly reason: string;
  readonly consumer: string;
  /** The message's id in the queue it came from; the dead letter has one of its own. */
  readonly messageId: string;
  /** Of a message that the relay could not send: where it was to go, as the outbox has it. */
  readonly to?: object;
}

/** A message as SQS takes it. */
export interface Letter {
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
}

export interface DeadLetter extends Letter {
  /** False: SQS has no room for the reason, so only logs tell it. */
  readonly tellsReason: boolean;
  /** What a FIFO queue asks for. */
  readonly fifo?: { readonly groupId: string; readonly deduplicationId: string };
}

/** The message as it was received. */
export interface Received {
  readonly body: string;
  readonly messageAttributes: Readonly<{ [name: string]: SqsMessageAttribute }>;
}

/** Kept back for the reason where a letter is made to fit. */
export const FAILURE_BYTES = 4_096;

export function letterOf({ body, messageAttributes }: Received): Letter {
  // What an earlier rejection said is replaced: a redriven message brings it along.
  const own = Object.entries(messageAttributes).filter(([name]) => name !== FAILURE_ATTRIBUTE);
  return { body, attributes: Object.fromEntries(own.map(([name, value]) => [name, toSdk(value)])) }; // RJ1
}

export function deadLetter({ body, attributes }: Letter, failure: Failure): DeadLetter {
  const hasPlace = Object.keys(attributes).length < MESSAGE_ATTRIBUTES_MAX;
  const text = hasPlace ? fitted(failure, room(body, attributes)) : undefined;
  if (text === undefined) return { body, attributes, tellsReason: false }; // RJ2
  const reason = { DataType: "String", StringValue: text };
  return { body, attributes: { ...attributes, [FAILURE_ATTRIBUTE]: reason }, tellsReason: true };
}

/** Lambda's shape of an attribute, binary in base64, as the shape that SQS takes. */
function toSdk({ dataType, stringValue, binaryValue }: SqsMessageAttribute): MessageAttributeValue {
  return {
    DataType: dataType,
    ...(typeof stringValue !== "string" ? {} : { StringValue: stringValue }),
    ...(typeof binaryValue !== "string" ? {} : { BinaryValue: Buffer.from(binaryValue, "base64") }),
  };
}

/** Bytes left for the text. */
function room(body: string, attributes: Record<string, MessageAttributeValue>): number {
  const own = Buffer.byteLength(`${FAILURE_ATTRIBUTE}String`);
  return MESSAGE_BYTES_MAX - messageBytes(body, attributes) - own;
}

/** More is in the logs. */
const REASON_LENGTH_MAX = 2_048;

/** The longest text that fits; none where not even one without a reason does. */
function fitted(failure: Failure, bytesMax: number): string | undefined {
  const characters = [...allowed(failure.reason)].slice(0, REASON_LENGTH_MAX); // never half of a surrogate pair
  const text = (length: number): string =>
    JSON.stringify({ ...failure, reason: characters.slice(0, length).join("") } satisfies Failure);
  const fits = (length: number): boolean => Buffer.byteLength(text(length)) <= bytesMax;
  if (!fits(0)) return undefined;
  let [low, high] = [0, characters.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return text(low);
}

/** SQS refuses U+FFFE and U+FFFF; JSON escapes the other characters that it refuses. */
function allowed(text: string): string {
  return text.replace(/[\uFFFE\uFFFF]/g, "\uFFFD");
}
