// Sends the messages at a steady rate, some of them twice, as a producer does that did not get its answer.

import { setTimeout as sleep } from "node:timers/promises";
import { SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import type { Random } from "../demo/random.ts";
import { QUEUE_BATCH_MESSAGES_MAX } from "../lib/aws/limits.ts";
import type { ChaosMessage } from "./message.ts";
import type { Parcel } from "./scenario.ts";

/** Share of messages that are sent twice. */
export const REPETITIONS = 0.03;
const HOPELESS = 0.002;
const ACCOUNTS = 8;
const PENCE_MAX = 10_000;
const SENDS_SIDE_BY_SIDE = 4;
/** The queue's engine restarts in these runs. */
const TRIES_MAX = 100;
const RETRY_MS = 200;

export function makeMessages(count: number, random: Random): ChaosMessage[] {
  const digits = String(count).length;
  return Array.from({ length: count }, (_, index) => ({
    key: `m${String(index + 1).padStart(digits, "0")}`,
    account: String(random.int(1, ACCOUNTS)),
    pence: random.int(1, PENCE_MAX),
    hopeless: random.chance(HOPELESS),
  }));
}

export interface Sending {
  readonly queueUrl: string;
  /** Over how long to spread them. */
  readonly overMs: number;
  readonly onSent: (messages: readonly Parcel[]) => void;
  readonly signal: AbortSignal;
}

export async function sendSteadily(sqs: SQSClient, sends: readonly Parcel[], sending: Sending): Promise<void> {
  const startedMs = Date.now();
  const starts = Array.from(
    { length: Math.ceil(sends.length / QUEUE_BATCH_MESSAGES_MAX) },
    (_, index) => index * QUEUE_BATCH_MESSAGES_MAX,
  );
  const next = starts.values();
  const lane = async (): Promise<void> => {
    for (const start of next) {
      const dueMs = startedMs + (start / sends.length) * sending.overMs;
      if (dueMs > Date.now()) await sleep(dueMs - Date.now(), undefined, { signal: sending.signal });
      sending.signal.throwIfAborted();
      const batch = sends.slice(start, start + QUEUE_BATCH_MESSAGES_MAX);
      sending.onSent(batch);
      await sendBatch(sqs, sending.queueUrl, batch);
    }
  };
  await Promise.all(Array.from({ length: SENDS_SIDE_BY_SIDE }, lane));
}

/** What was not certainly taken is sent again: a repetition more. */
async function sendBatch(sqs: SQSClient, QueueUrl: string, batch: readonly Parcel[]): Promise<void> {
  let entries = batch.map(({ body }, index) => ({ Id: String(index), MessageBody: body }));
  let why: unknown;
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    try {
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries: entries }));
      entries = entries.filter(({ Id }) => Failed.some((failure) => failure.Id === Id));
      if (entries.length === 0) return;
      why = Failed[0]?.Message;
    } catch (thrown) {
      why = thrown;
    }
    await sleep(RETRY_MS);
  }
  throw new Error(`${entries.length} messages could not be sent in ${TRIES_MAX} tries: ${String(why)}`);
}
