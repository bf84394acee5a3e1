// Makes a dead letter fit that SQS has no room for. Only streams and topics have such messages: what cannot leave would block
// everything behind it in its ordering key.
//
//   FL1. Nothing is lost that can be kept: the body is compressed; else stored, where a bucket is named.
//   FL2. Else it is cut, and says so: where the whole is, for as long as the stream keeps it, and that what is there is not the whole.

import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { MESSAGE_ATTRIBUTES_MAX, type MessageAttributeValue } from "../aws/sqs.ts";
import { inTime } from "../host.ts";
import { encode } from "../payload/encode.ts";
import { OBJECT_TIMEOUT_MS, type ObjectStore } from "../payload/objects.ts";
import { ENCODING_ATTRIBUTE, encodingAttribute, uriOf } from "../protocol/encoded-body.ts";
import { messageBytes } from "../protocol/queue-message.ts";
import { FAILURE_BYTES, type Letter } from "../protocol/rejection.ts";
import type { OpenContext } from "./open-body.ts";

export interface FitContext extends Pick<OpenContext, "host" | "options"> {
  readonly objects: ObjectStore;
  readonly signal: AbortSignal;
}

export interface FittedLetter extends Letter {
  /** What was done to it beside compressing, for the reason and the log. */
  readonly note?: string;
}

/** Where objects of dead letters are: whoever consumes the bucket's other objects can tell them apart. */
const PREFIX = "semel-dead-letters/";

export function fits({ body, attributes }: Letter): boolean {
  return messageBytes(body, attributes) <= MESSAGE_BYTES_MAX;
}

/** `messageId` names it. Rejects where the body is to be stored and is not known to be. */
export async function fitLetter(letter: Letter, messageId: string, context: FitContext): Promise<FittedLetter> {
  const { attributes } = letter;
  if (ENCODING_ATTRIBUTE in attributes || Object.keys(attributes).length >= MESSAGE_ATTRIBUTES_MAX - 1)
    return cut(letter.body, attributes); // it cannot say that it is encoded, or is already
  const { host, objects, options, signal } = context;
  const overBytes = MESSAGE_BYTES_MAX - FAILURE_BYTES;
  const claimCheck = options.claimCheck && { bucket: options.claimCheck.bucket, prefix: PREFIX, overBytes };
  const payload = { text: letter.body, attributes, key: messageId };
  const { upload, ...encoded } = encode(payload, { compressOverBytes: 0, claimCheck }, host.sha256);
  if (upload !== undefined) {
    const limits = { host, service: "S3", timeoutMs: OBJECT_TIMEOUT_MS } as const;
    await inTime((stop) => objects.put(upload, upload.bytes, stop), signal, limits);
    return { ...encoded, note: `its body is in ${uriOf(upload)}` };
  }
  return messageBytes(encoded.body, encoded.attributes) <= overBytes ? encoded : cut(letter.body, attributes);
}

/** FL2 */
function cut(body: string, own: Readonly<Record<string, MessageAttributeValue>>): FittedLetter {
  const attributes = { ...own, [ENCODING_ATTRIBUTE]: encodingAttribute("cut") };
  const bytes = Buffer.from(body);
  const room = MESSAGE_BYTES_MAX - FAILURE_BYTES - messageBytes("", attributes);
  const kept = wholeCharacters(bytes.subarray(0, room));
  const note = `its body is cut to ${Buffer.byteLength(kept)} of ${bytes.byteLength} bytes; the stream has the whole, where semel-origin and semel-position say`;
  return { body: kept, attributes, note };
}

/** Without the part of a character at the end. */
function wholeCharacters(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes, { stream: true });
}
