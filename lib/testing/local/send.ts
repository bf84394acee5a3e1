// Sends messages to a queue, in batches.
//
//   SE1. Each message is accepted before its id is given; what SQS refuses for the sender's fault is an error that says what went.
//   SE2. Only what SQS says it did not take is sent again. (A request without an answer the SDK repeats: its messages may be there
//        twice, as with any sender of a standard queue.)

import { setTimeout as sleep } from "node:timers/promises";
import {
  type BatchResultErrorEntry,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { QUEUE_BATCH_MESSAGES_MAX } from "../../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../../aws/queues.ts";
import type { LocalQueue } from "../../local/index.ts";
import { localError } from "../../local/local-error.ts";
import { isObject } from "../../local/values.ts";
import type { OutgoingMessage, SendOptions } from "./types.ts";

const OPTIONS: readonly (keyof SendOptions)[] = ["attributes", "delaySeconds", "groupId", "deduplicationId"];
const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(["body", ...OPTIONS]);
const TRIES_MAX = 5;
const RETRY_MS = 50;

export async function sendMessages(
  { client, queue }: { readonly client: SQSClient; readonly queue: LocalQueue },
  given: unknown,
  options: SendOptions,
): Promise<string[]> {
  const unknown = Object.keys(options).filter((name) => !OPTIONS.some((known) => known === name));
  if (unknown.length > 0) {
    throw localError(
      `Cannot send to ${queue.name}: unknown option ${unknown.join(", ")}; known: ${OPTIONS.join(", ")}`,
    );
  }
  const messages = (Array.isArray(given) ? given : [given]).map((one: unknown) => messageOf(one, options));
  const entries = messages.map((message, index) => entryOf(message, index, queue));
  const ids: string[] = [];
  for (const batch of batchesOf(entries)) await sendBatch({ client, queue }, batch, ids);
  return ids;
}

function messageOf(one: unknown, options: SendOptions): OutgoingMessage {
  const isMessage = isObject(one) && "body" in one && Object.keys(one).every((name) => MESSAGE_MEMBERS.has(name));
  return { ...options, ...(isMessage ? (one as unknown as OutgoingMessage) : { body: one }) };
}

function entryOf(message: OutgoingMessage, index: number, queue: LocalQueue): SendMessageBatchRequestEntry {
  const { body, attributes = {}, delaySeconds, groupId, deduplicationId } = message;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  if (text === undefined) {
    throw localError(
      `Cannot send to ${queue.name}: the body of message ${index} is ${typeof body}, which has no JSON form`,
    );
  }
  const typed = Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)] as const);
  return {
    Id: String(index),
    MessageBody: text,
    ...(typed.length === 0 ? {} : { MessageAttributes: Object.fromEntries(typed) }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
  };
}

function attributeOf(value: string | number | Uint8Array): MessageAttributeValue {
  if (typeof value === "string") return { DataType: "String", StringValue: value };
  if (typeof value === "number") return { DataType: "Number", StringValue: String(value) };
  return { DataType: "Binary", BinaryValue: value };
}

/** At most 10 messages, and together no more bytes than one message may have. */
function batchesOf(entries: readonly SendMessageBatchRequestEntry[]): SendMessageBatchRequestEntry[][] {
  const batches: SendMessageBatchRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const size = bytesOf(entry);
    const last = batches.at(-1);
    if (last !== undefined && last.length < QUEUE_BATCH_MESSAGES_MAX && bytes + size <= MESSAGE_BYTES_MAX) {
      last.push(entry);
      bytes += size;
    } else {
      batches.push([entry]);
      bytes = size;
    }
  }
  return batches;
}

function bytesOf({ MessageBody, MessageAttributes = {} }: SendMessageBatchRequestEntry): number {
  const sizes = Object.entries(MessageAttributes).map(([name, { DataType = "", StringValue = "", BinaryValue }]) => {
    return Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
  });
  return sizes.reduce((sum, size) => sum + size, Buffer.byteLength(MessageBody ?? ""));
}

/** Puts the ids at their places. */
async function sendBatch(
  { client, queue }: { readonly client: SQSClient; readonly queue: LocalQueue },
  batch: readonly SendMessageBatchRequestEntry[],
  ids: string[],
): Promise<void> {
  let left = [...batch];
  let failed: BatchResultErrorEntry[] = [];
  for (let tries = 0; tries < TRIES_MAX && left.length > 0; tries += 1) {
    if (tries > 0) await sleep(RETRY_MS * tries);
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: left }));
    for (const { Id, MessageId } of answer.Successful ?? []) ids[Number(Id)] = MessageId ?? "";
    failed = answer.Failed ?? [];
    left = left.filter(({ Id }) => failed.some((entry) => entry.Id === Id)); // SE2
    if (failed.some(({ SenderFault: isOurs }) => isOurs === true)) break;
  }
  if (left.length === 0) return;
  const reasons = failed.map(({ Id, Code, Message }) => `message ${Id}: ${Message ?? Code}`).join("; ");
  const sent = Object.values(ids).length;
  throw localError(`Cannot send to ${queue.name}: ${reasons}; ${sent} of the messages were sent`); // SE1
}
