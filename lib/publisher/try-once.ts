// One request to SQS, and what it means for each of its messages; before it, the bodies that it needs in S3. Never rejects, and
// never waits for longer than its time.

import { type Host, inTime } from "../host.ts";
import type { ObjectStore } from "../payload/objects.ts";
import { type EntryAnswer, entryAnswers, errorAnswer } from "./answers.ts";
import type { End } from "./end.ts";
import type { Turn } from "./lanes.ts";
import type { SendBatch } from "./sqs-send.ts";
import { storeBodies } from "./store-bodies.ts";

/** A request without an answer is given up after this time. */
export const REQUEST_TIMEOUT_MS = 5_000;

export interface TryContext {
  readonly queueUrl: string;
  readonly send: SendBatch;
  readonly objects: ObjectStore;
  readonly host: Host;
}

/** An answer for each turn. `end`: nobody waits any longer. */
export async function tryOnce(turns: readonly Turn[], end: End, context: TryContext): Promise<EntryAnswer[]> {
  const over = end.signal;
  const needsStore = turns.some(({ item, message }) => message.upload !== undefined && !item.isStored);
  if (!needsStore) return request(turns, over, context);
  const unstored = await storeBodies(turns, over, context);
  const ready = turns.filter((_, place) => !unstored.has(place));
  if (ready.length === 0 || end.isUp()) return turns.map((_, place) => unstored.get(place) ?? notTried(end)); // PE1, PS5
  const answers = await request(ready, over, context);
  return turns.map((_, place) => unstored.get(place) ?? (answers.shift() as EntryAnswer));
}

/** The time was up before its request: it put nothing into the queue. */
function notTried(end: End): EntryAnswer {
  return { kind: "throttled", cause: new Error(end.reason()) };
}

async function request(
  turns: readonly Turn[],
  over: AbortSignal,
  { queueUrl, send, host }: TryContext,
): Promise<EntryAnswer[]> {
  const Entries = turns.map(({ message }, index) => ({ Id: String(index), ...message.entry }));
  const limits = { host, service: "SQS", timeoutMs: REQUEST_TIMEOUT_MS } as const;
  try {
    const answer = await inTime((signal) => send({ QueueUrl: queueUrl, Entries }, { signal }), over, limits);
    return entryAnswers(turns.length, answer);
  } catch (error) {
    const answer = errorAnswer(error);
    const isOwn = answer.kind === "refusedTogether" && turns.length === 1;
    return turns.map(() => (isOwn ? { ...answer, kind: "refused" } : answer));
  }
}
