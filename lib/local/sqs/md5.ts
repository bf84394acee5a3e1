// The MD5s that SQS answers with, and that SDKs check.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
import { createHash, hash } from "node:crypto";
import { isBinary, type MessageAttributes } from "./message-attributes.ts";

const TEXT = Buffer.from([1]);
const BINARY = Buffer.from([2]);

export function md5OfText(text: string): string {
  return hash("md5", text, "hex");
}

/** Undefined for none. */
export function md5OfAttributes(attributes: MessageAttributes | undefined): string | undefined {
  const names = Object.keys(attributes ?? {});
  if (attributes === undefined || names.length === 0) return undefined;
  const digest = createHash("md5");
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    digest.update(length).update(bytes);
  };
  for (const name of names.sort()) {
    const value = attributes[name];
    if (value === undefined) continue;
    add(Buffer.from(name));
    add(Buffer.from(value.DataType));
    digest.update(isBinary(value) ? BINARY : TEXT);
    add(isBinary(value) ? Buffer.from(value.BinaryValue ?? "", "base64") : Buffer.from(value.StringValue ?? ""));
  }
  return digest.digest("hex");
}
