// Payloads that come as bytes (Kinesis, Kafka): their text, their JSON, and what of them fits into a dead letter. Pure.
//
//   PL1. A body that SQS would refuse goes as base64, told by an attribute: a message that cannot be dead-lettered as text
//        does not block its stream.
//   PL2. A dead letter tells where its message stood: origin and position. Attributes that SQS would refuse are left out.

import type { SqsMessageAttribute } from "../aws/lambda.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { MESSAGE_ATTRIBUTES_MAX } from "../aws/sqs.ts";
import { SemelError } from "../errors.ts";
import { ENCODING_ATTRIBUTE } from "../protocol/encoded-body.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import {
  BODY_ENCODING_ATTRIBUTE,
  FAILURE_ATTRIBUTE,
  FAILURE_BYTES,
  ORIGIN_ATTRIBUTE,
  POSITION_ATTRIBUTE,
  type Received,
} from "../protocol/rejection.ts";

type Attributes = Readonly<{ [name: string]: SqsMessageAttribute }>;

/** Throws a SemelError for a text that is no JSON. */
export function decodeJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new SemelError(
      `Cannot decode the body: it is not JSON (${(cause as Error).message}; ${body.length} characters). ` +
        "Send JSON; text goes as a JSON string",
      { code: "SEMEL_BODY", retryable: false, cause },
    );
  }
}

/** Undefined for what is no UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const isExact = !text.includes("\uFFFD") || Buffer.from(text, "utf8").equals(bytes); // what cannot be read becomes one
  return isExact ? text : undefined;
}

/** Of a text that has a character a byte. */
export function bytesOf(binary: string): Buffer {
  return Buffer.from(binary, "latin1");
}

/** Throws a SemelError for bytes that are no JSON in UTF-8. */
export function decodeBinary(binary: string): unknown {
  const isAscii = Buffer.byteLength(binary, "utf8") === binary.length;
  const text = isAscii ? binary : utf8(bytesOf(binary));
  if (text !== undefined) return decodeJson(text);
  throw new SemelError(
    `Cannot decode the body: its ${binary.length} bytes are not UTF-8. Send JSON; a binary or compressed payload has ` +
      "to be decoded before semel's consumer",
    { code: "SEMEL_BODY", retryable: false },
  );
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html (MessageBody)
const REFUSED = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
const ATTRIBUTE_NAME = /^(?!(?:aws|amazon)\.)(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i;

function isSendable(text: string): boolean {
  return text !== "" && !REFUSED.test(text);
}

/** PL1: the text itself where SQS takes it, else base64. */
export function sendableText(bytes: Uint8Array): { readonly body: string; readonly encoding: "base64" | undefined } {
  const text = utf8(bytes);
  if (text !== undefined && isSendable(text)) return { body: text, encoding: undefined };
  return { body: Buffer.from(bytes).toString("base64") || EMPTY, encoding: "base64" };
}

/** SQS takes no empty body; one character of padding is base64 of nothing. */
const EMPTY = "=";

export interface LetterParts {
  readonly body: string;
  readonly encoding?: "base64" | undefined;
  readonly origin: string;
  /** As the source gave it. */
  readonly position: string;
  readonly attributes?: Attributes;
}

/** PL2 */
export function streamLetter({ body, encoding, origin, position, attributes = {} }: LetterParts): Received {
  const own: [string, SqsMessageAttribute][] = [
    [ORIGIN_ATTRIBUTE, text(origin)],
    [POSITION_ATTRIBUTE, text(position)],
  ];
  if (encoding !== undefined) own.push([BODY_ENCODING_ATTRIBUTE, text(encoding)]);
  const roomBeside = MESSAGE_BYTES_MAX - FAILURE_BYTES - Buffer.byteLength(body);
  const isTooLarge = roomBeside <= ATTRIBUTES_BYTES_OF_LARGE; // its body will be made smaller
  let left = isTooLarge ? ATTRIBUTES_BYTES_OF_LARGE : roomBeside;
  for (const [name, attribute] of own) left -= attributeBytes(name, attribute);
  const isEncoded = ENCODING_ATTRIBUTE in attributes;
  const room = MESSAGE_ATTRIBUTES_MAX - OWN_ATTRIBUTES.size - (isTooLarge && !isEncoded ? 1 : 0);
  const taken: [string, SqsMessageAttribute][] = [];
  // Without the key, what is redriven could not be told apart; without the encoding, not be read.
  const isNeeded = (name: string): boolean => name === KEY_ATTRIBUTE || name === ENCODING_ATTRIBUTE;
  const neededFirst = Object.entries(attributes).sort(([a], [b]) => Number(isNeeded(b)) - Number(isNeeded(a)));
  for (const [name, attribute] of neededFirst) {
    const bytes = attributeBytes(name, attribute);
    if (taken.length >= room || bytes > left || OWN_ATTRIBUTES.has(name) || !isSendableAttribute(name, attribute))
      continue;
    taken.push([name, attribute]);
    left -= bytes;
  }
  return { body, messageAttributes: Object.fromEntries([...taken, ...own]) };
}

/** For the attributes of a message whose body alone is too much for SQS. */
const ATTRIBUTES_BYTES_OF_LARGE = 16_384;

const OWN_ATTRIBUTES: ReadonlySet<string> = new Set([
  FAILURE_ATTRIBUTE,
  ORIGIN_ATTRIBUTE,
  POSITION_ATTRIBUTE,
  BODY_ENCODING_ATTRIBUTE,
]);
function text(stringValue: string): SqsMessageAttribute {
  return { stringValue, dataType: "String" };
}

function isSendableAttribute(name: string, { stringValue, binaryValue }: SqsMessageAttribute): boolean {
  if (!ATTRIBUTE_NAME.test(name)) return false;
  return stringValue === undefined ? binaryValue !== undefined && binaryValue !== "" : isSendable(stringValue);
}

function attributeBytes(name: string, { stringValue = "", binaryValue = "", dataType }: SqsMessageAttribute): number {
  return Buffer.byteLength(name + dataType + stringValue) + Buffer.byteLength(binaryValue, "base64");
}
