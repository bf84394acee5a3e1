// A run: messages of one ordering key, in their order, that commit together. Pure.
//
//   OR4. A message that reads or writes an item which an earlier one of the run wrote is not in the run: it starts after
//        the commit. Increments of one item fold.
//   OR5. A run can be taken apart at any place: its messages depend on each other by their order alone.

import { TRANSACTION_ACTIONS_MAX } from "../aws/limits.ts";
import { type Effect, type Guard, itemId, type KeyNames, keyOf } from "./effects.ts";

/** The items that a message touches. */
export interface Touches {
  readonly written: readonly string[];
  /** Added to, and nothing else. */
  readonly added: readonly string[];
  readonly guarded: readonly string[];
  /** An item that it writes has no name: nobody knows what else touches it. */
  readonly unnamed: boolean;
}

export const TOUCHES_NOTHING: Touches = { written: [], added: [], guarded: [], unnamed: false };

/** Rejections of a run: their reasons stay in the watermark's item, which is to be small. */
export const RUN_REJECTIONS_MAX = 10;

/** Throws a SemelError for an item without its key. */
export function touchesOf(effects: readonly Effect[], guards: readonly Guard[], keyNames: KeyNames): Touches {
  if (effects.length === 0 && guards.length === 0) return TOUCHES_NOTHING;
  const [written, added]: [string[], string[]] = [[], []];
  let unnamed = false;
  for (const effect of effects) {
    const key = keyOf(effect, keyNames);
    if (!key) unnamed = true;
    else (effect.kind === "increment" ? added : written).push(itemId(effect.tableName, key));
  }
  return { written, added, guarded: guards.map(({ tableName, key }) => itemId(tableName, key)), unnamed };
}

/** What the messages of a run touch so far. */
export interface RunItems {
  /** OR4: may the handler that is at work read this item now? */
  isWritten(item: string): boolean;
  /** Does the message stay out, since it touches what one before it wrote? */
  meets(touches: Touches): boolean;
  /** Is there room for it in the run's transaction? */
  hasRoom(touches: Touches): boolean;
  add(touches: Touches): void;
}

export function runItems(): RunItems {
  const written = new Set<string>();
  const added = new Set<string>();
  const all = new Set<string>();
  let [messages, unnamed] = [0, 0];
  const isWritten = (item: string): boolean => written.has(item) || added.has(item);
  return {
    isWritten,
    meets(touches) {
      if (messages === 0) return false;
      if (unnamed > 0 || touches.unnamed) return true;
      const { written: writes, added: adds, guarded } = touches;
      return writes.some(isWritten) || guarded.some(isWritten) || adds.some((item) => written.has(item)); // OR4
    },
    hasRoom({ written: writes, added: adds, guarded }) {
      const most = writes.length + adds.length + guarded.length;
      if (messages === 0 || all.size + most < TRANSACTION_ACTIONS_MAX) return true; // one is the watermark's
      const items = new Set([...writes, ...adds, ...guarded].filter((item) => !all.has(item)));
      return all.size + items.size < TRANSACTION_ACTIONS_MAX;
    },
    add(touches) {
      messages++;
      if (touches.unnamed) unnamed++;
      for (const item of touches.written) written.add(item);
      for (const item of touches.added) added.add(item);
      for (const items of [touches.written, touches.added, touches.guarded]) for (const item of items) all.add(item);
    },
  };
}

/** Effects and guards of a run's messages, as of one message. Guards that say the same are one. */
export function together(
  members: readonly { readonly effects: readonly Effect[]; readonly guards: readonly Guard[] }[],
): {
  readonly effects: readonly Effect[];
  readonly guards: readonly Guard[];
} {
  const effects: Effect[] = [];
  const guards = new Map<string, Guard>();
  for (const member of members) {
    effects.push(...member.effects);
    for (const guard of member.guards) {
      guards.set(JSON.stringify([itemId(guard.tableName, guard.key), guard.terms]), guard);
    }
  }
  return { effects, guards: [...guards.values()] };
}
