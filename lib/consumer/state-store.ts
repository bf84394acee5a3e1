// Keyed state: folds the messages of a run into the state of their ordering key, and writes it. Stands where the committer of
// transactions stands: a run is a move of the watermark that is in the state's own item.
//
//   SS1. What is written is folded from exactly the item that its condition asks for; a state in memory is a copy that the
//        condition checks, and is never handed out.
//   SS2. A write without an answer goes again as it was, or is folded anew on what is there: its attempt id tells our own.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { backoffAfter, fullJitterMs } from "../protocol/backoff.ts";
import { COMMIT_TRIES_MAX, type CommitOutcome } from "../protocol/commit.ts";
import { tableOf } from "../protocol/effects.ts";
import { itemBytes } from "../protocol/item-size.ts";
import {
  type FoundState,
  itemToState,
  MARK,
  movedState,
  STATE,
  type StateItem,
  type StateKey,
  stateWrite,
  watermarkOf,
} from "../protocol/keyed-state.ts";
import { isDone, type WatermarkMove } from "../protocol/watermark.ts";
import { errorName, writeAnswer } from "../store/answers.ts";
import type { CallControl, RecordStore } from "../store/record-store.ts";
import type { Slots } from "./concurrency.ts";
import { handlerFailure } from "./failures.ts";
import type { Placed } from "./lane-member.ts";
import { fromItem, toItem } from "./marshalling.ts";
import type { Message } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Shell } from "./process-message.ts";
import type { RunContext } from "./run.ts";

/** A fold of messages into the state of their ordering key. */
export interface Reduction<State = unknown, M = Message> {
  /** Name of the table that holds the states; semel alone writes to it. */
  readonly table: string;
  /** Its partition key attribute, a string: the ordering key. It has no sort key. */
  readonly partitionKey: string;
  /** The state before the first message. */
  readonly initial: State;
  /** Pure: the state after a message. It may change the state that it is given. */
  readonly apply: (state: State, message: M) => State;
}

/** States that a process remembers, to write without a read. Bounded in bytes; the longest unused goes first. */
export interface KnownStates {
  get(pk: string): StateItem | undefined;
  keep(pk: string, item: StateItem): void;
  drop(pk: string): void;
}

export function knownStates(bytesMax: number): KnownStates {
  const known = new Map<string, { readonly item: StateItem; readonly bytes: number }>();
  let total = 0;
  function drop(pk: string): void {
    total -= known.get(pk)?.bytes ?? 0;
    known.delete(pk);
  }
  return {
    get: (pk) => known.get(pk)?.item,
    drop,
    keep(pk, item) {
      drop(pk);
      const bytes = itemBytes({ [STATE]: item.state, ...item.origins });
      known.set(pk, { item, bytes });
      total += bytes;
      for (const oldest of known.keys()) {
        if (total <= bytesMax) return;
        drop(oldest);
      }
    },
  };
}

export interface StateOptions {
  readonly reduction: Reduction;
  readonly key: StateKey;
  readonly pk: string;
  readonly store: RecordStore;
  readonly host: Host;
  readonly states: KnownStates;
  /** The messages of a run, in their order. */
  messagesOf(move: WatermarkMove): readonly Message[];
}

type Written =
  | "written"
  /** Its condition failed: this is what is there. */
  | { readonly kind: "changed"; readonly found: StateItem | undefined }
  | { readonly kind: "again"; readonly answer: "conflict" | "throttled" | "unknown"; readonly cause?: unknown }
  | { readonly kind: "settled"; readonly outcome: CommitOutcome };

/** Folds and writes, until it is known what became of it. Never rejects. */
export async function commitState(
  move: WatermarkMove,
  options: StateOptions,
  control: CallControl,
): Promise<CommitOutcome> {
  const { host, key, pk, states } = options;
  let before = states.get(pk);
  let open: CommitOutcome | undefined;
  for (let tries = 1; ; tries++) {
    if (before?.attemptId === move.attemptId) return { kind: "committed" }; // SS2
    const watermark = before && watermarkOf(pk, key, before);
    if (isDone(move.first, watermark)) return { kind: "passed", watermark };
    if (control.timeLeftMs() <= 0) return open ?? { kind: "outOfTime" };
    const written = await write(move, before, { ...options, control });
    if (written === "written") return { kind: "committed" };
    if (written.kind === "settled") return open ?? written.outcome;
    if (written.kind === "changed") {
      before = written.found;
      if (tries >= COMMIT_TRIES_MAX) return open ?? { kind: "conflict" };
      continue;
    }
    if (written.answer === "unknown") open = { kind: "unknown", cause: written.cause };
    const otherwise = open ?? { kind: written.answer === "throttled" ? "throttled" : "conflict" };
    const delayMs = fullJitterMs(backoffAfter(written.answer), tries, host.random());
    if (tries >= COMMIT_TRIES_MAX || control.timeLeftMs() <= delayMs) return otherwise;
    await sleep(host, delayMs, control.signal);
    if (control.signal.aborted) return otherwise;
  }
}

type WriteOptions = StateOptions & { readonly control: CallControl };

async function write(move: WatermarkMove, before: StateItem | undefined, options: WriteOptions): Promise<Written> {
  const { control, key, pk, states, store } = options;
  let after: StateItem;
  let input: ReturnType<typeof stateWrite>;
  try {
    after = movedState(folded(before, move, options), before, { origin: key.origin, move });
    input = stateWrite(key, after, before);
  } catch (error) {
    return { kind: "settled", outcome: { kind: "invalid", error: handlerFailure(error) } };
  }
  try {
    await store.sendInTime({ operation: "PutItem", input }, control);
    states.keep(pk, after);
    return "written";
  } catch (error) {
    if (errorName(error) === "ConditionalCheckFailedException")
      return inTheWay((error as { Item?: Item }).Item, options);
    const answer = writeAnswer(error);
    switch (answer.kind) {
      case "conditionFailed":
        return inTheWay(undefined, options);
      case "refused":
        return { kind: "settled", outcome: answer };
      case "unknown":
        return { kind: "again", answer: "unknown", cause: answer.cause };
      default:
        return { kind: "again", answer: answer.kind };
    }
  }
}

/** What the next try is folded on: it came with the answer, or is read. */
async function inTheWay(came: Item | undefined, options: WriteOptions): Promise<Written> {
  try {
    const found = await readState(options, options.control, came);
    if (found === undefined || found.kind === "state") return { kind: "changed", found: found?.item };
    if (found.kind === "unreadable") return { kind: "settled", outcome: found };
    return { kind: "settled", outcome: { kind: "invalid", error: foreign(options.key) } };
  } catch (cause) {
    return { kind: "settled", outcome: { kind: "unknown", cause } };
  }
}

/** Undefined: there is none. Rejects with DynamoDB's error. */
export async function readState(
  { key, pk, states, store }: StateOptions,
  control: CallControl,
  came?: Item,
): Promise<FoundState | undefined> {
  const Key = { [key.partitionKey]: { S: key.orderingKey } };
  const item = came ?? (await store.get({ TableName: key.tableName, Key }, control));
  states.drop(pk);
  if (item === undefined) return undefined;
  const found = itemToState(item, key);
  if (found.kind === "state") states.keep(pk, found.item);
  return found;
}

function foreign({ tableName, orderingKey, consumer }: StateKey): SemelError {
  return new SemelError(
    `Cannot keep the state of ordering key ${JSON.stringify(orderingKey)}: its item in table ${tableName} is there, and is not that of ` +
      `consumer ${consumer}. Nothing was overwritten. Give each consumer a table of its own, and let nobody else write to it`,
    { code: "SEMEL_EFFECT", retryable: true },
  );
}

/** SS1. The state is made anew from the item, so that what `apply` does to it is its own. */
function folded(
  before: StateItem | undefined,
  move: WatermarkMove,
  { reduction: { initial, apply }, messagesOf }: StateOptions,
): AttributeValue {
  let state: unknown = before ? fromItem({ [STATE]: before.state })[STATE] : structuredClone(initial);
  for (const message of messagesOf(move)) {
    state = apply(state, message);
    if (typeof (state as { then?: unknown } | null | undefined)?.then === "function") throw impure("gave a promise");
    if (state === undefined) throw impure("gave nothing");
  }
  return toItem({ [STATE]: state })[STATE] ?? { NULL: true };
}

function impure(what: string): SemelError {
  return new SemelError(`Cannot fold the message: apply ${what}. Return the state after the message, at once`, {
    code: "SEMEL_RESULT",
    retryable: true,
  });
}

const KNOWN: Readonly<Record<keyof Reduction, true>> = { table: true, partitionKey: true, initial: true, apply: true };

/** Throws a SemelError, at start, for what is missing or wrong. */
export function resolveReduction(
  given: Reduction,
  { strategy, table }: Pick<ResolvedOptions, "strategy" | "table">,
): Reduction {
  if (strategy !== "watermark")
    throw wrong(`strategy is "${strategy}". Set strategy: "watermark", whose rules it follows`);
  if (typeof given !== "object" || given === null)
    throw wrong(`got ${String(given)}. Pass { table, partitionKey, initial, apply }`);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    // A key of another kind than the ordering key has no order: its messages come in several ones, side by side.
    throw wrong(
      `unknown field ${unknown.join(", ")}. Known: ${Object.keys(KNOWN).join(", ")}; the key of a state is the ordering key`,
    );
  }
  if (typeof given.apply !== "function")
    throw wrong(`apply is ${typeof given.apply}. Use a function of the state and a message`);
  if (given.initial === undefined) throw wrong("initial is undefined. Give the state before the first message");
  for (const name of ["table", "partitionKey"] as const) {
    if (typeof given[name] !== "string" || given[name] === "")
      throw wrong(`${name} is ${JSON.stringify(given[name])}. Use its name`);
  }
  if ([STATE, MARK].includes(given.partitionKey))
    throw wrong(`partitionKey is "${given.partitionKey}", which is semel's own. Use another one`);
  if (tableOf(given.table) === tableOf(table))
    throw wrong(`table is the record table, ${table}. Use a table of its own`);
  return given;
}

function wrong(what: string): SemelError {
  return new SemelError(`Cannot reduce: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}

/** What stands in place of a handler and a store, for the messages of one ordering key. */
export function reducer(
  messages: readonly Placed[],
  reduction: Reduction,
  { host, options, states, store, writes }: RunContext & Pick<Shell, "states"> & { readonly writes: Slots },
): Pick<RunContext, "handler" | "store"> {
  const [first] = messages;
  const { origin = "", orderingKey = "" } = first?.delivery ?? {};
  const came = new Map<string, Message>();
  const state: StateOptions = {
    reduction,
    key: {
      tableName: reduction.table,
      partitionKey: reduction.partitionKey,
      orderingKey,
      consumer: options.consumer,
      origin: host.sha256(origin),
    },
    pk: JSON.stringify([tableOf(reduction.table), orderingKey]),
    store,
    host,
    states,
    messagesOf(move) {
      const passed = new Set(move.passedOver.map(({ position }) => position));
      const ofRun = messages.filter(({ position }) => position >= move.first && position <= move.position);
      return ofRun
        .filter(({ position }) => !passed.has(position))
        .map(({ delivery: { messageId } }) => {
          const message = came.get(messageId);
          if (!message) throw new Error(`message ${messageId} is in the run, and was not read`);
          return message;
        });
    },
  };
  return {
    handler: (message) => {
      if (orderingKey === "")
        throw new SemelError("Cannot fold the message: it has no ordering key. Give its record a key", {
          code: "SEMEL_KEY",
          retryable: true,
        });
      came.set(message.messageId, message);
    },
    store: {
      ...store,
      async commit(message, control) {
        const { record } = message;
        if (record.status !== "WATERMARK") return store.commit(message, control);
        try {
          return await writes.run(() => commitState(record, state, control));
        } catch {
          return { kind: "outOfTime" }; // no place before the gate closed
        }
      },
      async readRecord(pk, control) {
        const found = await readState(state, control);
        if (found === undefined || found.kind === "foreign") return undefined;
        if (found.kind === "unreadable") return found;
        const watermark = watermarkOf(pk, state.key, found.item);
        return watermark && { kind: "watermark", watermark };
      },
    },
  };
}
