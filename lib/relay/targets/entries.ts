// What SQS and SNS share: entries by id, attributes, and the id of a message as its idempotency key.

import { FIFO_QUEUE_SUFFIX } from "../../aws/names.ts";
import type { MessageAttributeValue } from "../../aws/sqs.ts";
import { KEY_ATTRIBUTE } from "../../protocol/key.ts";
import type { QueueMessage, TopicMessage } from "../../protocol/outbox.ts";
import type { TargetAnswer } from "../target-send.ts";
import { entryVerdict, type Verdict } from "../verdict.ts";

type Message = QueueMessage | TopicMessage;

/** With the id, which the receiver takes for its idempotency key. */
export function attributesOf({ id, attributes }: Message): Record<string, MessageAttributeValue> {
  return { ...attributes, [KEY_ATTRIBUTE]: { DataType: "String", StringValue: id } };
}

/** The group, and on FIFO the id as deduplication id: sent twice within 5 minutes, it is delivered once. */
export function orderOf({ id, target, groupId }: Message): {
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
} {
  return {
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(target.endsWith(FIFO_QUEUE_SUFFIX) && { MessageDeduplicationId: id }),
  };
}

/** Body, and name, type and value of every attribute. */
export function bytesOf(message: Message): number {
  let bytes = Buffer.byteLength(message.body);
  for (const [name, { DataType, StringValue = "", BinaryValue }] of Object.entries(attributesOf(message))) {
    bytes += Buffer.byteLength(name + DataType + StringValue) + (BinaryValue?.byteLength ?? 0);
  }
  return bytes;
}

/** Entries have their place for an id. */
export function verdictsById({ Successful = [], Failed = [] }: TargetAnswer, count: number): Verdict[] {
  const sent = new Set(
    Successful.filter(({ MessageId }) => MessageId !== undefined && MessageId !== "").map(({ Id }) => Id),
  );
  const failed = new Map(Failed.map((entry) => [entry.Id, entry]));
  return Array.from({ length: count }, (_, index): Verdict => {
    const entry = failed.get(String(index));
    if (entry !== undefined) return entryVerdict(entry);
    if (sent.has(String(index))) return { kind: "sent" }; // VE1
    return { kind: "failed", cause: new Error("the answer says nothing of this message") };
  });
}
