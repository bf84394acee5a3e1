// Redrives a dead-letter queue: tells what became of its messages, then moves those that are to run again.
//
//   RD1. What is known to be done leaves the dead-letter queue only when that is asked for, and what is not known to be done
//        only into its queue.
//   RD2. Whatever ends it, what it holds is given back; what it could not give back comes back by itself. What is not deleted
//        is there for the next call, which needs to know nothing of this one.
//
// A standard queue is looked at as a whole before the first message is moved, up to what can be held; a larger one in parts. A FIFO
// queue gives no more than ten messages of a group while they are held, so it is looked at in turns.

import type { Host } from "../host.ts";
import { heldLetters } from "./held-letters.ts";
import type { LetterClass } from "./judge.ts";
import type { Letter } from "./letter.ts";
import type { LetterJudge } from "./letter-judge.ts";
import { mover } from "./mover.ts";
import { type EntryFailure, persistent, type QueueCalls } from "./queue-calls.ts";
import type { FoundQueue } from "./queues.ts";
import { createSurvey, type Judged } from "./survey.ts";
import { type ClassCount, createTally } from "./tally.ts";

export interface RedriveOptions {
  readonly deadLetters: FoundQueue;
  /** Undefined: only with dryRun. */
  readonly target: FoundQueue | undefined;
  readonly judge: LetterJudge;
  /** Classes of letters that are moved. */
  readonly moves: ReadonlySet<LetterClass>;
  readonly removesDone: boolean;
  /** Nothing is moved or removed. */
  readonly dryRun: boolean;
  /** Messages sent in a second. @default as fast as SQS answers */
  readonly perSecond?: number | undefined;
  /** @default 1 */
  readonly waitSeconds?: number;
  /** Ends it where it is. */
  readonly signal: AbortSignal;
  readonly observer?: RedriveObserver;
}

export interface RedriveObserver {
  /** So many are looked at. */
  onSeen?(letters: number): void;
  /** Somebody else hides so many. */
  onHidden?(letters: number): void;
  /** Before anything of them is moved. */
  onJudged?(counts: readonly ClassCount[]): void;
  /** So many of so many that are to be moved so far. */
  onMoved?(moved: number, toMove: number): void;
}

export interface RedriveResult {
  readonly seen: number;
  readonly classes: readonly ClassCount[];
  readonly moved: number;
  readonly removed: number;
  /** Sent, and not deleted: they are in both queues. */
  readonly left: number;
  /** What the queue did not take. */
  readonly refused: readonly (EntryFailure & { readonly messageId: string })[];
  /** Sent by this redrive, and dead letters again. */
  readonly cameBack: number;
  readonly interrupted: boolean;
  /** What SQS counts in the dead-letter queue in the end: approximate, and on AWS up to a minute late. */
  readonly counted: { readonly visible: number; readonly hidden: number };
  /** What ended it; the figures are those until then. */
  readonly error: unknown;
}

/** Turns of a FIFO queue, parts of a standard one. */
const ROUNDS_MAX = 100_000;

export async function redrive(
  options: RedriveOptions,
  { calls: given, host }: { calls: QueueCalls; host: Host },
): Promise<RedriveResult> {
  const { deadLetters, dryRun, observer, signal } = options;
  const calls = persistent(given, host);
  const held = heldLetters(calls, deadLetters.url, host);
  const run = createRun(options, { calls, held, host });
  let error: unknown;
  try {
    for (let round = 1; round <= ROUNDS_MAX && !signal.aborted; round++) {
      const judged = await run.survey.next();
      run.count(judged);
      if (round === 1 || judged.length > 0) observer?.onJudged?.(run.tally.counts());
      if (judged.length === 0 || dryRun) break;
      await run.act(judged);
      if (deadLetters.isFifo)
        await held.giveBack(); // or nothing more of their groups comes
      else if (!run.survey.isCut()) break;
    }
  } catch (thrown) {
    error = thrown;
  } finally {
    await held.giveBack(); // RD2
  }
  const counted = await countOf(calls, deadLetters).catch(() => ({ visible: Number.NaN, hidden: Number.NaN }));
  return { ...run.figures(), cameBack: run.survey.cameBack(), interrupted: signal.aborted, counted, error };
}

interface Tools {
  readonly calls: QueueCalls;
  readonly held: ReturnType<typeof heldLetters>;
  readonly host: Host;
}

function createRun(options: RedriveOptions, { calls, held, host }: Tools) {
  const { deadLetters, dryRun, judge, moves, observer, removesDone, signal, target } = options;
  const tally = createTally();
  const sentIds = new Set<string>();
  const gone = new Set<string>();
  const refused: (EntryFailure & { messageId: string })[] = [];
  let [seen, moved, removed, left, toMove] = [0, 0, 0, 0, 0];

  const survey = createSurvey({
    calls,
    host,
    held,
    judge,
    signal,
    sentIds,
    gone,
    queue: deadLetters,
    waitSeconds: options.waitSeconds ?? 1,
    waitsForHidden: !dryRun,
    onSeen: (letters) => observer?.onSeen?.(seen + letters),
    onHidden: (letters) => observer?.onHidden?.(letters),
  });
  const moving =
    target &&
    mover({
      calls,
      host,
      held,
      signal,
      target,
      perSecond: options.perSecond,
      onMoved({ messageId }, newMessageId) {
        sentIds.add(newMessageId);
        gone.add(messageId);
        moved += 1;
        observer?.onMoved?.(moved, toMove);
      },
      onLeft() {
        left += 1;
      },
      onRefused: ({ messageId }, failure) => void refused.push({ ...failure, messageId }),
    });

  return {
    survey,
    tally,
    count(judged: readonly Judged[]): void {
      seen += judged.length;
      for (const { letter, verdict } of judged) tally.add(letter.messageId, verdict);
    },
    /** RD1 */
    async act(judged: readonly Judged[]): Promise<void> {
      if (signal.aborted) return;
      const done = removesDone ? lettersOf(judged, (letterClass) => letterClass === "done") : [];
      const kept = await held.remove(done.map(({ messageId }) => messageId));
      for (const { messageId } of done) gone.add(messageId);
      removed += done.length - kept.size;
      const chosen = lettersOf(judged, (letterClass) => letterClass !== "done" && moves.has(letterClass));
      toMove += chosen.length;
      await moving?.move(chosen);
    },
    figures: () => ({ seen, classes: tally.counts(), moved, removed, left, refused }),
  };
}

function lettersOf(judged: readonly Judged[], isChosen: (letterClass: LetterClass) => boolean): Letter[] {
  return judged.filter(({ verdict }) => isChosen(verdict.letterClass)).map(({ letter }) => letter);
}

async function countOf(calls: QueueCalls, { url }: FoundQueue): Promise<RedriveResult["counted"]> {
  const attributes = await calls.attributesOf(url);
  return {
    visible: Number(attributes["ApproximateNumberOfMessages"] ?? 0),
    hidden: Number(attributes["ApproximateNumberOfMessagesNotVisible"] ?? 0),
  };
}
