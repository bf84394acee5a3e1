// One request to SQS, and what it means for each of its messages. Never rejects, and never waits for longer than its time.

import type { Host } from "../host.ts";
import { type EntryAnswer, entryAnswers, errorAnswer } from "./answers.ts";
import type { Turn } from "./lanes.ts";
import type { SendBatch } from "./sqs-send.ts";

/** A request without an answer is given up after this time. */
export const REQUEST_TIMEOUT_MS = 5_000;

export interface TryContext {
  readonly queueUrl: string;
  readonly send: SendBatch;
  readonly host: Host;
}

/** An answer for each turn. `over`: nobody waits any longer. */
export async function tryOnce(
  turns: readonly Turn[],
  over: AbortSignal,
  { queueUrl, send, host }: TryContext,
): Promise<EntryAnswer[]> {
  const Entries = turns.map(({ message }, index) => ({ Id: String(index), ...message.entry }));
  try {
    const answer = await inTime((signal) => send({ QueueUrl: queueUrl, Entries }, { signal }), over, host);
    return entryAnswers(turns.length, answer);
  } catch (error) {
    const answer = errorAnswer(error);
    const isOwn = answer.kind === "refusedTogether" && turns.length === 1;
    return turns.map(() => (isOwn ? { ...answer, kind: "refused" } : answer));
  }
}

/** Rejects when it is over or takes too long, whether or not the client heeds its signal. */
function inTime<T>(act: (signal: AbortSignal) => Promise<T>, over: AbortSignal, host: Host): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const giveUp = (why: string, cause?: unknown): void => {
      const error = new Error(`no answer of SQS ${why}`, { cause });
      reject(error); // before the client does, whose words may be anything
      stop.abort(error);
    };
    const cancel = host.after(REQUEST_TIMEOUT_MS, () => giveUp(`within ${REQUEST_TIMEOUT_MS} ms`));
    const onOver = (): void => giveUp("before the end", over.reason);
    over.addEventListener("abort", onOver, { once: true });
    const done = (): void => {
      cancel();
      over.removeEventListener("abort", onOver);
    };
    act(stop.signal).then(resolve, reject).finally(done);
  });
}
