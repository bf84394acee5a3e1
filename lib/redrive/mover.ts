// Sends letters to their queue and deletes them behind that.
//
//   MV1. A letter is deleted only when SQS gave its message an id in the queue. Whatever happens in between, it is in one of
//        them or in both, never in none.
//   MV2. Of a message group one letter is under way at a time, in the order in which they were received; where one cannot be
//        sent, those behind it stay.
//   MV3. No more are sent in a second than asked for.

import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { type Host, sleep } from "../host.ts";
import type { HeldLetters } from "./held-letters.ts";
import { bytesOf, type Letter, outgoing } from "./letter.ts";
import { type EntryFailure, isFailure, pauseAfter, type QueueCalls, TRIES_MAX } from "./queue-calls.ts";
import type { FoundQueue } from "./queues.ts";

export interface MoverOptions {
  readonly calls: QueueCalls;
  readonly host: Host;
  readonly target: FoundQueue;
  readonly held: HeldLetters;
  readonly perSecond: number | undefined;
  /** Nothing more is sent. */
  readonly signal: AbortSignal;
  onMoved(letter: Letter, newMessageId: string): void;
  /** It is in the queue, and still here. */
  onLeft(letter: Letter): void;
  onRefused(letter: Letter, failure: EntryFailure): void;
}

export interface Mover {
  /** Rejects with SQS's error; then some are moved and some are not. */
  move(letters: readonly Letter[]): Promise<void>;
}

export function mover(options: MoverOptions): Mover {
  const { calls, held, host, perSecond, signal, target } = options;
  const lettersMax = Math.min(QUEUE_BATCH_MESSAGES_MAX, perSecond ?? QUEUE_BATCH_MESSAGES_MAX);
  const stopped = new Set<string>();
  let nextAtMs = 0;

  /** MV3 */
  async function myTurn(messages: number): Promise<void> {
    while (!signal.aborted && host.nowMs() < nextAtMs) {
      await held.keep();
      await sleep(host, Math.min(1_000, nextAtMs - host.nowMs()), signal);
    }
    if (perSecond !== undefined) nextAtMs = Math.max(host.nowMs(), nextAtMs) + (messages * 1_000) / perSecond;
  }

  /** Adds to `sent` what SQS has; what could not be sent now is sent again. Rejects with SQS's error. */
  async function send(letters: readonly Letter[], sent: Set<Letter>): Promise<void> {
    let left = letters;
    for (let tries = 1; left.length > 0; tries++) {
      await myTurn(left.length);
      if (signal.aborted) return;
      const messages = left.map((letter) => outgoing(letter, target.isFifo));
      const answers = await calls.send(target.url, messages);
      const again: Letter[] = [];
      for (const [index, letter] of left.entries()) {
        const answer = answers[index] ?? { code: "no answer", reason: "SQS gave fewer answers", isFinal: false };
        if (!isFailure(answer)) {
          sent.add(letter);
          options.onMoved(letter, answer.messageId);
        } else if (answer.isFinal || tries === TRIES_MAX) options.onRefused(letter, answer);
        else again.push(letter);
      }
      left = again;
      if (left.length > 0) await pauseAfter(tries, host);
    }
  }

  async function removeSent(sent: ReadonlySet<Letter>): Promise<void> {
    const left = await held.remove([...sent].map(({ messageId }) => messageId)); // MV1
    for (const letter of sent) if (left.has(letter.messageId)) options.onLeft(letter);
  }

  return {
    async move(letters) {
      const lanes = inLanes(letters, target.isFifo);
      for (const lane of stopped) lanes.delete(lane); // MV2: also what was received later
      while (lanes.size > 0 && !signal.aborted) {
        await held.keep();
        const heads = headsOf(lanes, lettersMax);
        const sent = new Set<Letter>();
        try {
          await send([...heads.values()], sent);
        } finally {
          await removeSent(sent);
        }
        for (const [lane, letter] of heads) {
          const waiting = lanes.get(lane);
          waiting?.pop();
          if (!sent.has(letter)) stopped.add(lane); // MV2
          if (stopped.has(lane) || waiting?.length === 0) lanes.delete(lane);
        }
      }
    },
  };
}

/** Letters that must go one after the other, the first one last. On a standard queue each is alone. */
function inLanes(letters: readonly Letter[], isFifo: boolean): Map<string, Letter[]> {
  const lanes = Map.groupBy(letters, ({ messageId, system }) =>
    isFifo ? (system["MessageGroupId"] ?? "") : messageId,
  );
  for (const lane of lanes.values()) lane.reverse();
  return lanes;
}

/** The first of each lane, as many as one call takes. */
function headsOf(lanes: ReadonlyMap<string, readonly Letter[]>, lettersMax: number): Map<string, Letter> {
  const heads = new Map<string, Letter>();
  let bytes = 0;
  for (const [lane, letters] of lanes) {
    const head = letters.at(-1);
    if (head === undefined) continue;
    bytes += bytesOf(head);
    if (heads.size > 0 && (heads.size >= lettersMax || bytes > MESSAGE_BYTES_MAX)) break;
    heads.set(lane, head);
  }
  return heads;
}
