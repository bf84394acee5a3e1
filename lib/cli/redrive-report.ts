// What "semel redrive" tells: the table of what became of a queue's messages, and what it did with them.

import { type ClassCount, type LetterClass, nameOf, type RedriveResult } from "../redrive/index.ts";

/** What was asked for. */
export interface Intent {
  readonly moves: ReadonlySet<LetterClass>;
  readonly removesDone: boolean;
  readonly dryRun: boolean;
  readonly isFifo: boolean;
}

const MEANING: Readonly<Record<LetterClass, string>> = {
  "never-run": "no record: nothing of them took effect",
  rejected: "failed for good, as their consumer said",
  claimed: "begun, not committed",
  unknown: "nothing tells whether they are done",
  mismatch: "their key is done, with another payload",
  done: "their effects are there",
  elsewhere: "not of the queue that messages are moved to",
};

const REASONS_SHOWN_MAX = 5;
const REASON_LENGTH_MAX = 100;

/** One line a class, and one a reason below it. */
export function describeClasses(classes: readonly ClassCount[], intent: Intent): string {
  if (classes.length === 0) return "";
  const lines = classes.flatMap(({ letterClass, messages, reasons }) => {
    const head = row(letterClass, messages, `${fate(letterClass, intent)}: ${MEANING[letterClass]}`);
    const shown = reasons
      .slice(0, REASONS_SHOWN_MAX)
      .map(({ code, exampleMessageId, exampleReason, messages: count }) => {
        const reason =
          exampleReason.length > REASON_LENGTH_MAX ? `${exampleReason.slice(0, REASON_LENGTH_MAX)}…` : exampleReason;
        return row(`  ${code}`, count, `${reason.replace(/\s+/g, " ")} (${exampleMessageId})`);
      });
    const more = reasons.length - shown.length;
    return [head, ...shown, ...(more > 0 ? [`    and ${more} more reasons: --json has them`] : [])];
  });
  return `${lines.join("\n")}\n`;
}

function row(name: string, messages: number, text: string): string {
  return `  ${name.padEnd(26)} ${String(messages).padStart(7)}  ${text}`;
}

function fate(letterClass: LetterClass, { moves, removesDone, dryRun }: Intent): string {
  if (letterClass === "done") return removesDone ? (dryRun ? "would be removed" : "removed") : "stay";
  if (!moves.has(letterClass)) return "stay";
  return dryRun ? "would be moved" : "moved";
}

/** What became of it all, and what to do about the rest. */
export function describeResult(result: RedriveResult, { dryRun, isFifo }: Intent): string {
  const { cameBack, counted, interrupted, left, moved, refused, removed, seen } = result;
  const lines = dryRun
    ? [`${seen} messages looked at; nothing was moved or removed`]
    : [`${moved} messages moved, ${removed} removed, ${seen - moved - removed} stay, of ${seen} looked at`];
  if (left > 0) {
    lines.push(
      `${left} of those moved could not be deleted: they are in both queues, and the next redrive sends them once more`,
    );
  }
  for (const { code, messageId, reason } of refused.slice(0, REASONS_SHOWN_MAX)) {
    lines.push(`the queue did not take ${messageId}: ${code}, ${reason}`);
  }
  if (refused.length > REASONS_SHOWN_MAX) lines.push(`and ${refused.length - REASONS_SHOWN_MAX} more`);
  if (cameBack > 0) lines.push(`${cameBack} of those moved are dead letters again`);
  if (interrupted) lines.push("interrupted; the same command goes on where it was");
  lines.push(...unseen(counted, isFifo, dryRun ? seen : seen - moved - removed));
  return `${lines.join("\n")}\n`;
}

function unseen({ hidden, visible }: RedriveResult["counted"], isFifo: boolean, expected: number): string[] {
  if (Number.isNaN(visible)) return [];
  const count = `SQS counts about ${visible} in the dead-letter queue, and ${hidden} that somebody else has received`;
  if (visible + hidden <= expected) return [`${count}`];
  const why = isFifo ? "; of a message group no more than ten can be seen while the ones before them stay" : "";
  return [`${count}: more than were seen, or its count is late; the same command looks again${why}`];
}

/** Between which queues, by whose records. */
export interface Names {
  readonly deadLetterQueue: string;
  readonly to: string | undefined;
  readonly consumer: string | undefined;
  readonly table: string | undefined;
  readonly strategy: string | undefined;
  /** The consumer's module, which tells its key. */
  readonly handler: string | undefined;
}

export function describeStart({ consumer, deadLetterQueue, handler, strategy, table, to }: Names): string {
  const records =
    consumer === undefined
      ? "no records are looked at: --table and --consumer, or --handler, name them"
      : `records of consumer ${consumer} in table ${table}, strategy ${strategy}`;
  const keys =
    consumer === undefined || handler !== undefined
      ? ""
      : "keys are those of the attribute semel-idempotency-key; a consumer with a key option needs --handler\n";
  const route = to === undefined ? "" : ` -> ${nameOf(to)}`;
  return `${nameOf(deadLetterQueue)}${route}; ${records}\n${keys}`;
}

/** The file of --json. */
export function reportOf(result: RedriveResult, names: Names): string {
  const { error, ...figures } = result;
  const failure = error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) };
  return `${JSON.stringify({ ...names, ...figures, ...failure }, undefined, 2)}\n`;
}
