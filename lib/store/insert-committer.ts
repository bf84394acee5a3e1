// Commits under strategy insert: messages that are ready together go in one call of many statements, each judged alone.
// Belongs to one batch, so that no invocation ever commits for another.
//
//   IC1. A message leaves with an outcome of its own; one message's failure never fails another's.
//   IC2. Done only on DynamoDB's answer to the message's own statement, or on an item with its own mark. What was left
//        without an answer is sent again as it was: the attempt id in the mark tells our own item from a duplicate's.
//   IC3. No item is twice in a call, nor in two calls at a time.
//   IC4. A rejection is committed only where the message's item is not there, or is somebody else's.

import { BATCH_STATEMENTS_MAX, TRANSACTION_BYTES_MAX } from "../aws/limits.ts";
import { SemelError } from "../errors.ts";
import { type Host, oncePerTick } from "../host.ts";
import { fullJitterMs } from "../protocol/backoff.ts";
import { afterAnswer, COMMIT_NOT_STARTED, type CommitOutcome, type CommitProgress } from "../protocol/commit.ts";
import { itemId, type KeyedEffect } from "../protocol/effects.ts";
import { type Insertion, type InsertTarget, insertOutcome, judgeInserted } from "../protocol/insert.ts";
import { absenceOf } from "./conditions.ts";
import type { GroupSize } from "./group-committer.ts";
import { type InsertAnswer, insertStatement } from "./insert-requests.ts";
import { insertTable } from "./insert-table.ts";
import type { CallControl, Committer, RecordStore } from "./record-store.ts";
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

interface Entry {
  readonly message: RecordTransaction;
  readonly insertion: Insertion;
  /** Its item among all of the table. */
  readonly id: string;
  /** It goes by PutItem. */
  readonly alone: boolean;
  readonly progress: CommitProgress;
  readonly settle: (outcome: CommitOutcome) => void;
}

/**
 * Bytes of the items of a call. The limit of BatchExecuteStatement is not documented; that of BatchWriteItem, which takes as
 * many items, is 16 MB, and a binary value travels as base64.
 */
const CALL_BYTES_MAX: number = TRANSACTION_BYTES_MAX;

/** Items that go one by one, side by side: as many as the SDK's client opens connections. */
const PUTS_MAX = 50;

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
  let pending: Entry[] = [];
  const busy = new Set<string>(); // IC3
  const pumpSoon = oncePerTick(host, pump);
  let running = 0;

  function add(entry: Entry): void {
    pending.push(entry);
    pumpSoon();
  }

  function pump(): void {
    const callsMax = together && !size.withoutStatements ? lanes : Math.max(lanes, PUTS_MAX);
    while (running < callsMax) {
      const call = nextCall();
      if (call.length === 0) return;
      const taken = new Set(call);
      pending = pending.filter((entry) => !taken.has(entry));
      void runLane(call);
    }
  }

  /** The first that is ready, and what goes with it. */
  function nextCall(): readonly Entry[] {
    const ready = pending.filter(({ id }) => !busy.has(id));
    const one = !together || size.withoutStatements === true;
    const [first] = ready;
    if (first && (one || first.alone)) return [first];
    const call: Entry[] = [];
    const ids = new Set<string>();
    let bytes = 0;
    for (const entry of ready) {
      if (call.length === BATCH_STATEMENTS_MAX) break;
      if (entry.alone || ids.has(entry.id)) continue; // IC3
      if (call.length > 0 && bytes + entry.insertion.bytes > CALL_BYTES_MAX) continue;
      call.push(entry);
      ids.add(entry.id);
      bytes += entry.insertion.bytes;
    }
    return call;
  }

  async function runLane(call: readonly Entry[]): Promise<void> {
    running++;
    for (const { id } of call) busy.add(id);
    await run(call);
    for (const { id } of call) busy.delete(id);
    running--;
    pump();
  }

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
    return new Promise((settle) => add({ message, insertion, id, alone, progress: COMMIT_NOT_STARTED, settle }));
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
