// Commits under strategy insert: messages that are ready together go in one call of many statements, each judged alone.
// Belongs to one batch, so that no invocation ever commits for another.
//
//   IC1. A message leaves with an outcome of its own; one message's failure never fails another's.
//   IC2. Done only on DynamoDB's answer to the message's own statement, or on an item with its own mark. What was left
//        without an answer is sent again as it was: the attempt id in the mark tells our own item from a duplicate's.
//   IC3. No item is twice in a call, nor in two calls at a time (CA1 of statement-calls.ts).
//   IC4. A rejection is committed only where the message's item is not there, or is somebody else's.

import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { fullJitterMs } from "../protocol/backoff.ts";
import { afterAnswer, COMMIT_NOT_STARTED, type CommitOutcome, type CommitProgress } from "../protocol/commit.ts";
import { itemId, type KeyedEffect } from "../protocol/effects.ts";
import { type Insertion, type InsertTarget, insertOutcome, judgeInserted } from "../protocol/insert.ts";
import { absenceOf } from "./conditions.ts";
import type { GroupSize } from "./group-committer.ts";
import { type InsertAnswer, insertStatement } from "./insert-requests.ts";
import { insertTable } from "./insert-table.ts";
import type { CallControl, Committer, RecordStore } from "./record-store.ts";
import { type ItemWrite, statementCalls } from "./statement-calls.ts";
import { isOfRecord, type RecordTransaction } from "./transaction.ts";

export interface InsertCommitterOptions {
  readonly store: RecordStore;
  readonly host: Host;
  readonly target: InsertTarget;
  /** Calls under way at a time. */
  readonly lanes: number;
  /** False: one call a message. */
  readonly together: boolean;
  readonly size: Pick<GroupSize, "withoutStatements">;
  readonly control: CallControl;
}

interface Entry extends ItemWrite {
  readonly message: RecordTransaction;
  readonly insertion: Insertion;
  readonly progress: CommitProgress;
  readonly settle: (outcome: CommitOutcome) => void;
}

export function insertCommitter(options: InsertCommitterOptions): Committer {
  const { store, host, target, lanes, together, size, control } = options;
  const table = insertTable({
    store,
    host,
    target,
    control,
    onUnknownOperation: () => {
      size.withoutStatements = true;
    },
  });
  const add = statementCalls<Entry>({ host, lanes, together, size, run });

  async function run(call: readonly Entry[]): Promise<void> {
    if (control.timeLeftMs() <= 0) return settleOpen(call, { kind: "outOfTime" });
    const answers = await table.insert(call.map(({ insertion }) => insertion));
    const random = host.random(); // one delay for what goes again, so that it goes together
    const refused: { readonly entry: Entry; readonly answer: InsertAnswer & { kind: "exists" } }[] = [];
    for (const [index, entry] of call.entries()) {
      const answer = answers[index] ?? { kind: "unknown", cause: "no answer" };
      if (answer.kind === "exists") refused.push({ entry, answer });
      else afterCall(entry, answer, random);
    }
    if (refused.length > 0) await judgeAll(refused);
  }

  function afterCall(entry: Entry, answer: Exclude<InsertAnswer, { kind: "exists" }>, random: number): void {
    const { message, progress, settle } = entry;
    if (answer.kind === "suspect") {
      add({ ...entry, alone: true });
      return;
    }
    const step = afterAnswer(answer, progress, message.record);
    if (step.kind === "settled") settle(step.outcome); // IC1
    if (step.kind !== "retry") return; // no answer here asks for a record
    const delayMs = fullJitterMs(step.backoff, step.progress.tries, random);
    if (control.timeLeftMs() <= delayMs || control.signal.aborted) settle(step.otherwise);
    else host.after(delayMs, () => add({ ...entry, progress: step.progress })); // IC2
  }

  /** What was in the way: it came with the answers, or is read in one request. */
  async function judgeAll(
    refused: readonly { readonly entry: Entry; readonly answer: InsertAnswer & { kind: "exists" } }[],
  ): Promise<void> {
    const unseen = refused.filter(({ answer }) => answer.found === undefined).map(({ entry }) => entry);
    const seen = new Map(refused.map(({ entry, answer }) => [entry, answer.found]));
    try {
      const items = unseen.length === 0 ? [] : await table.read(unseen.map(({ insertion }) => insertion.key));
      for (const [index, entry] of unseen.entries()) seen.set(entry, items[index]);
    } catch (cause) {
      settleAll(unseen, { kind: "unknown", cause });
      for (const entry of unseen) seen.delete(entry);
    }
    for (const [{ insertion, message, progress, settle }, found] of seen) {
      settle(insertOutcome(judgeInserted(found, message.record), insertion, progress.openTries)); // IC1
    }
  }

  function settleAll(entries: readonly Entry[], outcome: CommitOutcome): void {
    for (const { settle } of entries) settle(outcome);
  }

  /** Of a request that was not sent: an earlier one may still be applied. */
  function settleOpen(entries: readonly Entry[], outcome: CommitOutcome): void {
    for (const { settle, progress } of entries) settle(progress.openTries ? OPEN : outcome);
  }

  async function insert(message: RecordTransaction): Promise<CommitOutcome> {
    const insertion = await table.plan(message);
    const id = itemId(insertion.tableName, insertion.key);
    const alone = insertStatement(insertion) === undefined;
    const { bytes } = insertion;
    return new Promise((settle) => add({ message, insertion, id, bytes, alone, progress: COMMIT_NOT_STARTED, settle }));
  }

  /**
   * IC4. The rejection's record, and a check that the message's item is not there, in one transaction. What cannot be kept:
   * an insert of this very message that is still under way elsewhere may be applied later. Its effect stays single, and a
   * redrive of the dead letter is then a duplicate.
   */
  async function reject(message: RecordTransaction): Promise<CommitOutcome> {
    const key = await table.keyOf(message);
    const check: KeyedEffect = {
      kind: "check",
      tableName: target.appendOnlyTable,
      key,
      expressions: absenceOf(Object.keys(key)[0] ?? ""),
    };
    const outcome = await store.commit({ ...message, effects: [check] }, control);
    if (outcome.kind !== "conditionFailed") return outcome;
    const [found] = await table.read([key]);
    const verdict = judgeInserted(found, message.record);
    switch (verdict.kind) {
      case "foreign":
        return store.commit(message, control); // ours is not there, and cannot come
      case "ours": // no rejection writes an item
      case "gone":
        return { kind: "conflict" }; // what there is now was not judged: the next delivery does
      default:
        return verdict;
    }
  }

  return {
    async commit(message) {
      if (!isOfRecord(message)) return { kind: "unknown", cause: "strategy insert commits no watermarks" };
      try {
        return await (message.record.status === "REJECTED" ? reject(message) : insert(message));
      } catch (error) {
        if (error instanceof SemelError) return { kind: "invalid", error };
        return { kind: "unknown", cause: error };
      }
    },
  };
}

const OPEN: CommitOutcome = {
  kind: "unknown",
  cause: "an earlier try of the same message was left without an answer",
};
