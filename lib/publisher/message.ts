// A message as its producer gives it, checked and made ready before anything is sent.
//
//   PM1. The idempotency key is there before the first try, so that every try carries the same one.
//   PM2. A key that the runtime would refuse is refused here.

import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { MESSAGE_DELAY_SECONDS_MAX, type MessageAttributeValue, type SendMessageBatchEntry } from "../aws/sqs.ts";
import { SemelError } from "../errors.ts";
import { type EncodeOptions, encode, type Payload, type Upload } from "../payload/encode.ts";
import { ENCODING_ATTRIBUTE, PAYLOAD_BYTES_MAX } from "../protocol/encoded-body.ts";
import { keptJson } from "../protocol/kept-json.ts";
import { KEY_ATTRIBUTE, type KeyText, keyText, type Sha256 } from "../protocol/key.ts";
import { bodyFault, deduplicationId, isFifoId, messageBytes, messageFault } from "../protocol/queue-message.ts";
import type { NewId } from "./uuid-v7.ts";

export interface OutgoingMessage {
  /**
   * A text goes as it is, which is not JSON; anything else as its JSON. 1 MiB at most, with key and attributes; with the option
   * `claimCheck`, 16 MiB.
   */
  readonly body: unknown;
  /**
   * The idempotency key: names the intended effect, and so is the same whenever the message is sent again. It stands in
   * the message attribute `semel-idempotency-key`, where consumers without a `key` option read it.
   * @default a new id, which holds for the tries of this one call; it is in the result, and in the error
   */
  readonly key?: string;
  /**
   * Message group, 1 to 128 letters, digits and punctuation. Required on FIFO queues, which keep order within it; on a standard
   * queue it marks the tenant of a fair queue.
   */
  readonly groupId?: string | undefined;
  /** Seconds until it can be received, 0 to 900. Standard queues only. @default the queue's */
  readonly delaySeconds?: number | undefined;
  /** 9 at most, of a body that is compressed or stored 8: a text, or SQS's own shape. @default none */
  readonly attributes?: Readonly<Record<string, string | MessageAttributeValue>> | undefined;
}

/** A message that can be sent. */
export interface ReadyMessage {
  readonly key: string;
  readonly entry: Omit<SendMessageBatchEntry, "Id">;
  /** As SQS counts them. */
  readonly bytes: number;
  /** Has to be in S3 before the message is sent. */
  readonly upload?: Upload;
}

export type CheckedMessage =
  | ({ readonly ok: true } & ReadyMessage)
  | { readonly ok: false; readonly key: string | undefined; readonly error: SemelError };

export interface CheckContext {
  readonly queueUrl: string;
  readonly newId: NewId;
  readonly sha256: Sha256;
  readonly encoding: EncodeOptions;
  readonly messageBytesMax: number;
}

const KNOWN: Readonly<Record<keyof OutgoingMessage, true>> = {
  body: true,
  key: true,
  groupId: true,
  delaySeconds: true,
  attributes: true,
};

export function checkMessage(message: OutgoingMessage, context: CheckContext): CheckedMessage {
  if (typeof message !== "object" || message === null)
    return refused(`it is ${String(message)}. Use { body, … }`, undefined);
  const { attributes: given = {} } = message;
  if (typeof given !== "object" || given === null)
    return refused(`its attributes are ${String(given)}. Use { name: text }`);
  const named = keyOf(message, context.newId); // PM1
  if (!named.ok) return { ok: false, key: undefined, error: named.error };
  const { key } = named;
  const body = bodyText(message.body);
  const fault =
    unknownFields(message) ??
    orderFault(message, context.queueUrl) ??
    body.fault ??
    stampedByHand(given) ??
    bodyFault(body.text); // before it is encoded, which would change a lone surrogate
  if (fault !== undefined) return refused(fault, key);
  return encoded(message, { text: body.text, attributes: attributesOf(message, key), key }, context);
}

function encoded(message: OutgoingMessage, payload: Payload, context: CheckContext): CheckedMessage {
  const { key } = payload;
  const { body, attributes, upload } = encode(payload, context.encoding, context.sha256);
  const fault = sizeFault(payload, context.encoding) ?? messageFault(body, attributes, context.messageBytesMax);
  if (fault !== undefined) return refused(fault, key);
  return {
    ok: true,
    key,
    entry: entryOf(message, { key, body, attributes }, context),
    bytes: messageBytes(body, attributes),
    ...(upload === undefined ? {} : { upload }),
  };
}

/** What no consumer of semel would take. */
function sizeFault({ text }: Payload, { claimCheck }: EncodeOptions): string | undefined {
  const bytes = claimCheck === undefined ? 0 : Buffer.byteLength(text);
  if (bytes <= PAYLOAD_BYTES_MAX) return undefined;
  return `its body has ${bytes} bytes. semel takes ${PAYLOAD_BYTES_MAX}: send it in parts, or the name of an object of your own`;
}

function stampedByHand(given: object): string | undefined {
  if (KEY_ATTRIBUTE in given) return `it has an attribute ${KEY_ATTRIBUTE} of its own. Give the key in the field key`;
  if (!(ENCODING_ATTRIBUTE in given)) return undefined;
  return `it has an attribute ${ENCODING_ATTRIBUTE} of its own, which semel sets. Leave it out, and give the body as it is`;
}

/** A field that is there and empty is a mistake, not the wish for a new key. */
function keyOf(message: OutgoingMessage, newId: NewId): KeyText {
  const key: unknown = "key" in message ? message.key : newId();
  if (!Array.isArray(key)) return keyText(key, "the field key"); // PM2
  const options = { code: "SEMEL_KEY", retryable: false } as const;
  return {
    ok: false,
    error: new SemelError("No usable idempotency key: the field key is a list. Join its parts to one text", options),
  };
}

function unknownFields(message: OutgoingMessage): string | undefined {
  const unknown = Object.keys(message).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length === 0) return undefined;
  return `it has the unknown field ${unknown.join(", ")}. Known fields: ${Object.keys(KNOWN).join(", ")}`;
}

function orderFault({ groupId, delaySeconds }: OutgoingMessage, queueUrl: string): string | undefined {
  const isFifo = queueUrl.endsWith(FIFO_QUEUE_SUFFIX);
  if (isFifo && groupId === undefined) {
    return "it has no groupId, and the queue is a FIFO queue. Set groupId to what its order is kept within, a customer say";
  }
  if (groupId !== undefined && (typeof groupId !== "string" || !isFifoId(groupId))) {
    return `its groupId is ${JSON.stringify(groupId)}. Use 1 to 128 letters, digits and punctuation, without blanks`;
  }
  if (delaySeconds === undefined) return undefined;
  if (isFifo) return `its delaySeconds is ${String(delaySeconds)}. A FIFO queue has one delay for all: set it there`;
  const whole = Number.isInteger(delaySeconds) && delaySeconds >= 0 && delaySeconds <= MESSAGE_DELAY_SECONDS_MAX;
  return whole
    ? undefined
    : `its delaySeconds is ${String(delaySeconds)}. Use a whole number from 0 to ${MESSAGE_DELAY_SECONDS_MAX}`;
}

/** SQS refuses two characters that JSON need not escape; it may. */
function bodyText(body: unknown): { readonly text: string; readonly fault?: string } {
  if (typeof body === "string") return { text: body };
  const remedy = "Use a text, or a value that JSON can hold";
  if (body === undefined) return { text: "", fault: `it has no body. ${remedy}` };
  try {
    return { text: keptJson(body).replaceAll("\uFFFE", "\\ufffe").replaceAll("\uFFFF", "\\uffff") };
  } catch (cause) {
    return {
      text: "",
      fault: `its body cannot go as JSON: ${cause instanceof Error ? cause.message : String(cause)}. ${remedy}`,
    };
  }
}

function attributesOf({ attributes = {} }: OutgoingMessage, key: string): Record<string, MessageAttributeValue> {
  const own = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === "string" ? text(value) : copy(value),
  ]);
  return { ...(Object.fromEntries(own) as Record<string, MessageAttributeValue>), [KEY_ATTRIBUTE]: text(key) };
}

/** The caller's may be changed between two tries. */
function copy(value: MessageAttributeValue): MessageAttributeValue {
  if (typeof value !== "object" || value === null) return value; // its fault is told
  const { BinaryValue: binary } = value;
  return { ...value, ...(binary instanceof Uint8Array ? { BinaryValue: binary.slice() } : {}) };
}

function text(value: string): MessageAttributeValue {
  return { DataType: "String", StringValue: value };
}

function entryOf(
  { groupId, delaySeconds }: OutgoingMessage,
  { key, body, attributes }: { key: string; body: string; attributes: Record<string, MessageAttributeValue> },
  { queueUrl, sha256 }: CheckContext,
): ReadyMessage["entry"] {
  return {
    MessageBody: body,
    MessageAttributes: attributes,
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(queueUrl.endsWith(FIFO_QUEUE_SUFFIX) ? { MessageDeduplicationId: deduplicationId(key, sha256) } : {}),
  };
}

function refused(fault: string, key?: string): CheckedMessage {
  const error = new SemelError(`Cannot send the message: ${fault}`, { code: "SEMEL_MESSAGE", retryable: false, key });
  return { ok: false, key, error };
}
