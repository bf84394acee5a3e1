// A payload as it goes into a message: as it is, compressed, or stored with a URI in its place.
//
//   EC1. Compressed is only what is smaller in the end: base64 and the attribute counted.
//   EC2. Stored is only what would not fit otherwise. Nothing is stored here: the caller does that before it sends the message.

import { MESSAGE_ATTRIBUTES_MAX, type MessageAttributeValue } from "../aws/sqs.ts";
import {
  ENCODING_ATTRIBUTE,
  type Encoding,
  encodingAttribute,
  type ObjectPlace,
  objectKey,
  PAYLOAD_BYTES_MAX,
  uriOf,
} from "../protocol/encoded-body.ts";
import type { Sha256 } from "../protocol/key.ts";
import { type MessageAttributes, messageBytes } from "../protocol/queue-message.ts";
import { base64, gzip } from "./gzip.ts";

export interface EncodeOptions {
  /** Payloads above this are compressed, bytes; none: none is. */
  readonly compressOverBytes: number | undefined;
  /** Messages above `overBytes`, attributes included, are stored; none: none is. */
  readonly claimCheck: { readonly bucket: string; readonly prefix: string; readonly overBytes: number } | undefined;
}

export interface Payload {
  readonly text: string;
  /** Of its message, without that of the encoding. */
  readonly attributes: Readonly<Record<string, MessageAttributeValue>>;
  /** The idempotency key. */
  readonly key: string;
}

/** An object that has to be in its place before the message is sent. */
export interface Upload extends ObjectPlace {
  readonly bytes: Uint8Array;
}

export interface EncodedMessage {
  readonly body: string;
  readonly attributes: Record<string, MessageAttributeValue>;
  readonly upload?: Upload;
}

/** What SQS has no room for, and what semel does not store, is left as it is: who sends it tells. */
export function encode(
  { text, attributes, key }: Payload,
  { compressOverBytes, claimCheck }: EncodeOptions,
  sha256: Sha256,
): EncodedMessage {
  const plain: EncodedMessage = { body: text, attributes: { ...attributes } };
  const bytes = Buffer.byteLength(text);
  if (bytes > PAYLOAD_BYTES_MAX) return plain;
  const gzipped = compressOverBytes !== undefined && bytes > compressOverBytes ? gzip(text) : undefined;
  const inline = gzipped === undefined ? plain : smaller(plain, compressed(gzipped, attributes));
  if (claimCheck === undefined || messageBytes(inline.body, inline.attributes) <= claimCheck.overBytes) return inline; // EC2
  const isGzipped = gzipped !== undefined && gzipped.byteLength < bytes;
  const { bucket, prefix } = claimCheck;
  const place = { bucket, key: objectKey(prefix, { key, payload: text, gzipped: isGzipped }, sha256) };
  const upload = { ...place, bytes: isGzipped ? gzipped : Buffer.from(text) };
  return { ...marked(uriOf(place), attributes, isGzipped ? "gzip+s3" : "s3"), upload };
}

function compressed(gzipped: Uint8Array, attributes: MessageAttributes): EncodedMessage {
  return marked(base64(gzipped), attributes, "gzip+base64");
}

function marked(body: string, attributes: MessageAttributes, encoding: Encoding): EncodedMessage {
  return { body, attributes: { ...attributes, [ENCODING_ATTRIBUTE]: encodingAttribute(encoding) } };
}

/** EC1 */
function smaller(plain: EncodedMessage, packed: EncodedMessage): EncodedMessage {
  if (Object.keys(packed.attributes).length > MESSAGE_ATTRIBUTES_MAX) return plain; // no room to say so
  const isSmaller = messageBytes(packed.body, packed.attributes) < messageBytes(plain.body, plain.attributes);
  return isSmaller ? packed : plain;
}
