// Effects and guards: what a handler declared, in DynamoDB's raw attribute values. Pure data and pure functions.
//
//   E1. Increments of one item fold into one; nothing else of one item ever does.
//   E2. A fold is exact: decimal arithmetic, no floating point.
//   E3. Two other writes of one item by one handler are an error that names the item.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { NUMBER_DIGITS_MAX } from "../aws/limits.ts";
import { SemelError } from "../errors.ts";
import { addDecimals, canonicalDecimal, decimalDigits } from "./decimal.ts";

export interface Expressions {
  readonly condition?: string;
  readonly update?: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Item;
}

export interface PutEffect {
  readonly kind: "put";
  readonly tableName: string;
  readonly item: Item;
  readonly expressions: Expressions;
  /** An insert: it fails where an item of its key is there. */
  readonly absent?: true;
}

export interface KeyedEffect {
  readonly kind: "update" | "delete" | "check";
  readonly tableName: string;
  readonly key: Item;
  readonly expressions: Expressions;
}

/** Adds amounts to number attributes; commutative, and without a condition. */
export interface IncrementEffect {
  readonly kind: "increment";
  readonly tableName: string;
  readonly key: Item;
  /** Attribute name to decimal number. */
  readonly amounts: Readonly<Record<string, string>>;
}

export type Effect = PutEffect | KeyedEffect | IncrementEffect;

/** What a `tx.get` saw, to be unchanged at the commit. */
export interface Guard {
  readonly tableName: string;
  readonly key: Item;
  readonly terms: readonly GuardTerm[];
}

/** `value` undefined: the attribute was not there. `value` "present": it was there, whatever it held. */
export interface GuardTerm {
  readonly attribute: string;
  readonly value: AttributeValue | "present" | undefined;
}

/** A table's name, be it given as `Name` or as `arn:aws:dynamodb:…:table/Name`: a transaction stays in one account and Region. */
export function tableOf(nameOrArn: string): string {
  return nameOrArn.slice(nameOrArn.lastIndexOf("/") + 1);
}

/** Names of a table's key attributes, partition key first, by its name (`tableOf`); undefined where they are not known yet. */
export type KeyNames = (tableName: string) => readonly string[] | undefined;

/** Folds the increments of each item into one effect, at the place of the first. E1, E2. */
export function foldIncrements<E extends Effect>(effects: readonly E[]): readonly E[] {
  if (effects.length < 2) return effects;
  const folded: E[] = [];
  const folds = new Map<string, Fold>();
  for (const effect of effects) {
    if (effect.kind !== "increment") {
      folded.push(effect);
      continue;
    }
    const id = itemId(effect.tableName, effect.key);
    const fold = folds.get(id);
    if (fold === undefined) folds.set(id, { first: effect, place: folded.push(effect) - 1, sums: undefined });
    else fold.sums = add(effect, fold.sums ?? new Map(Object.entries(fold.first.amounts)));
  }
  for (const { first, place, sums } of folds.values()) {
    if (sums !== undefined) folded[place] = { ...first, amounts: Object.fromEntries(sums) } as E;
  }
  return folded;
}

interface Fold {
  readonly first: IncrementEffect;
  readonly place: number;
  /** Undefined: of the first alone. */
  sums: Map<string, string> | undefined;
}

function add({ amounts, key, tableName }: IncrementEffect, sums: Map<string, string>): Map<string, string> {
  for (const [attribute, amount] of Object.entries(amounts)) {
    const total = addDecimals(sums.get(attribute) ?? "0", amount);
    if (total.length > NUMBER_DIGITS_MAX && decimalDigits(total) > NUMBER_DIGITS_MAX) {
      throw new SemelError(
        `Cannot fold the increments of ${describeItem(tableName, key)}: ${attribute} would be ${total}, ` +
          `but a DynamoDB number has at most ${NUMBER_DIGITS_MAX} digits. Increment by smaller amounts`,
        { code: "SEMEL_LIMIT", retryable: false },
      );
    }
    sums.set(attribute, total);
  }
  return sums;
}

export function isInsert(effect: Effect): effect is PutEffect & { readonly absent: true } {
  return effect.kind === "put" && effect.absent === true;
}

/** The key of the item that an effect acts on; undefined for a put into a table whose key names are not known. */
export function keyOf(effect: Effect, keyNames: KeyNames): Item | undefined {
  if (effect.kind !== "put") return effect.key;
  const names = keyNames(tableOf(effect.tableName));
  if (!names) return undefined;
  const key: Record<string, AttributeValue> = {};
  for (const name of names) {
    const value = effect.item[name];
    if (value === undefined) {
      throw new SemelError(
        `Cannot put into table ${effect.tableName}: the item has no key attribute "${name}" ` +
          `(its key is ${names.join(", ")}). Add it to Item`,
        { code: "SEMEL_EFFECT", retryable: false },
      );
    }
    key[name] = value;
  }
  return key;
}

/** Key names as far as the effects and guards themselves show them: every `Key` holds exactly the primary key. */
export function keyNamesIn(effects: readonly Effect[], guards: readonly Guard[]): Map<string, readonly string[]> {
  const known = new Map<string, readonly string[]>();
  for (const effect of effects) {
    if (effect.kind !== "put") known.set(tableOf(effect.tableName), Object.keys(effect.key));
  }
  for (const { tableName, key } of guards) known.set(tableOf(tableName), Object.keys(key));
  return known;
}

/**
 * Tables whose key names must be looked up, where nothing shows them: a put shares the table with another action, or an
 * insert names a key attribute in its condition.
 */
export function tablesToLookUp(effects: readonly Effect[], guards: readonly Guard[], keyNames: KeyNames): string[] {
  const shown = keyNamesIn(effects, guards);
  const actions = new Map<string, number>();
  for (const { tableName } of effects) actions.set(tableOf(tableName), (actions.get(tableOf(tableName)) ?? 0) + 1);
  const inserted = new Set(effects.flatMap((effect) => (isInsert(effect) ? [tableOf(effect.tableName)] : [])));
  return [...actions]
    .filter(([tableName, count]) => count > 1 || inserted.has(tableName))
    .filter(([tableName]) => !shown.has(tableName) && keyNames(tableName) === undefined)
    .map(([tableName]) => tableName);
}

/** E3. Effects must be folded already. */
export function refuseRepeatedItems(effects: readonly Effect[], keyNames: KeyNames): void {
  if (effects.length < 2) return;
  const seen = new Map<string, Effect>();
  for (const effect of effects) {
    const key = keyOf(effect, keyNames);
    if (!key) continue; // the only action on its table
    const id = itemId(effect.tableName, key);
    const earlier = seen.get(id);
    if (earlier) {
      throw new SemelError(
        `Cannot commit: ${earlier.kind} and ${effect.kind} both act on ${describeItem(effect.tableName, key)}, ` +
          "but a DynamoDB transaction takes one action an item. Merge them into one (a check becomes the " +
          "ConditionExpression of the write; several increments fold by themselves)",
        { code: "SEMEL_EFFECT", retryable: false },
      );
    }
    seen.set(id, effect);
  }
}

/**
 * One text per item of a table: attribute order and the spelling of numbers do not matter. Each part with its length
 * before it, so that different items never share a text.
 */
export function itemId(tableName: string, key: Item): string {
  let id = part(tableOf(tableName));
  const names = Object.keys(key);
  for (const name of names.length > 1 ? names.sort() : names) {
    const [type, text = ""] = scalar(key[name]);
    id += part(name) + type + part(text);
  }
  return id;
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

function scalar(value: AttributeValue | undefined): readonly [type: string, text?: string] {
  if (value?.S !== undefined) return ["S", value.S];
  if (value?.N !== undefined) return ["N", canonicalDecimal(value.N) ?? value.N];
  if (value?.B !== undefined) return ["B", Array.from(value.B, (byte) => byte.toString(16).padStart(2, "0")).join("")];
  return ["?"];
}

/** For people: `item {"orderId":"42"} of table Orders`. */
export function describeItem(tableName: string, key: Item): string {
  const plain = Object.fromEntries(Object.entries(key).map(([name, value]) => [name, scalar(value)[1]]));
  return `item ${JSON.stringify(plain)} of table ${tableName}`;
}
