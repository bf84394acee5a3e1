// Builds the one transaction of several messages, and tells what its answer means for each of them. Pure.
//
//   GT1. Every action has its owners: a record and a message's own effects one, a fold all whose increments are in it.
//   GT2. A member that owns none of the reasons is innocent: it goes again at once.
//   GT3. A failed fold has no single guilty member: each goes again alone.

import type { CancellationReason, TransactWriteItem } from "../aws/dynamodb.ts";
import type { CommitAnswer } from "../protocol/commit.ts";
import { foldIncrements, itemId, type KeyNames } from "../protocol/effects.ts";
import { splitEffects } from "../protocol/group-commit.ts";
import { commitAnswer, errorName } from "./answers.ts";
import { incrementAction, type MessageTransaction, transactionActions } from "./transaction.ts";

export interface GroupTransaction {
  readonly actions: readonly TransactWriteItem[];
  /** Per member: the indexes of its actions, its record's first; folds apart. GT1. */
  readonly owned: readonly (readonly number[])[];
  /** Per member: the indexes of the folds that its increments are in. */
  readonly shared: readonly (readonly number[])[];
}

export function groupTransaction(
  recordTable: string,
  members: readonly MessageTransaction[],
  keyNames: KeyNames,
): GroupTransaction {
  const actions: TransactWriteItem[] = [];
  const split = members.map(({ effects, guards }) => splitEffects(effects, guards));
  const owned = members.map((message, member) => {
    const own = transactionActions(recordTable, { ...message, effects: split[member]?.own ?? [] }, keyNames);
    const first = actions.length;
    actions.push(...own);
    return own.map((_, index) => first + index);
  });
  const places = new Map<string, number>();
  for (const fold of foldIncrements(split.flatMap(({ free }) => free))) {
    places.set(itemId(fold.tableName, fold.key), actions.push(incrementAction(fold)) - 1);
  }
  const shared = split.map(({ free }) => free.map(({ tableName, key }) => places.get(itemId(tableName, key)) ?? -1));
  return { actions, owned, shared };
}

/** What the answer says of one member: an answer as if it had gone alone, or that others were to blame. */
export type MemberAnswer = CommitAnswer | { readonly kind: "innocent" } | { readonly kind: "suspect" };

export function memberAnswers(error: unknown, { actions, owned, shared }: GroupTransaction): MemberAnswer[] {
  const reasons = cancellationReasons(error);
  if (reasons?.length === actions.length) {
    return owned.map((own, member) => memberAnswer(reasons, own, shared[member] ?? []));
  }
  const whole = commitAnswer(error);
  // Refused as a whole: one of them is to blame, and alone it shows which.
  return owned.map(() => (whole.kind === "refused" ? { kind: "suspect" } : whole));
}

function memberAnswer(
  reasons: readonly CancellationReason[],
  own: readonly number[],
  shared: readonly number[],
): MemberAnswer {
  const ownReasons = own.map((index) => reasons[index] ?? {});
  const folds = shared.map((index) => reasons[index] ?? {});
  if ([...ownReasons, ...folds].every(({ Code }) => Code === "None")) return { kind: "innocent" }; // GT2
  if (ownReasons[0]?.Code === "ConditionalCheckFailed") return { ...answerTo(ownReasons) };
  if (folds.some(({ Code }) => Code === "ValidationError" || Code === "ConditionalCheckFailed"))
    return { kind: "suspect" }; // GT3
  const answer = answerTo([...ownReasons, ...folds]);
  if (answer.kind !== "conditionFailed") return answer;
  return { ...answer, actionIndex: own[answer.actionIndex] ?? answer.actionIndex };
}

/** As if these had been all the actions. */
function answerTo(reasons: readonly CancellationReason[]): CommitAnswer {
  const error = new Error("cancelled");
  error.name = "TransactionCanceledException";
  return commitAnswer(Object.assign(error, { CancellationReasons: reasons }));
}

function cancellationReasons(error: unknown): readonly CancellationReason[] | undefined {
  if (errorName(error) !== "TransactionCanceledException") return undefined;
  const reasons = (error as { CancellationReasons?: unknown }).CancellationReasons;
  return Array.isArray(reasons) ? reasons : undefined;
}
