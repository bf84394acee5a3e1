// Sends order lines to the queue, some of them twice: with a message id of their own, as a producer does that did not get
// its answer.

import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { OrderLine } from "../functions/orders/order-line.ts";
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

export async function sendAll(
  sqs: SQSClient,
  queueUrl: string,
  lines: readonly OrderLine[],
  onSent: (count: number) => void,
): Promise<void> {
  const starts = Array.from(
    { length: Math.ceil(lines.length / QUEUE_BATCH_MESSAGES_MAX) },
    (_, i) => i * QUEUE_BATCH_MESSAGES_MAX,
  );
  const next = starts.values();
  const lane = async (): Promise<void> => {
    for (const start of next) {
      const batch = lines.slice(start, start + QUEUE_BATCH_MESSAGES_MAX);
      await sendBatch(sqs, queueUrl, batch);
      onSent(batch.length);
    }
  };
  await Promise.all(Array.from({ length: SENDS_SIDE_BY_SIDE }, lane));
}

/** A batch call may succeed in part: what failed is sent again. */
async function sendBatch(sqs: SQSClient, QueueUrl: string, lines: readonly OrderLine[]): Promise<void> {
  let entries = lines.map((line, index) => ({ Id: String(index), MessageBody: JSON.stringify(line) }));
  for (let tries = 0; entries.length > 0; tries++) {
    if (tries === TRIES_MAX) throw new Error(`${entries.length} messages could not be sent in ${TRIES_MAX} tries`);
    const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries }));
    entries = entries.filter(({ Id }) => Failed.some((failure) => failure.Id === Id));
  }
}
