// Commits a message together with what its handler sends: outbox items in the transaction of its other effects.
//
//   OX1. Items are made anew of what the run that is committed declared: what is not committed is not sent.
//   OX2. The order of a group is that of its commits. Where the source keeps an order, the message's position gives it, so
//        that messages of two ordering keys have none among them; elsewhere the group's counter, which the commit depends on.
//   OX3. Messages of one batch take a group's numbers one after the other, so they never meet on its counter. Groups are waited for in
//        one order, so nobody waits in a circle.
//   OX4. A counter that another worker moved is not the handler's business: the same effects go again under a new number, and the
//        handler does not run again.
//   OX5. A try that was left open is never forgotten: its failure is unknown from then on.

import { OUTBOX_TABLE } from "../contract.ts";
import { type Host, sleep } from "../host.ts";
import { CONFLICT_BACKOFF, fullJitterMs } from "../protocol/backoff.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { type Effect, itemId, type PutEffect } from "../protocol/effects.ts";
import { type DeclaredMessage, groupKey, idPrefix, outboxItems } from "../protocol/outbox.ts";
import {
  advanceCounter,
  counterKey,
  nextSequence,
  readCounter,
  type SeenCounter,
  sequenceText,
} from "../protocol/outbox-counter.ts";
import { expiresAtSeconds } from "../protocol/record.ts";
import type { Place } from "../sources/source.ts";
import { commitAnswer } from "../store/answers.ts";
import { absenceOf } from "../store/conditions.ts";
import type { CallControl, RecordStore } from "../store/record-store.ts";
import type { RecordTransaction } from "../store/transaction.ts";
import type { Wait } from "./concurrency.ts";
import type { ResolvedOptions } from "./options.ts";
import type { GroupTurns, LastNumbers } from "./outbox-turns.ts";

/** What sending needs of a batch. */
export interface OutboxContext {
  readonly host: Host;
  readonly options: Pick<ResolvedOptions, "outbox" | "retentionDays">;
  readonly store: RecordStore;
  readonly groups: GroupTurns;
  /** Waits for a turn as long as there is time for a commit. */
  readonly wait: Wait;
}

interface Items {
  /** What names the commit: see `idPrefix`. */
  readonly commit: readonly string[];
  readonly sequenceOf: (groupPk: string) => string;
}

/** OX1. By their condition, what waits of an older commit of the same key, beyond the dedup horizon, is never overwritten. */
export function outboxPuts(
  messages: readonly DeclaredMessage[],
  { commit, sequenceOf }: Items,
  { host, options }: Pick<OutboxContext, "host" | "options">,
): PutEffect[] {
  const { sha256 } = host;
  const items = outboxItems(messages, {
    prefix: idPrefix(commit, sha256),
    createdAtMs: host.nowMs(),
    sequenceOf,
    sha256,
  });
  const tableName = options.outbox?.table ?? "";
  return items.map((item) => ({ kind: "put", tableName, item, expressions: absenceOf(OUTBOX_TABLE.partitionKey) }));
}

/** Tries of one commit under numbers that others took first; in time they end by the caller's control. */
const NUMBERS_TRIES_MAX = 100;

export interface Sending {
  readonly message: RecordTransaction;
  readonly sent: readonly DeclaredMessage[];
  readonly place: Place;
}

/** As the store's commit, with the messages. Never rejects, but where a turn was waited for until it was too late. */
export async function commitSending(
  sending: Sending,
  context: OutboxContext,
  control: CallControl,
): Promise<CommitOutcome> {
  const { message, sent, place } = sending;
  const { groups, host, store, wait } = context;
  const commit = [message.record.pk];
  const pks = new Set(sent.flatMap((one) => groupKey(one, host.sha256) ?? []));
  const position = place.orderingKey === undefined ? undefined : place.position;
  if (pks.size > 0 && position === undefined) {
    return groups.inTurn([...pks], wait, (last) =>
      commitNumbered(sending, { ...context, last, pks: [...pks], control }),
    ); // OX3
  }
  const puts = outboxPuts(sent, { commit, sequenceOf: () => position ?? "" }, context); // OX2
  return store.commit({ ...message, effects: [...message.effects, ...puts] }, control);
}

interface Numbering extends OutboxContext {
  readonly last: LastNumbers;
  readonly pks: readonly string[];
  readonly control: CallControl;
}

async function commitNumbered({ message, sent }: Sending, numbering: Numbering): Promise<CommitOutcome> {
  const { control, host, last, options, pks, store } = numbering;
  const table = options.outbox?.table ?? "";
  const counters = new Set(pks.map((groupPk) => itemId(table, counterKey(groupPk))));
  let open = false;
  for (let tries = 1; ; tries++) {
    const seen = await seenCounters(numbering);
    if (seen.kind !== "seen") return leftOpen(seen, open);
    const nowMs = host.nowMs();
    const times = { nowMs, expiresAtSeconds: expiresAtSeconds(nowMs, options.retentionDays) };
    const numbers = new Map([...seen.counters].map(([groupPk, counter]) => [groupPk, nextSequence(counter, nowMs)]));
    const sequenceOf = (groupPk: string): string => sequenceText(numbers.get(groupPk) ?? 0);
    const puts = outboxPuts(sent, { commit: [message.record.pk], sequenceOf }, numbering);
    const advances = [...seen.counters].map(([groupPk, counter]) => advanceCounter({ table, groupPk }, counter, times));
    const effects: Effect[] = [...message.effects, ...puts, ...advances];
    const outcome = await store.commit({ ...message, effects }, control);
    last.clear();
    if (outcome.kind === "committed" && outcome.record === undefined) {
      for (const [groupPk, number] of numbers) last.set(groupPk, number);
    }
    if (outcome.kind !== "conditionFailed") return leftOpen(outcome, open);
    open ||= outcome.openTries; // OX5
    if (outcome.item === undefined || !counters.has(outcome.item)) {
      return { ...outcome, openTries: open };
    }
    const delayMs = fullJitterMs(CONFLICT_BACKOFF, tries, host.random());
    if (tries >= NUMBERS_TRIES_MAX || control.timeLeftMs() <= delayMs) return leftOpen({ kind: "conflict" }, open);
    await sleep(host, delayMs, control.signal); // OX4
  }
}

type Readable = Exclude<SeenCounter, { kind: "unreadable" }>;
type Seen =
  | { readonly kind: "seen"; readonly counters: ReadonlyMap<string, Readable> }
  | Extract<CommitOutcome, { kind: "unreadable" | "throttled" | "refused" | "conflict" | "outOfTime" }>;

/** What the message before left in this batch, else a strong read: a guess that the condition of the commit checks. */
async function seenCounters({ control, last, options, pks, store }: Numbering): Promise<Seen> {
  if (control.timeLeftMs() <= 0) return { kind: "outOfTime" };
  const TableName = options.outbox?.table ?? "";
  try {
    const read = await Promise.all(
      pks.map(async (groupPk): Promise<readonly [string, SeenCounter]> => {
        const sequence = last.get(groupPk);
        if (sequence !== undefined) return [groupPk, { kind: "at", sequence }];
        return [groupPk, readCounter(await store.get({ TableName, Key: counterKey(groupPk) }, control))];
      }),
    );
    const counters = new Map<string, Readable>();
    for (const [groupPk, counter] of read) {
      if (counter.kind === "unreadable") return { ...counter, status: "a counter of the outbox" };
      counters.set(groupPk, counter);
    }
    return { kind: "seen", counters };
  } catch (cause) {
    const answer = commitAnswer(cause);
    return answer.kind === "throttled" ? { kind: "throttled" } : { kind: "refused", cause }; // a read applies nothing
  }
}

/** OX5 */
function leftOpen(outcome: CommitOutcome, open: boolean): CommitOutcome {
  if (!open) return outcome;
  switch (outcome.kind) {
    case "conflict":
    case "throttled":
    case "refused":
    case "outOfTime":
    case "invalid":
      return { kind: "unknown", cause: "an earlier try of the same message was left without an answer" };
    default:
      return outcome;
  }
}
