// Message attributes: what SQS accepts, how many bytes they count, which of them a receiver asked for.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
import { MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX, MESSAGE_ATTRIBUTES_MAX } from "../../aws/sqs.ts";
import { isObject, type JsonObject } from "../values.ts";
import { SqsError } from "./errors.ts";
import { optionalMap } from "./input.ts";

/** As on the wire: binary in base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** Not at either end a period, no two in succession. */
const NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const RESERVED = /^(aws|amazon)\./i;
/** A type may have a label of one's own after it. */
const TYPE = /^(String|Number|Binary)(\..+)?$/;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
/** https://www.w3.org/TR/REC-xml/#charsets, as SQS's documentation quotes it; a lone surrogate is outside. */
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export function hasForbiddenCharacter(text: string): boolean {
  return FORBIDDEN.test(text);
}

export function isBinary(attribute: MessageAttribute): boolean {
  return attribute.DataType.startsWith("Binary");
}

/** Undefined for none, which is how SQS answers it. */
export function readAttributes(input: JsonObject): MessageAttributes | undefined {
  const entries = Object.entries(optionalMap(input, "MessageAttributes") ?? {});
  if (entries.length === 0) return undefined;
  if (entries.length > MESSAGE_ATTRIBUTES_MAX) {
    throw invalid(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${MESSAGE_ATTRIBUTES_MAX}].`,
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, readAttribute(name, value)]));
}

function readAttribute(name: string, value: unknown): MessageAttribute {
  if (name.length > MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX || !NAME.test(name) || RESERVED.test(name)) {
    throw invalid(
      `The message attribute name '${name}' is invalid. A name has 1 to ${MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX} of the ` +
        "characters A-Z, a-z, 0-9, underscore, hyphen and period, no period at its ends or two in succession, and does " +
        "not start with AWS. or Amazon.",
    );
  }
  if (!isObject(value)) throw invalid(`The message attribute '${name}' must be an object.`);
  const { DataType: type, StringValue: text, BinaryValue: binary } = value;
  if (isFilled(value["StringListValues"]) || isFilled(value["BinaryListValues"])) {
    throw new SqsError(
      "UnsupportedOperation",
      "Message attribute list values in SendMessage operation are not supported.",
    );
  }
  if (typeof type !== "string" || type === "") {
    throw invalid(`The message attribute '${name}' must contain a non-empty message attribute type.`);
  }
  if (type.length > MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX || !TYPE.test(type)) {
    throw invalid(
      `The type of message attribute '${name}' is invalid. You must use only the following supported type prefixes: ` +
        "Binary, Number, String.",
    );
  }
  const isBytes = type.startsWith("Binary");
  const [used, other] = isBytes ? [binary, text] : [text, binary];
  if (typeof used !== "string" || used === "" || (other ?? undefined) !== undefined) {
    throw invalid(
      `The message attribute '${name}' with type '${type}' must contain a non-empty value of field ` +
        `'${isBytes ? "BinaryValue" : "StringValue"}', and no other.`,
    );
  }
  if (isBytes) return { DataType: type, BinaryValue: used };
  if (hasForbiddenCharacter(used)) {
    throw new SqsError(
      "InvalidMessageContents",
      `The message attribute '${name}' has characters outside the allowed set.`,
    );
  }
  if (type.startsWith("Number") && !NUMBER.test(used)) {
    throw invalid(`Can't cast the value of message attribute '${name}' to a number.`);
  }
  return { DataType: type, StringValue: used };
}

/** What counts toward a message's size: names, types, values. */
export function attributeBytes(attributes: MessageAttributes | undefined): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(attributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value.DataType);
    bytes += isBinary(value)
      ? Buffer.byteLength(value.BinaryValue ?? "", "base64")
      : Buffer.byteLength(value.StringValue ?? "");
  }
  return bytes;
}

/** By name, by "prefix.*" (the dot itself need not be there), or all by "All" or ".*". Undefined for none. */
export function pickAttributes(
  attributes: MessageAttributes | undefined,
  wanted: readonly string[],
): MessageAttributes | undefined {
  if (attributes === undefined || wanted.length === 0) return undefined;
  if (wanted.includes("All") || wanted.includes(".*")) return attributes;
  const picked = Object.entries(attributes).filter(([name]) =>
    wanted.some((one) => (one.endsWith(".*") ? name.startsWith(one.slice(0, -2)) : name === one)),
  );
  return picked.length === 0 ? undefined : Object.fromEntries(picked);
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

function invalid(message: string): SqsError {
  return new SqsError("InvalidParameterValue", message);
}
