// How a message says that its body is not the payload itself: compressed, or somewhere else. Pure: who (de)codes is lib/payload.
//
//   EB1. The attribute alone says it. Nothing is guessed from a body, so no payload is taken for an encoding, or the other way round.
//   EB2. An object is named after the idempotency key, its content and its form: a message that is sent again names the same one, and
//        nothing else than what the name says is taken for its content.
//   EB3. What stands in the place of a payload is no JSON: a consumer that knows nothing of it refuses it.

import type { MessageAttributeValue } from "../aws/sqs.ts";
import type { Sha256 } from "./key.ts";

/** The message attribute that names the encoding; absent: the body is the payload. */
export const ENCODING_ATTRIBUTE = "semel-encoding";

/** What ENCODING_ATTRIBUTE may hold. */
export const ENCODINGS = [
  /** The payload's UTF-8, gzipped, in base64: `base64 -d | gunzip` reads it. */
  "gzip+base64",
  /** The body is the s3:// URI of an object that holds the payload. */
  "s3",
  /** The same, of the gzipped payload. */
  "gzip+s3",
  /** Of a dead letter: the beginning of a payload that SQS has no room for. */
  "cut",
] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A payload in its plain form: what decoding it may cost a consumer in memory. */
export const PAYLOAD_BYTES_MAX: number = 16 * 1024 * 1024;

export function isEncoding(text: unknown): text is Encoding {
  return (ENCODINGS as readonly unknown[]).includes(text);
}

/** The payload is in an object. */
export function isStored(encoding: string | undefined): boolean {
  return encoding === "s3" || encoding === "gzip+s3";
}

export function encodingAttribute(encoding: Encoding): MessageAttributeValue {
  return { DataType: "String", StringValue: encoding };
}

/** Where an object is. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/** What an object is named after. */
export interface ObjectContent {
  /** Of the idempotency key, or of what else tells messages apart. */
  readonly key: string;
  readonly payload: string;
  readonly gzipped: boolean;
}

/** EB2 */
export function objectKey(prefix: string, { key, payload, gzipped }: ObjectContent, sha256: Sha256): string {
  return `${prefix}${sha256(JSON.stringify(key))}/${sha256(payload)}${gzipped ? ".gz" : ""}`; // JSON keeps lone surrogates apart
}

/** EB3 */
export function uriOf({ bucket, key }: ObjectPlace): string {
  return `s3://${bucket}/${key}`;
}

export interface ObjectClaim extends ObjectPlace {
  /** Of the payload: hex SHA-256. */
  readonly payloadHash: string;
}

const URI =
  /^s3:\/\/(?<bucket>[a-z0-9.-]+)\/(?<key>(?:.*\/)?[0-9a-f]{64}\/(?<payloadHash>[0-9a-f]{64})(?<form>\.gz)?)$/;

/** Undefined for what is no URI of an object of this form. EB2 */
export function claimOf(body: string, encoding: Encoding): ObjectClaim | undefined {
  const { bucket = "", key = "", payloadHash = "", form } = URI.exec(body)?.groups ?? {};
  const isGzipped = form !== undefined;
  return bucket !== "" && isGzipped === (encoding === "gzip+s3") ? { bucket, key, payloadHash } : undefined;
}
