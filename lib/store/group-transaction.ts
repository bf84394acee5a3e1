// Builds the one transaction of several messages, and tells what its answer means for each of them. Pure.
//
//   GT1. Every action has its owners: a record and a message's own effects one, a fold all whose increments are in it.
//   GT2. A member that owns none of the reasons is innocent: it goes again at once.
//   GT3. A failed fold has no single guilty member: each goes again alone.

import type { CancellationReason, TransactWriteItem } from "../aws/dynamodb.ts";
import type { CommitAnswer } from "../protocol/commit.ts";
import { foldIncrements, type IncrementEffect, itemId, type KeyNames } from "../protocol/effects.ts";
import { exclusiveItems, splitEffects } from "../protocol/group-commit.ts";
import { commitAnswer, errorName } from "./answers.ts";
import { incrementAction, type MessageTransaction, RECORD_INDEX, sizedActions } from "./transaction.ts";

/** What one message brings into a transaction: built once, however often it goes. */
export interface MemberParts {
  /** Its record, effects and guards, but for its free increments. */
  readonly own: readonly TransactWriteItem[];
  /** Increments that fold with those of other members. */
  readonly free: readonly FreeIncrement[];
  /** Items that it writes, checks or guards; undefined when one of them cannot be named. */
  readonly exclusive: readonly string[] | undefined;
  readonly bytes: number;
}

interface FreeIncrement {
  /** Its item's id. */
  readonly item: string;
  readonly increment: IncrementEffect;
  /** For a transaction where no other member adds to its item. */
  readonly action: TransactWriteItem;
}

/** Throws a SemelError when the message cannot be a transaction at all. */
export function memberParts(recordTable: string, message: MessageTransaction, keyNames: KeyNames): MemberParts {
  const { own, free } = splitEffects(message.effects, message.guards);
  const effects = free.length === 0 ? own : own.length === 0 ? free : [...own, ...free];
  const { actions, bytes } = sizedActions(recordTable, { ...message, effects }, keyNames);
  const ofFree = actions.splice(RECORD_INDEX + 1 + own.length, free.length);
  return {
    own: actions,
    free: free.map((increment, index) => ({
      item: itemId(increment.tableName, increment.key),
      increment,
      action: ofFree[index] ?? incrementAction(increment),
    })),
    exclusive: exclusiveItems(own, message.guards, keyNames),
    bytes,
  };
}

export interface GroupTransaction {
  readonly actions: readonly TransactWriteItem[];
  /** Per member: the indexes of its actions, its record's first; folds apart. GT1. */
  readonly owned: readonly (readonly number[])[];
  /** Per member: the indexes of the folds that its increments are in. */
  readonly shared: readonly (readonly number[])[];
}

export function groupTransaction(members: readonly MemberParts[]): GroupTransaction {
  const actions: TransactWriteItem[] = [];
  const owned = members.map(({ own }) => {
    const first = actions.length;
    actions.push(...own);
    return own.map((_, index) => first + index);
  });
  const folds = new Map<string, FreeIncrement[]>();
  for (const { free } of members) {
    for (const increment of free) {
      const fold = folds.get(increment.item);
      if (fold) fold.push(increment);
      else folds.set(increment.item, [increment]);
    }
  }
  const places = new Map<string, number>();
  for (const [item, fold] of folds) places.set(item, actions.push(foldedAction(fold)) - 1);
  const shared = members.map(({ free }) => free.map(({ item }) => places.get(item) ?? -1));
  return { actions, owned, shared };
}

/** The increments of one item, in one action. */
function foldedAction(fold: readonly FreeIncrement[]): TransactWriteItem {
  const [only] = fold;
  if (only && fold.length === 1) return only.action;
  const [sum] = foldIncrements(fold.map(({ increment }) => increment));
  if (!sum) throw new RangeError("a fold needs an increment");
  return incrementAction(sum);
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
