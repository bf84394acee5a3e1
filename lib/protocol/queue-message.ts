// What SQS takes as a message: its characters, attributes and bytes, and the ids of FIFO queues. Pure.
//
//   QM1. What is said to fit is taken by SQS: one message that it refuses may cost a whole batch.
//   QM2. Different keys never share a deduplication id.

import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import {
  MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX,
  MESSAGE_ATTRIBUTES_MAX,
  MESSAGE_ID_CHARACTERS_MAX,
  type MessageAttributeValue,
} from "../aws/sqs.ts";
import type { Sha256 } from "./key.ts";

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>;

/** Outside https://www.w3.org/TR/REC-xml/#charsets; a lone surrogate is, too. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;
/** No period at either end, no two in succession. */
const ATTRIBUTE_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const RESERVED_NAME = /^(aws|amazon)\./i;
/** A label of one's own may follow. */
const ATTRIBUTE_TYPE = /^(String|Number|Binary)(\..+)?$/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** Letters, digits and punctuation, no blank. */
const FIFO_ID = new RegExp(`^[\\x21-\\x7e]{1,${MESSAGE_ID_CHARACTERS_MAX}}$`);

/** The first character that SQS refuses, as "U+0001"; undefined where there is none. */
export function forbiddenCharacter(text: string): string | undefined {
  const [found] = FORBIDDEN.exec(text) ?? [];
  return found && `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

/** Whether it may be a message group id or a deduplication id. */
export function isFifoId(text: string): boolean {
  return FIFO_ID.test(text);
}

const HASHED = "sha256:";

/** The key as it is where SQS takes it, else its hash. */
export function deduplicationId(key: string, sha256: Sha256): string {
  if (isFifoId(key) && !key.startsWith(HASHED)) return key;
  return HASHED + sha256(JSON.stringify(key)); // QM2: JSON keeps lone surrogates apart
}

/** Names, types and values of all attributes count, and the body. */
export function messageBytes(body: string, attributes: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = "", BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return bytes;
}

/** What is wrong with the characters of a body, and what to do; undefined where SQS takes them. */
export function bodyFault(body: string): string | undefined {
  if (body === "") return "its body is empty. SQS takes 1 byte or more";
  const character = forbiddenCharacter(body);
  if (character === undefined) return undefined;
  return `its body holds ${character}, which SQS refuses. Give a value instead of a text, so that it goes as JSON, or encode it`;
}

/** What is wrong with a body and its attributes, and what to do; undefined where a queue takes them (QM1). */
export function messageFault(
  body: string,
  attributes: MessageAttributes,
  bytesMax: number = MESSAGE_BYTES_MAX,
): string | undefined {
  const fault = bodyFault(body);
  if (fault !== undefined) return fault;
  const names = Object.keys(attributes);
  if (names.length > MESSAGE_ATTRIBUTES_MAX) {
    return `it has ${names.length} attributes, semel's own among them. SQS takes ${MESSAGE_ATTRIBUTES_MAX}: put the others into the body`;
  }
  for (const name of names) {
    const fault = attributeFault(name, attributes[name]);
    if (fault !== undefined) return fault;
  }
  const bytes = messageBytes(body, attributes);
  if (bytes <= bytesMax) return undefined;
  return `it has ${bytes} bytes with its attributes. The queue takes ${bytesMax}: set the options compress or claimCheck, or send it in parts`;
}

function attributeFault(name: string, value: MessageAttributeValue | undefined): string | undefined {
  if (name.length > MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX || !ATTRIBUTE_NAME.test(name) || RESERVED_NAME.test(name)) {
    return (
      `an attribute is named ${JSON.stringify(name)}. Use 1 to ${MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX} letters, digits, ` +
      'hyphens, underscores and single periods inside, and no "AWS." or "Amazon." in front'
    );
  }
  if (typeof value !== "object" || value === null)
    return `attribute ${name} is ${String(value)}. Use a text or ${SHAPE}`;
  const { DataType: type, StringValue: text, BinaryValue: binary } = value;
  if (typeof type !== "string" || type.length > MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX || !ATTRIBUTE_TYPE.test(type)) {
    return `the DataType of attribute ${name} is ${JSON.stringify(type)}. Use String, Number or Binary`;
  }
  const isBinary = type.startsWith("Binary");
  const fits = isBinary
    ? binary instanceof Uint8Array && binary.byteLength > 0 && text === undefined
    : typeof text === "string" && text !== "" && binary === undefined;
  if (!fits) return `attribute ${name} of type ${type} has no value of its type, or an empty one. Use ${SHAPE}`;
  if (isBinary || text === undefined) return undefined;
  const character = forbiddenCharacter(text);
  if (character !== undefined) return `attribute ${name} holds ${character}, which SQS refuses. Encode it`;
  if (!type.startsWith("Number") || NUMBER.test(text)) return undefined;
  return `attribute ${name} of type ${type} is ${JSON.stringify(text)}, no number. Use digits, or type String`;
}

const SHAPE = "{ DataType, StringValue } or { DataType, BinaryValue }";
