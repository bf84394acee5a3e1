// Checks the parts that messages of queues and topics have in common: SNS takes what SQS takes.

import type { MessageAttributeValue } from "../aws/sqs.ts";
import { SemelError } from "../errors.ts";
import { keptJson } from "../protocol/kept-json.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import { OUTBOX_ITEM_BYTES_MAX } from "../protocol/outbox.ts";
import { isFifoId, messageFault } from "../protocol/queue-message.ts";

/** An error of one call: what is wrong, and what to do. */
export type Wrong = (what: string, remedy?: string, cause?: unknown) => SemelError;

export function wrongIn(method: string): Wrong {
  return (what, remedy, cause) =>
    new SemelError(`Cannot tx.${method}: ${what}${remedy === undefined ? "" : `. ${remedy}`}`, {
      code: "SEMEL_EFFECT",
      retryable: false,
      cause,
    });
}

/** Of the message that is handled, too: what it makes will not be smaller next time. */
export function tooLarge(method: string, bytes: number, limit: string): SemelError {
  return new SemelError(
    `Cannot tx.${method}: the message has ${bytes} bytes with all that belongs to it, but ${limit}. Keep the content in S3 and send ` +
      "where it is, or send several messages",
    { code: "SEMEL_LIMIT", retryable: false },
  );
}

/** The fields of an object, none of them foreign. Undefined is an object without any. */
export function fieldsOf<T extends object>(
  given: T | undefined,
  names: readonly (keyof T & string)[],
  wrong: Wrong,
): T {
  if (given === undefined) return {} as T;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(`its last parameter is ${describe(given)}`, `Pass an object of ${names.join(", ")}`);
  }
  const foreign = Object.keys(given).filter((name) => !(names as readonly string[]).includes(name));
  if (foreign.length === 0) return given;
  throw wrong(`foreign field ${foreign.join(", ")}`, `Known fields: ${names.join(", ")}`);
}

export const OF_AN_ITEM: string = `an item of the outbox holds ${OUTBOX_ITEM_BYTES_MAX}`;

/** As long as any id is. */
export const LONGEST_ID: string = "0".repeat(64 + 8);
/** What the relay adds. */
export const ID_ATTRIBUTE: Readonly<Record<string, MessageAttributeValue>> = {
  [KEY_ATTRIBUTE]: { DataType: "String", StringValue: LONGEST_ID },
};

interface Given {
  readonly body: unknown;
  readonly groupId?: unknown;
  readonly attributes?: unknown;
  readonly isFifo: boolean;
}

interface Parts {
  readonly body: string;
  readonly groupId?: string;
  readonly attributes?: Record<string, MessageAttributeValue>;
}

export function checkedParts(method: string, { body, groupId, attributes, isFifo }: Given): Parts {
  const wrong = wrongIn(method);
  const text = bodyText(body, wrong);
  const bytes = Buffer.byteLength(text);
  if (bytes > OUTBOX_ITEM_BYTES_MAX) throw tooLarge(method, bytes, OF_AN_ITEM);
  const own = attributesOf(attributes, wrong);
  const fault = messageFault(text, { ...own, ...ID_ATTRIBUTE });
  if (fault !== undefined) throw wrong(fault);
  return { body: text, ...groupOf(groupId, isFifo, wrong), ...(own === undefined ? {} : { attributes: own }) };
}

/** A text as it is, anything else as its JSON. */
function bodyText(body: unknown, wrong: Wrong): string {
  if (body === undefined) throw wrong("the body is undefined", "Pass a text, or a value that has a JSON form");
  return typeof body === "string" ? body : jsonText("the body", body, wrong);
}

/** SQS refuses two characters that JSON need not escape; it may. */
export function jsonText(what: string, value: unknown, wrong: Wrong): string {
  try {
    return keptJson(value).replaceAll("\uFFFE", "\\ufffe").replaceAll("\uFFFF", "\\uffff");
  } catch (cause) {
    throw wrong(`${what} has no JSON form: ${(cause as Error).message}`, "Pass a plain value", cause);
  }
}

function groupOf(groupId: unknown, isFifo: boolean, wrong: Wrong): { groupId?: string } {
  if (groupId === undefined && !isFifo) return {};
  if (typeof groupId === "string" && isFifoId(groupId)) return { groupId };
  const why = groupId === undefined ? ", and the target is FIFO" : "";
  throw wrong(`groupId is ${describe(groupId)}${why}`, "Use 1 to 128 letters, digits and punctuation, without blanks");
}

/** Copies, which the handler cannot change any more. */
function attributesOf(given: unknown, wrong: Wrong): Record<string, MessageAttributeValue> | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong(
      `attributes is ${describe(given)}`,
      "Pass an object of texts, or of { DataType, StringValue or BinaryValue }",
    );
  }
  if (Object.hasOwn(given, KEY_ATTRIBUTE)) {
    throw wrong(
      `attribute ${KEY_ATTRIBUTE} is semel's own`,
      "Leave it out: it carries the message's id, which is stable",
    );
  }
  const entries = Object.entries(given as Readonly<Record<string, string | MessageAttributeValue>>);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name, copy(value)]));
}

function copy(value: string | MessageAttributeValue): MessageAttributeValue {
  if (typeof value === "string") return { DataType: "String", StringValue: value };
  const { BinaryValue: binary } = value ?? {};
  return binary instanceof Uint8Array ? { ...value, BinaryValue: binary.slice() } : value;
}

export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return value === undefined || value === null || typeof value === "number" ? String(value) : `of type ${typeof value}`;
}
