// The event of a batch, as its source makes it, and what comes again after the answer. Pure.

import type { SqsRecord } from "../../aws/lambda.ts";
import type { QueuedMessage, Scenario } from "./scenario.ts";

export interface Received extends QueuedMessage {
  readonly receiveCount: number;
}

type Sent = Pick<Scenario, "messages" | "source">;

const QUEUE = "arn:aws:sqs:eu-west-1:123456789012:explored";
const STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/explored";
const GROUP = "group";
const SHARD = "0";

/** Of an ordered source: its place among all that was sent, from 1. */
export function positionOf({ messageId }: Pick<QueuedMessage, "messageId">, { messages }: Sent): number {
  return 1 + messages.findIndex((one) => one.messageId === messageId);
}

/** What its positions are compared in, and the ordering key. */
export function laneOf({ group = GROUP, shard }: QueuedMessage, { source }: Sent): { origin: string; group: string } {
  return { origin: source === "stream" ? `${STREAM}/${shardOf({ shard })}` : `${QUEUE}.fifo`, group };
}

/** A stream has a checkpoint for each. */
export function shardOf({ shard = SHARD }: { readonly shard?: string | undefined }): string {
  return `shardId-${shard.padStart(12, "0")}`;
}

export function bodyOf({ key, payload }: QueuedMessage): Pick<QueuedMessage, "key" | "payload"> {
  return { key, ...(payload === undefined ? {} : { payload }) };
}

export function eventOf(messages: readonly Received[], nowMs: number, sent: Sent): { readonly Records: never[] } {
  const recordOf = sent.source === "stream" ? kinesisRecord : sqsRecord;
  return { Records: messages.map((message) => recordOf(message, nowMs, sent) as never) };
}

/** Ids of the messages that come again: those that are named; of a stream, all from the lowest one on. */
export function againOf(
  messages: readonly Received[],
  { batchItemFailures }: { readonly batchItemFailures: readonly { readonly itemIdentifier: unknown }[] },
  sent: Sent,
): ReadonlySet<string> {
  const named = batchItemFailures.map(({ itemIdentifier }) => String(itemIdentifier));
  if (sent.source !== "stream") return new Set(named);
  const lowest = Math.min(...named.map(Number));
  const again = messages.filter((message) => positionOf(message, sent) >= lowest);
  return new Set(again.map(({ messageId }) => messageId));
}

function kinesisRecord(message: Received, nowMs: number, sent: Sent): object {
  const sequenceNumber = String(positionOf(message, sent));
  return {
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: laneOf(message, sent).group,
      sequenceNumber,
      data: Buffer.from(JSON.stringify(bodyOf(message))).toString("base64"),
      approximateArrivalTimestamp: nowMs / 1000,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardOf(message)}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/explored",
    awsRegion: "eu-west-1",
    eventSourceARN: STREAM,
  };
}

function sqsRecord(message: Received, nowMs: number, sent: Sent): SqsRecord {
  const isFifo = sent.source === "fifo";
  return {
    messageId: message.messageId,
    receiptHandle: `handle of ${message.messageId}`,
    body: JSON.stringify(bodyOf(message)),
    attributes: {
      ApproximateReceiveCount: String(message.receiveCount),
      SentTimestamp: String(nowMs),
      SenderId: "sender",
      ApproximateFirstReceiveTimestamp: String(nowMs),
      ...(isFifo
        ? { MessageGroupId: laneOf(message, sent).group, SequenceNumber: String(positionOf(message, sent)) }
        : {}),
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: isFifo ? `${QUEUE}.fifo` : QUEUE,
    awsRegion: "eu-west-1",
  };
}
