// Receives the letters of a dead-letter queue, each once, and judges them while they stay hidden.
//
//   SU1. Over is not said on one empty answer: a receive looks at a sample of the queue. It takes two, and the queue's own
//        count, or ten. A FIFO queue counts what its groups hold back, so there two do.
//   SU2. What others hide, a redrive that was killed perhaps, or a receive of our own whose answer was lost, is waited for once, as
//        long as it can be hidden.
//   SU3. What comes back while the redrive runs is not taken again: else a message that fails at once would go round for ever.
//   SU4. What should be gone and comes again is deleted again, not sent again.

import { type Host, sleep } from "../host.ts";
import { type HeldLetters, HIDE_SECONDS } from "./held-letters.ts";
import type { Verdict } from "./judge.ts";
import { bytesOf, failureOf, type Letter } from "./letter.ts";
import type { LetterJudge } from "./letter-judge.ts";
import type { QueueCalls } from "./queue-calls.ts";
import type { FoundQueue } from "./queues.ts";

export interface Judged {
  readonly letter: Letter;
  readonly verdict: Verdict;
}

export interface SurveyOptions {
  readonly calls: QueueCalls;
  readonly host: Host;
  readonly queue: FoundQueue;
  readonly held: HeldLetters;
  readonly judge: LetterJudge;
  readonly signal: AbortSignal;
  /** A receive waits for messages for this time: so SQS looks everywhere. */
  readonly waitSeconds: number;
  /** SU2 */
  readonly waitsForHidden: boolean;
  /** Ids under which messages were sent by this redrive. */
  readonly sentIds: ReadonlySet<string>;
  /** Letters that should be gone: their message is sent, or they were removed. */
  readonly gone: ReadonlySet<string>;
  onSeen(letters: number): void;
  onHidden(letters: number): void;
}

export interface Survey {
  /** Letters that were not seen before, until there are no more, or more than can be held. Rejects with SQS's error. */
  next(): Promise<readonly Judged[]>;
  /** Is there perhaps more to see? */
  isCut(): boolean;
  /** Letters that were sent by this redrive, and are dead letters again. */
  cameBack(): number;
}

/** Far below what SQS lets be in flight. */
const HELD_MAX = 20_000;
const BYTES_MAX: number = 256 * 1024 * 1024;
/** As many as one read of records takes. */
const JUDGED_TOGETHER = 100;
const EMPTY_MIN = 2;
const EMPTY_MAX = 10;
const LOOK_AGAIN_MS = 1_000;

export function createSurvey(options: SurveyOptions): Survey {
  const { calls, held, host, judge, queue, sentIds, signal } = options;
  const known = new Set<string>();
  const returned = new Set<string>();
  let endOfWaitMs: number | undefined;
  let waits = options.waitsForHidden;
  let cut = false;

  /** Holds what came, and gives what is new. */
  function take(letters: readonly Letter[]): Letter[] {
    return letters.filter((letter) => {
      const { messageId, receiptHandle } = letter;
      held.hold(messageId, receiptHandle);
      if (sentIds.has(messageId) || sentIds.has(failureOf(letter)?.messageId ?? "")) returned.add(messageId); // SU3
      const isNew = !known.has(messageId) && !returned.has(messageId);
      known.add(messageId);
      return isNew;
    });
  }

  async function isOver(empty: number): Promise<boolean> {
    if (empty < EMPTY_MIN) return false;
    const attributes = await calls.attributesOf(queue.url);
    const count = (name: string): number => Number(attributes[`ApproximateNumberOfMessages${name}`] ?? 0);
    if (empty < EMPTY_MAX && !queue.isFifo && count("") > 0) return false; // SU1
    const hidden = count("NotVisible") - held.size;
    if (!waits || hidden <= 0) return true;
    endOfWaitMs ??= host.nowMs() + HIDE_SECONDS * 1_000; // SU2
    if (host.nowMs() >= endOfWaitMs) return true;
    options.onHidden(hidden);
    await sleep(host, LOOK_AGAIN_MS, signal);
    return false;
  }

  async function next(): Promise<readonly Judged[]> {
    const judged: Judged[] = [];
    let [fresh, bytes, empty, familiar]: [Letter[], number, number, number] = [[], 0, 0, 0];
    const judgeFresh = async (): Promise<void> => {
      const verdicts = await judge(fresh);
      for (const [index, letter] of fresh.entries()) {
        const verdict = verdicts[index];
        if (verdict) judged.push({ letter, verdict });
      }
      fresh = [];
      options.onSeen(judged.length);
    };
    cut = false;
    while (!signal.aborted) {
      cut = held.size >= HELD_MAX || bytes >= BYTES_MAX;
      if (cut) break;
      await held.keep();
      const turnIsFull = queue.isFifo && fresh.length + judged.length > 0; // there is another turn anyway
      const waitSeconds = turnIsFull ? 0 : options.waitSeconds;
      const received = await calls.receive(queue.url, { waitSeconds, hideSeconds: HIDE_SECONDS });
      const taken = take(received);
      await held.remove(received.map(({ messageId }) => messageId).filter((id) => options.gone.has(id))); // SU4
      for (const letter of taken) bytes += bytesOf(letter);
      fresh.push(...taken);
      if (fresh.length >= JUDGED_TOGETHER) await judgeFresh();
      empty = received.length === 0 ? empty + 1 : 0;
      familiar = taken.length === 0 ? familiar + 1 : 0;
      if (familiar > known.size + EMPTY_MAX && received.length > 0) break; // they come again and again
      if (received.length === 0 && ((turnIsFull && !waits) || (await isOver(empty)))) break;
    }
    await judgeFresh();
    waits = false;
    return judged;
  }

  return { next, isCut: () => cut, cameBack: () => returned.size };
}
