// Sends messages to a queue, some of them twice: with a message id of their own, as a producer does that did not get its answer.

import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, type SQSClient } from "@aws-sdk/client-sqs";
import { QUEUE_BATCH_MESSAGES_MAX } from "../lib/aws/limits.ts";
import type { Random } from "./random.ts";

/** A repetition comes at most this many messages later. */
const REPETITION_DISTANCE_MAX = 300;
const SENDS_SIDE_BY_SIDE = 4;
const TRIES_MAX = 5;

/** The messages in order, with repetitions among them. */
export function withDuplicates<Message>(messages: readonly Message[], share: number, random: Random): Message[] {
  const placed = messages.flatMap((message, index) => {
    const first = { message, place: index };
    return random.chance(share)
      ? [first, { message, place: index + random.int(0, REPETITION_DISTANCE_MAX) + 0.5 }]
      : [first];
  });
  return placed.sort((a, b) => a.place - b.place).map(({ message }) => message);
}

/** A message without its id in the batch. */
export type Entry = Omit<SendMessageBatchRequestEntry, "Id">;

/** In any order. */
export async function sendAll(sqs: SQSClient, queueUrl: string, entries: readonly Entry[]): Promise<void> {
  const next = batchesOf(entries).values();
  const lane = async (): Promise<void> => {
    for (const batch of next) await sendBatch(sqs, queueUrl, batch);
  };
  await Promise.all(Array.from({ length: SENDS_SIDE_BY_SIDE }, lane));
}

/** Each batch when the one before it was taken, as a producer does that keeps an order. */
export async function sendInOrder(sqs: SQSClient, queueUrl: string, entries: readonly Entry[]): Promise<void> {
  for (const batch of batchesOf(entries)) await sendBatch(sqs, queueUrl, batch);
}

function batchesOf(entries: readonly Entry[]): SendMessageBatchRequestEntry[][] {
  return Array.from({ length: Math.ceil(entries.length / QUEUE_BATCH_MESSAGES_MAX) }, (_, number) => {
    const start = number * QUEUE_BATCH_MESSAGES_MAX;
    const batch = entries.slice(start, start + QUEUE_BATCH_MESSAGES_MAX);
    return batch.map((entry, index) => ({ ...entry, Id: String(index) }));
  });
}

/** A batch call may succeed in part: what failed is sent again; of a message group, all that comes after it has failed, too. */
async function sendBatch(
  sqs: SQSClient,
  QueueUrl: string,
  batch: readonly SendMessageBatchRequestEntry[],
): Promise<void> {
  let entries = [...batch];
  for (let tries = 0; entries.length > 0; tries++) {
    if (tries === TRIES_MAX) throw new Error(`${entries.length} messages could not be sent in ${TRIES_MAX} tries`);
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries }));
    entries = entries.filter(({ Id }) => Failed.some((failure) => failure.Id === Id));
  }
}
