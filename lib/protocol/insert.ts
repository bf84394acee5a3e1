// Strategy insert: each message is exactly one new item of an append-only table, and that item is its own record. Pure.
//
//   IN1. The primary key of the item, all of it, is a function of the idempotency key: whoever runs the message means the
//        same item, and finds it.
//   IN2. Only a mark of this key and this format tells that the message is done. An item without it is somebody else's: it
//        is never overwritten, and never taken for done.
//   IN3. An item that was in the way and is gone tells nothing: the message is not done, and this delivery does not do it.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { ITEM_BYTES_MAX } from "../aws/limits.ts";
import { SemelError, type SemelErrorCode } from "../errors.ts";
import type { CommitOutcome } from "./commit.ts";
import { describeItem, type Effect, type Guard, isInsert, itemId, type PutEffect, tableOf } from "./effects.ts";
import { itemBytes } from "./item-size.ts";
import type { CompletedRecord, IdempotencyRecord } from "./record.ts";

/** Where the items go, and what their keys are made of. */
export interface InsertTarget {
  readonly appendOnlyTable: string;
  /** The partition key attribute that takes the idempotency key as it is, or a function that gives every key attribute. */
  readonly primaryKey: string | ((idempotencyKey: string) => Readonly<Record<string, string | number>>);
}

/** What is sent for one message. */
export interface Insertion {
  readonly tableName: string;
  /** The whole primary key. */
  readonly key: Item;
  /** With its key attributes and its mark. */
  readonly item: Item;
  readonly bytes: number;
}

/**
 * The attribute that makes an item its own record: some 300 bytes and the consumer's name. An item of the handler with up
 * to some 700 bytes costs one write unit.
 */
export const MARK = "semel";
/** Raised when the meaning of a mark changes. Readers refuse versions above theirs. */
const MARK_FORMAT_VERSION = "1";

/** Everything of the message that stands for it. */
export interface InsertMessage {
  readonly record: IdempotencyRecord;
  readonly effects: readonly Effect[];
  readonly guards: readonly Guard[];
}

/** `key` is the item's primary key, see `primaryKeyOf`. Throws a SemelError when the message is not exactly one insert. */
export function insertionOf(message: InsertMessage, key: Item, { appendOnlyTable }: InsertTarget): Insertion {
  const given = onlyInsert(message, appendOnlyTable).item;
  for (const [name, value] of Object.entries(key)) {
    const own = given[name];
    if (own === undefined || itemId("", { [name]: own }) === itemId("", { [name]: value })) continue;
    throw wrong(
      "SEMEL_EFFECT",
      `${name} of the item is ${JSON.stringify(own)}, but insert.primaryKey gives ${JSON.stringify(value)}: a key that is ` +
        "not a function of tx.key would insert a duplicate under another key. Leave it out, or derive it from tx.key alone",
    );
  }
  if (given[MARK] !== undefined) {
    throw wrong("SEMEL_EFFECT", `the item has an attribute "${MARK}", which is semel's own mark. Name it otherwise`);
  }
  const item = { ...given, ...key, [MARK]: markOf(message.record) };
  const bytes = itemBytes(item);
  if (bytes > ITEM_BYTES_MAX) {
    throw wrong(
      "SEMEL_LIMIT",
      `the item has ${bytes} bytes with its mark, but DynamoDB takes ${ITEM_BYTES_MAX} (400 KB). Store large values elsewhere`,
    );
  }
  return { tableName: appendOnlyTable, key, item, bytes };
}

function onlyInsert({ effects, guards }: InsertMessage, appendOnlyTable: string): PutEffect {
  const [effect, ...more] = effects;
  if (effect && isInsert(effect) && more.length === 0 && guards.length === 0) {
    if (tableOf(effect.tableName) === tableOf(appendOnlyTable)) return effect;
    throw wrong(
      "SEMEL_EFFECT",
      `tx.insert names table ${effect.tableName}, but insert.appendOnlyTable is ${appendOnlyTable}. Insert there`,
    );
  }
  const kinds = effects.map((one) => (isInsert(one) ? "insert" : one.kind));
  const seen = [...kinds, ...guards.map(() => "guarded get")].join(", ");
  throw wrong(
    "SEMEL_EFFECT",
    `the handler declared ${seen === "" ? "nothing" : seen}, but under strategy "insert" a message is exactly one tx.insert ` +
      '(tx.get with { guard: false } may read). Declare that, or use strategy "commit"',
  );
}

/**
 * IN1. The primary key of a key's item. `keyNames` are the table's own: a key attribute that is not derived would not be a
 * function of the idempotency key, and a condition on an attribute that is no key attribute would not keep an item from
 * being overwritten.
 */
export function primaryKeyOf(idempotencyKey: string, target: InsertTarget, keyNames: readonly string[]): Item {
  const key = derived(idempotencyKey, target);
  const names = Object.keys(key);
  if (names.length === keyNames.length && names.every((name) => keyNames.includes(name))) return key;
  throw wrong(
    "SEMEL_OPTIONS",
    `insert.primaryKey gives ${names.join(", ") || "nothing"}, but the key of table ${target.appendOnlyTable} is ` +
      `${keyNames.join(", ")}. Return exactly the key attributes from a function of the idempotency key`,
  );
}

function derived(idempotencyKey: string, { primaryKey }: InsertTarget): Item {
  if (typeof primaryKey === "string") return { [primaryKey]: { S: idempotencyKey } };
  const [first, second] = [call(primaryKey, idempotencyKey), call(primaryKey, idempotencyKey)];
  if (itemId("", first) === itemId("", second)) return first;
  throw wrong(
    "SEMEL_OPTIONS",
    `insert.primaryKey gave ${JSON.stringify(first)}, then ${JSON.stringify(second)}, for one idempotency key. ` +
      "Make it a function of the key alone: no clock, no random numbers, no counter",
  );
}

function call(primaryKey: Exclude<InsertTarget["primaryKey"], string>, idempotencyKey: string): Item {
  let given: unknown;
  try {
    given = primaryKey(idempotencyKey);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw wrong("SEMEL_OPTIONS", `insert.primaryKey failed: ${reason}. It must take every idempotency key`, cause);
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw wrong("SEMEL_OPTIONS", `insert.primaryKey gave ${String(given)}. Return an object of the key attributes`);
  }
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, scalar(name, value)]));
}

function scalar(name: string, value: unknown): AttributeValue {
  if (typeof value === "string" && value !== "") return { S: value };
  const exact = typeof value === "number" && Number.isFinite(value);
  if (exact && (!Number.isInteger(value) || Number.isSafeInteger(value))) return { N: String(value) };
  const seen = typeof value === "string" ? "an empty string" : String(value);
  throw wrong("SEMEL_OPTIONS", `insert.primaryKey gave ${seen} for ${name}. Use a string or a number that is exact`);
}

function markOf({ pk, messageId, attemptId, fingerprint, committedAtMs }: IdempotencyRecord): AttributeValue {
  return {
    M: {
      formatVersion: { N: MARK_FORMAT_VERSION },
      pk: { S: pk },
      messageId: { S: messageId },
      attemptId: { S: attemptId },
      fingerprint: { S: fingerprint },
      committedAt: { N: String(committedAtMs) },
    },
  };
}

/** What the item that was in the way says. */
export type InsertVerdict =
  | { readonly kind: "ours" }
  | { readonly kind: "duplicate"; readonly record: CompletedRecord }
  | { readonly kind: "payloadMismatch"; readonly committedAtMs: number }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string }
  /** Not semel's, or of another key. */
  | { readonly kind: "foreign" }
  | { readonly kind: "gone" };

/** `found` was read strongly, or came with the failed condition. */
export function judgeInserted(found: Item | undefined, own: IdempotencyRecord): InsertVerdict {
  if (found === undefined) return { kind: "gone" }; // IN3
  const mark = found[MARK]?.M;
  const formatVersion = mark?.["formatVersion"]?.N;
  if (mark === undefined || formatVersion === undefined) return { kind: "foreign" }; // IN2
  const unreadable: InsertVerdict = { kind: "unreadable", formatVersion, status: "inserted" };
  if (formatVersion !== MARK_FORMAT_VERSION) return unreadable; // IN2
  const { pk, messageId, attemptId, fingerprint, committedAt } = mark;
  if (pk?.S !== own.pk) return { kind: "foreign" }; // IN2
  const committedAtMs = Number(committedAt?.N ?? Number.NaN);
  if (attemptId?.S === undefined || fingerprint?.S === undefined || !Number.isFinite(committedAtMs)) return unreadable;
  if (attemptId.S === own.attemptId) return { kind: "ours" };
  if (fingerprint.S !== own.fingerprint) return { kind: "payloadMismatch", committedAtMs };
  const record: CompletedRecord = {
    status: "COMPLETED",
    pk: own.pk,
    messageId: messageId?.S ?? "",
    attemptId: attemptId.S,
    fingerprint: fingerprint.S,
    committedAtMs,
    expiresAtSeconds: Number.POSITIVE_INFINITY, // the table is append-only
  };
  return { kind: "duplicate", record };
}

/** What a failed insert comes to. `openTries`: an earlier try of the same run was left without an answer. */
export function insertOutcome(
  verdict: InsertVerdict,
  { tableName, key }: Insertion,
  openTries: boolean,
): CommitOutcome {
  const where = describeItem(tableName, key);
  switch (verdict.kind) {
    case "ours":
      return { kind: "committed" };
    case "foreign": // even an open try has failed: where the item is, ours cannot be
      return {
        kind: "invalid",
        error: wrong(
          "SEMEL_INSERT",
          `${where} is there, and it is not this message's: it has no mark of semel, or that of another idempotency key. ` +
            "Nothing was overwritten. Give every key an item of its own, and let nobody else write to the table",
        ),
      };
    case "gone":
      if (openTries) return { kind: "unknown", cause: `${where} was there, and is gone; an earlier try is still open` };
      // For good, and not to be tried again: a redelivery would insert it anew, and nobody could tell that it had been there.
      return {
        kind: "invalid",
        error: wrong(
          "SEMEL_INSERT",
          `${where} was there, and is gone: the table is declared append-only, but something deletes from it (time to ` +
            "live too, within the dedup horizon). The message is not inserted again. See whether its effect took place, " +
            "stop the deletions, then redrive it or drop it",
        ),
      };
    default:
      return verdict;
  }
}

function wrong(code: SemelErrorCode, what: string, cause?: unknown): SemelError {
  return new SemelError(`Cannot insert: ${what}`, { code, retryable: false, cause });
}
