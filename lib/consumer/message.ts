// What a handler sees of a delivery, and how a delivery becomes that: decoded, validated, keyed, fingerprinted.
//
//   M1. Whatever is wrong with one message is that message's failure alone.

import type { DynamoDbRecord, KafkaRecord, KinesisRecord, SqsMessageAttribute, SqsRecord } from "../aws/lambda.ts";
import { SemelError, type SemelErrorCode } from "../errors.ts";
import type { Host } from "../host.ts";
import { fingerprint, refuseFlattened } from "../protocol/fingerprint.ts";
import { keyText, recordKey, valueAt } from "../protocol/key.ts";
import type { Delivery } from "../sources/source.ts";
import { handlerFailure } from "./failures.ts";
import { type Bodies, isEncoded, unopened } from "./open-body.ts";
import type { ResolvedOptions } from "./options.ts";

/** A record of any source, as Lambda gave it. */
export type SourceRecord = SqsRecord | KinesisRecord | DynamoDbRecord | KafkaRecord;

/** One message, as a handler sees it. */
export interface Message<Body = unknown, Record = SqsRecord> {
  /** The decoded JSON body, or what the schema made of it; of DynamoDB Streams, an `ItemChange`; of a tombstone, null. */
  readonly body: Body;
  /**
   * Of a queue: new with every send and every redrive, so not an idempotency key. Of a stream or a topic: its place there, the
   * same in every delivery, new when a producer sends again. Of a direct invocation: its request id.
   */
  readonly messageId: string;
  /** 1 for the first receipt. Streams and Kafka do not count: always 1. */
  readonly receiveCount: number;
  readonly sentAtMs: number;
  /** Of Kafka: the headers of its record. */
  readonly messageAttributes: Readonly<{ [name: string]: SqsMessageAttribute }>;
  /**
   * Message group, partition key, key of the item (canonical JSON) or of the Kafka record (empty where it has none); undefined
   * where the source keeps no order.
   */
  readonly orderingKey: string | undefined;
  /** The record as Lambda gave it. */
  readonly record: Record;
}

/** Of a message's record. */
export interface Identity {
  /** The idempotency key. */
  readonly key: string;
  /** Partition key. */
  readonly pk: string;
  readonly fingerprint: string;
}

/** A message that can be run. */
export interface Prepared extends Identity {
  readonly delivery: Delivery;
  readonly message: Message;
  /** The message made anew, for another run: a handler may have changed the first. */
  renew(): Message | Promise<Message>;
}

export type Preparation =
  | { readonly kind: "ready"; readonly prepared: Prepared }
  /** It cannot be run. Its identity is known where its key needs neither the schema nor a function. */
  | { readonly kind: "unusable"; readonly error: SemelError; readonly identity: Identity | undefined };

export interface ReadContext {
  readonly options: ResolvedOptions;
  readonly bodies: Bodies;
}

/** Never rejects. */
export async function prepare(
  given: Delivery,
  { options, bodies, host }: ReadContext & { readonly host: Host },
): Promise<Preparation> {
  let delivery = given;
  try {
    if (isEncoded(given)) delivery = await bodies.open(given).catch((error: unknown) => unopened(given, error)); // decoding it throws
    return { kind: "ready", prepared: await usable(delivery, options, host) };
  } catch (error) {
    return { kind: "unusable", error: handlerFailure(error), identity: identityOf(delivery, options, host) };
  }
}

/** A message without an idempotency key: its place tells whether it is done. Throws, or rejects with, what is wrong with it. */
export function readMessage(given: Delivery, { options, bodies }: ReadContext): Message | Promise<Message> {
  if (isEncoded(given)) return bodies.open(given).then((opened) => toMessage(opened, opened.decode(), options));
  return toMessage(given, given.decode(), options);
}

/** Throws a SemelError for a message that cannot be run. */
async function usable(delivery: Delivery, options: ResolvedOptions, host: Host): Promise<Prepared> {
  const decoded = delivery.decode();
  // Before the schema, which may change what it validates.
  const whole = options.fingerprint ? undefined : wholeFingerprint(delivery, decoded, host);
  const atPath = typeof options.key === "string" ? valueAt(decoded, options.key) : undefined;
  const message = await toMessage(delivery, decoded, options);
  const [value, origin] = keyValue(message, delivery, { atPath, key: options.key });
  const text = keyText(value, origin);
  if (!text.ok) throw text.error;
  return {
    delivery,
    message,
    renew: () => toMessage(delivery, delivery.decode(), options),
    key: text.key,
    pk: recordKey(options.consumer, text.canonical, host.sha256),
    fingerprint: whole ?? chosenFingerprint(message, options, host),
  };
}

/** Of a message that cannot be run. A body that is no JSON is fingerprinted as it is. */
function identityOf(delivery: Delivery, options: ResolvedOptions, host: Host): Identity | undefined {
  if (typeof options.key === "function") return undefined;
  const decoded = decodedOrText(delivery);
  const atPath = options.key === undefined ? undefined : valueAt(decoded, options.key);
  const [value, origin] = plainKey(delivery, options.key, atPath);
  const key = keyText(value, origin);
  if (!key.ok) return undefined;
  return {
    key: key.key,
    pk: recordKey(options.consumer, key.canonical, host.sha256),
    fingerprint: fingerprint(delivery.payload ?? decoded, host.sha256),
  };
}

function decodedOrText(delivery: Delivery): unknown {
  try {
    return delivery.decode();
  } catch {
    return delivery.opened ?? delivery.text();
  }
}

/** What a source picked may hold anything; what was decoded from JSON has a JSON form. */
function wholeFingerprint({ payload }: Delivery, decoded: unknown, host: Host): string {
  if (payload === undefined) return fingerprint(decoded, host.sha256);
  try {
    refuseFlattened(payload);
    return fingerprint(payload, host.sha256);
  } catch (cause) {
    throw failure(
      "SEMEL_OPTIONS",
      `Cannot fingerprint the event: ${(cause as Error).message}. Pick what has to be the same by the fingerprint option`,
      cause,
    );
  }
}

function chosenFingerprint(message: Message, options: ResolvedOptions, host: Host): string {
  return calling("SEMEL_OPTIONS", "fingerprint", () => {
    const chosen = options.fingerprint?.(message);
    refuseFlattened(chosen);
    return fingerprint(chosen, host.sha256);
  });
}

function toMessage(delivery: Delivery, decoded: unknown, { schema }: ResolvedOptions): Message | Promise<Message> {
  if (!schema) return withBody(decoded, delivery);
  return validate(decoded, schema).then((body) => withBody(body, delivery));
}

function withBody(body: unknown, delivery: Delivery): Message {
  const { messageId, receiveCount = 1, sentAtMs, messageAttributes, orderingKey, record } = delivery;
  // Of which type the record is, is said where the handler is made. That of a direct invocation is its event, and not offered.
  return { body, messageId, receiveCount, sentAtMs, messageAttributes, orderingKey, record: record as SqsRecord };
}

const ISSUES_SHOWN_MAX = 5;
type Schema = NonNullable<ResolvedOptions["schema"]>;

async function validate(decoded: unknown, schema: Schema): Promise<unknown> {
  let result: Awaited<ReturnType<Schema["~standard"]["validate"]>>;
  try {
    result = await schema["~standard"].validate(decoded);
  } catch (cause) {
    // It may be the code's fault, or that of a service that the schema asks: another try may do.
    const options = { code: "SEMEL_SCHEMA", retryable: true, cause } as const;
    throw new SemelError("The schema threw instead of judging the body", options);
  }
  if (!result.issues) return result.value;
  const issues = result.issues.slice(0, ISSUES_SHOWN_MAX).map(({ message, path = [] }) => {
    const where = path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
    return `${where === "" ? "body" : where}: ${message}`;
  });
  const more = result.issues.length - issues.length;
  throw failure(
    "SEMEL_SCHEMA",
    `The schema refuses the body: ${issues.join("; ")}${more > 0 ? `; and ${more} more` : ""}. ` +
      "Mend the producer or the schema",
  );
}

function keyValue(
  message: Message,
  delivery: Delivery,
  { atPath, key }: { atPath: unknown; key: ResolvedOptions["key"] },
): readonly [unknown, string] {
  if (typeof key === "function") return [calling("SEMEL_KEY", "key", () => key(message)), "the key function"];
  return plainKey(delivery, key, atPath);
}

/** A key that needs no function, and so no valid body. */
function plainKey(
  { key: own, messageId }: Delivery,
  key: string | undefined,
  atPath: unknown,
): readonly [unknown, string] {
  if (key === undefined) return [own.value, own.origin];
  return key === "messageId" ? [messageId, "the message id"] : [atPath, `the path "${key}" of the body`];
}

/** Runs a function of the options; what it throws is the message's failure. */
function calling<T>(code: SemelErrorCode, option: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw failure(
      code,
      `The ${option} function failed: ${reason}. It must take every message that the schema lets through`,
      cause,
    );
  }
}

function failure(code: SemelErrorCode, message: string, cause?: unknown): SemelError {
  return new SemelError(message, { code, retryable: false, cause });
}
