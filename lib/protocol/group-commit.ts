// Group commit: which messages go together in one transaction. Pure.
//
//   GC1. A message goes whole, with its record: never in parts, never without.
//   GC2. No item twice in one transaction. Increments of one item fold; every other touch is exclusive.
//   GC3. An item under way in one transaction waits there: messages that touch it go one transaction after the other. But where
//        the key of a table could not be looked up, items cannot be told apart: their messages go alone, and may meet others.
//        That is a conflict, which is tried again.
//   GC4. A fold is made anew from the members of each transaction, so a message's share goes where the message goes.

import { TRANSACTION_ACTIONS_MAX, TRANSACTION_BYTES_MAX } from "../aws/limits.ts";
import {
  type Effect,
  foldIncrements,
  type Guard,
  type IncrementEffect,
  itemId,
  type KeyNames,
  keyOf,
} from "./effects.ts";

/** What packing needs to know of one message. */
export interface Candidate {
  /** Actions of its own: record, effects and guards without the free increments. */
  readonly actions: number;
  readonly bytes: number;
  /** Items that it writes, checks or guards. */
  readonly exclusive: readonly string[];
  /** Items that it only adds to. */
  readonly increments: readonly string[];
  /** Goes by itself: it is guilty of a cancellation, or its items are not known. */
  readonly alone: boolean;
}

/** Effects of one message, increments apart that may fold with other messages'. */
export interface SplitEffects {
  readonly own: readonly Effect[];
  /** Without a guard on their item: a guard is a condition, and a conditional write never folds. */
  readonly free: readonly IncrementEffect[];
}

export function splitEffects(effects: readonly Effect[], guards: readonly Guard[]): SplitEffects {
  const guarded = new Set(guards.map(({ tableName, key }) => itemId(tableName, key)));
  const isGuarded = ({ tableName, key }: IncrementEffect): boolean =>
    guarded.size > 0 && guarded.has(itemId(tableName, key));
  const own: Effect[] = [];
  const free: IncrementEffect[] = [];
  for (const effect of foldIncrements(effects)) {
    if (effect.kind === "increment" && !isGuarded(effect)) free.push(effect);
    else own.push(effect);
  }
  return { own, free };
}

/** The items that effects and guards touch exclusively; undefined when one of them cannot be named. */
export function exclusiveItems(
  own: readonly Effect[],
  guards: readonly Guard[],
  keyNames: KeyNames,
): string[] | undefined {
  const items = new Set(guards.map(({ tableName, key }) => itemId(tableName, key)));
  for (const effect of own) {
    const key = keyOf(effect, keyNames);
    if (!key) return undefined;
    items.add(itemId(effect.tableName, key));
  }
  return [...items];
}

/** How large a transaction may get, actions. */
export interface PackLimits {
  readonly actionsMax: number;
  /** Beyond its lane's share only what no other lane could take: it adds to an item that is in the group already. */
  readonly share: number;
}

/** Indexes of the candidates that go together now, the first that can first. Empty: all that are left must wait. */
export function packGroup(candidates: readonly Candidate[], limits: PackLimits, busy: ReadonlySet<string>): number[] {
  const actionsMax = Math.min(limits.actionsMax, TRANSACTION_ACTIONS_MAX);
  const group: number[] = [];
  const exclusive = new Set<string>();
  const increments = new Set<string>();
  let [actions, bytes] = [0, 0];
  for (let index = 0; index < candidates.length && actions < actionsMax; index++) {
    const candidate = candidates[index] as Candidate;
    if (touches(candidate, busy)) continue; // GC3
    if (candidate.alone) {
      if (group.length > 0) continue;
      return [index];
    }
    const added = newOnes(candidate.increments, increments);
    const joins = added.length < candidate.increments.length;
    const fits =
      actions + candidate.actions + added.length <= (joins ? actionsMax : Math.min(actionsMax, limits.share)) &&
      bytes + candidate.bytes <= TRANSACTION_BYTES_MAX &&
      !touches(candidate, exclusive) && // GC2
      !candidate.exclusive.some((item) => increments.has(item));
    if (!fits && group.length > 0) continue;
    group.push(index); // GC1: the first goes whatever its size
    for (const item of candidate.exclusive) exclusive.add(item);
    for (const item of added) increments.add(item);
    actions += candidate.actions + added.length;
    bytes += candidate.bytes;
  }
  return group;
}

function newOnes(items: readonly string[], known: ReadonlySet<string>): readonly string[] {
  return known.size === 0 || !items.some((item) => known.has(item)) ? items : items.filter((item) => !known.has(item));
}

function touches({ exclusive, increments }: Candidate, items: ReadonlySet<string>): boolean {
  return items.size > 0 && (exclusive.some((item) => items.has(item)) || increments.some((item) => items.has(item)));
}

/**
 * Actions of a transaction to begin with: several of about 25 side by side beat one of 100, and waste less when one of them
 * is cancelled.
 */
export const GROUP_ACTIONS_START = 25;
const GROUP_ACTIONS_MIN = 2;

/**
 * Actions of the next transaction, so that free lanes share what waits and what is to come: side by side, small ones are
 * faster than one large.
 */
export function shareOfLane(candidates: readonly Candidate[], freeLanes: number, toCome: number): number {
  let waiting = 0;
  for (const { actions, increments } of candidates) waiting += actions + increments.length;
  const all = candidates.length === 0 ? 0 : (waiting * (candidates.length + toCome)) / candidates.length;
  return Math.max(GROUP_ACTIONS_START, Math.ceil(all / freeLanes));
}

/** After a success: transactions that go through may be larger. */
export function grown(actionsMax: number): number {
  return Math.min(TRANSACTION_ACTIONS_MAX, actionsMax * 2);
}

/** After a conflict: the fewer items, the fewer of them are locked. */
export function shrunk(actionsMax: number): number {
  return Math.max(GROUP_ACTIONS_MIN, Math.floor(actionsMax / 2));
}
