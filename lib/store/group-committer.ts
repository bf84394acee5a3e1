// Group commit: messages that are ready while a commit is under way wait, and go together in the next one. Belongs to one
// batch, so that no invocation ever commits for another. No timers: an idle lane commits at the end of the tick.
//
//   GL1. A message leaves with an outcome of its own; one message's failure never fails another's.
//   GL2. A transaction without a definite answer goes again as it was, under its token; only a definite answer takes it apart.
//   GL3. An open try is never forgotten, whichever transaction its message goes in next.

import { type Host, oncePerTick, sleep } from "../host.ts";
import { fullJitterMs } from "../protocol/backoff.ts";
import {
  afterAnswer,
  COMMIT_NOT_STARTED,
  COMMIT_TRIES_MAX,
  type CommitOutcome,
  type CommitProgress,
  type ReadyStep,
} from "../protocol/commit.ts";
import { tableOf } from "../protocol/effects.ts";
import {
  type Candidate,
  GROUP_ACTIONS_START,
  grown,
  packGroup,
  shareOfLane,
  shrunk,
} from "../protocol/group-commit.ts";
import {
  type GroupTransaction,
  groupTransaction,
  type MemberAnswer,
  type MemberParts,
  memberAnswers,
  memberParts,
} from "./group-transaction.ts";
import type { CallControl, Committer, RecordStore } from "./record-store.ts";
import { type MessageTransaction, named } from "./transaction.ts";

export interface GroupCommitterOptions {
  readonly store: RecordStore;
  readonly host: Host;
  /** Transactions under way at a time. */
  readonly lanes: number;
  readonly size: GroupSize;
  readonly control: CallControl;
  /** Messages that will soon be here: worth larger transactions, but never waited for. */
  readonly toCome: () => number;
}

/** Most actions of a transaction: grows with success, shrinks with conflicts. */
export interface GroupSize {
  actionsMax: number;
  /** The engine knows no BatchExecuteStatement: items of strategy insert, and states, go one by one. */
  withoutStatements?: boolean;
  /** It takes no UPDATE of several attributes: states that are there go one by one. */
  withoutUpdates?: boolean;
}

export function initialGroupSize(): GroupSize {
  return { actionsMax: GROUP_ACTIONS_START };
}

interface Entry extends Candidate {
  readonly message: MessageTransaction;
  readonly parts: MemberParts;
  readonly progress: CommitProgress;
  readonly settle: (outcome: CommitOutcome) => void;
}

export function groupCommitter({ store, host, lanes, size, control, toCome }: GroupCommitterOptions): Committer {
  let pending: Entry[] = [];
  const busy = new Set<string>();
  const guilty = new Set<string>();
  const pumpSoon = oncePerTick(host, pump);
  let running = 0;

  function add(entry: Entry): void {
    pending.push(entry);
    pumpSoon();
  }

  function pump(): void {
    while (running < lanes && pending.length > 0) {
      const share = shareOfLane(pending, lanes - running, toCome());
      const picked = packGroup(pending, { actionsMax: size.actionsMax, share }, busy);
      if (picked.length === 0) return;
      const group = new Set(picked.flatMap((index) => pending[index] ?? []));
      pending = pending.filter((entry) => !group.has(entry));
      void runLane([...group]);
    }
  }

  async function runLane(group: readonly Entry[]): Promise<void> {
    const items = group.flatMap(({ exclusive, increments }) => [...exclusive, ...increments]);
    running++;
    for (const item of items) busy.add(item);
    const [only] = group;
    if (group.length === 1 && only) await runAlone(only);
    else await runGroup(group);
    for (const item of items) busy.delete(item);
    running--;
    pump();
  }

  async function runAlone({ message, progress, settle }: Entry): Promise<void> {
    const outcome = await store.commit(message, control);
    if (outcome.kind === "conditionFailed") guilty.add(message.record.pk);
    settle(withOpenTries(outcome, progress.openTries)); // GL3
  }

  async function runGroup(group: readonly Entry[]): Promise<void> {
    const transaction = build(group);
    if (!transaction) return;
    const token = host.randomId();
    let entries = group;
    for (;;) {
      if (control.timeLeftMs() <= 0) return settleAll(entries, { kind: "outOfTime" });
      const answers = await answersOf(transaction, token);
      const [first] = answers;
      if (first?.kind !== "unknown" && first?.kind !== "inProgress") return takeApart(entries, answers, transaction);
      const again = await waitForAnother(entries, first);
      if (!again) return;
      entries = again; // GL2
    }
  }

  /** Undefined when they cannot go together after all (a sum beyond 38 digits, say): then each goes alone, and shows why. */
  function build(group: readonly Entry[]): GroupTransaction | undefined {
    try {
      return groupTransaction(group.map(({ parts }) => parts));
    } catch {
      for (const entry of group) goAgain(entry, true);
      return undefined;
    }
  }

  async function answersOf(transaction: GroupTransaction, token: string): Promise<readonly MemberAnswer[]> {
    try {
      await store.transact(transaction.actions, token, control);
      return transaction.owned.map(() => ({ kind: "applied" }));
    } catch (error) {
      return memberAnswers(error, transaction);
    }
  }

  /** The entries with their progress, when the time is there to send them again; else all are settled. */
  async function waitForAnother(
    entries: readonly Entry[],
    answer: Extract<MemberAnswer, { kind: "unknown" | "inProgress" }>,
  ): Promise<readonly Entry[] | undefined> {
    const next: Entry[] = [];
    let delayMs = 0;
    for (const entry of entries) {
      const step = afterAnswer(answer, entry.progress, entry.message.record);
      if (step.kind !== "retry") continue;
      next.push({ ...entry, progress: step.progress });
      delayMs = fullJitterMs(step.backoff, step.progress.tries, host.random());
    }
    const open: CommitOutcome = { kind: "unknown", cause: answer.kind === "unknown" ? answer.cause : answer.kind };
    if (next.length < entries.length || control.timeLeftMs() <= delayMs) {
      settleAll(entries, open);
      return undefined;
    }
    await sleep(host, delayMs, control.signal);
    if (!control.signal.aborted) return next;
    settleAll(entries, open);
    return undefined;
  }

  /** After a definite answer: each member goes its own way. */
  async function takeApart(
    entries: readonly Entry[],
    answers: readonly MemberAnswer[],
    transaction: GroupTransaction,
  ): Promise<void> {
    const conflicts = answers.some(({ kind }) => kind === "conflict" || kind === "throttled");
    if (conflicts) size.actionsMax = shrunk(Math.min(size.actionsMax, transaction.actions.length));
    else if (answers.every(({ kind }) => kind === "applied")) size.actionsMax = grown(size.actionsMax);
    const looks = entries.map((entry, index) => judge(entry, answers[index] ?? { kind: "innocent" }, transaction)); // GL1
    await Promise.all(looks.filter((look) => look !== undefined));
  }

  /** A promise only where a record has to be read first. */
  function judge(entry: Entry, answer: MemberAnswer, transaction: GroupTransaction): Promise<void> | undefined {
    if (answer.kind === "innocent" || answer.kind === "suspect") {
      goAgain(entry, answer.kind === "suspect");
      return undefined;
    }
    const { record } = entry.message;
    const step = afterAnswer(answer, entry.progress, record);
    if (step.kind === "readRecord") {
      return store.look(step, record, control).then((ready) => follow(ready, entry, transaction));
    }
    follow(step, entry, transaction);
    return undefined;
  }

  function follow(step: ReadyStep, entry: Entry, transaction: GroupTransaction): void {
    if (step.kind === "settled") {
      if (step.outcome.kind === "conditionFailed") guilty.add(entry.message.record.pk);
      entry.settle(named(step.outcome, transaction.actions));
      return;
    }
    const delayMs = fullJitterMs(step.backoff, step.progress.tries, host.random());
    if (control.timeLeftMs() <= delayMs) entry.settle(step.otherwise);
    else host.after(delayMs, () => add({ ...entry, progress: step.progress }));
  }

  function goAgain(entry: Entry, alone: boolean): void {
    const progress = { ...entry.progress, tries: entry.progress.tries + 1 };
    if (progress.tries >= COMMIT_TRIES_MAX) settleAll([entry], { kind: "conflict" });
    else add({ ...entry, progress, alone: alone || entry.alone });
  }

  function settleAll(entries: readonly Entry[], outcome: CommitOutcome): void {
    for (const { settle, progress } of entries) settle(withOpenTries(outcome, progress.openTries));
  }

  function enter(message: MessageTransaction): Promise<CommitOutcome> {
    let parts: MemberParts;
    try {
      parts = memberParts(store.table, message, store.keyNames);
    } catch {
      return store.commit(message, control); // it says what is wrong
    }
    const { own, bytes, exclusive, free } = parts;
    return new Promise((settle) =>
      add({
        message,
        parts,
        actions: own.length,
        bytes,
        exclusive: exclusive ?? [],
        increments: free.map(({ item }) => item),
        alone: exclusive === undefined || guilty.has(message.record.pk),
        progress: COMMIT_NOT_STARTED,
        settle,
      }),
    );
  }

  return {
    commit(message) {
      const unknown = putTables(message).filter((name) => store.keyNames(name) === undefined);
      return unknown.length === 0 ? enter(message) : store.learnKeys(unknown, control).then(() => enter(message));
    },
  };
}

/** Tables into which the message puts: their key names tell whether two messages put the same item. */
function putTables({ effects }: MessageTransaction): string[] {
  const tables = new Set<string>();
  for (const effect of effects) if (effect.kind === "put") tables.add(tableOf(effect.tableName));
  return [...tables];
}

function withOpenTries(outcome: CommitOutcome, openTries: boolean): CommitOutcome {
  if (!openTries) return outcome;
  switch (outcome.kind) {
    case "conditionFailed":
      return { ...outcome, openTries: true };
    case "conflict":
    case "throttled":
    case "refused":
    case "outOfTime":
      return { kind: "unknown", cause: "an earlier try of the same message was left without an answer" };
    default:
      return outcome;
  }
}
