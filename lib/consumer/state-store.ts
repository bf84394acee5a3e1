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
import type { PutEffect } from "../protocol/effects.ts";
import { itemBytes } from "../protocol/item-size.ts";
import {
  type FoundState,
  itemToState,
  movedState,
  STATE,
  type StateItem,
  type StateKey,
  stateWrite,
  watermarkOf,
} from "../protocol/keyed-state.ts";
import { isDone, type WatermarkMove } from "../protocol/watermark.ts";
import { readItems } from "../store/read-items.ts";
import type { CallControl, RecordStore } from "../store/record-store.ts";
import { type StateWrite, stateActions } from "../store/state-requests.ts";
import type { StateAnswer, StateWriter } from "../store/state-writer.ts";
import { bytesWithinLimits, putAction } from "../store/transaction.ts";
import { handlerFailure } from "./failures.ts";
import { fromItem, toItem } from "./marshalling.ts";
import type { Message } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import { outboxPuts } from "./outbox.ts";
import { collectMessages, type Outbox } from "./outbox-collector.ts";

/** A fold of messages into the state of their ordering key. */
export interface Reduction<State = unknown, M = Message> {
  /** Name of the table that holds the states; semel alone writes to it. */
  readonly table: string;
  /** Its partition key attribute, a string: the ordering key. It has no sort key. */
  readonly partitionKey: string;
  /** The state before the first message. */
  readonly initial: State;
  /**
   * Pure: the state after a message. It may change the state that it is given. What it sends to `outbox` goes with the state, in one
   * transaction, as `tx.send` does with the effects of a handler; it is called again where the state is folded again.
   */
  readonly apply: (state: State, message: M, outbox: Outbox) => State;
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
  /** Of all ordering keys of the batch. */
  readonly writer: StateWriter;
  /** The messages of a run, in their order, made anew each time: a state may hold parts of them, which the next `apply` changes. */
  messagesOf(move: WatermarkMove): Promise<readonly FoldedMessage[]>;
  readonly options: Pick<ResolvedOptions, "strategy" | "outbox" | "retentionDays">;
}

export interface FoldedMessage {
  readonly position: string;
  readonly message: Message;
}

type Written =
  | "written"
  /** Its condition failed: this is what is there. */
  | { readonly kind: "changed"; readonly found: StateItem | undefined }
  | Extract<StateAnswer, { kind: "again" }>
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
    const watermark = before && watermarkOf(pk, key, before);
    if (isDone(move.first, watermark)) return { kind: "passed", watermark }; // SS2: by us, perhaps
    if (control.timeLeftMs() <= 0) return open ?? { kind: "outOfTime" };
    const written = await write(move, before, options);
    if (written === "written") return { kind: "committed" };
    if (written.kind === "settled") return open ?? written.outcome;
    if (written.kind === "changed") {
      before = written.found;
      if (tries >= COMMIT_TRIES_MAX) return open ?? { kind: "conflict" };
      continue;
    }
    if (written.answer === "unknown") open = { kind: "unknown", cause: written.cause };
    const otherwise = open ?? { kind: written.answer === "throttled" ? "throttled" : "conflict" };
    const delayMs = fullJitterMs(backoffAfter(written.answer), tries, written.random);
    if (tries >= COMMIT_TRIES_MAX || control.timeLeftMs() <= delayMs) return otherwise;
    await sleep(host, delayMs, control.signal);
    if (control.signal.aborted) return otherwise;
  }
}

async function write(move: WatermarkMove, before: StateItem | undefined, options: StateOptions): Promise<Written> {
  const { key, pk, states, writer } = options;
  let after: StateItem;
  let request: StateWrite;
  try {
    const { state, puts } = await folded(before, move, options);
    after = movedState(state, before, { origin: key.origin, move });
    request = { key, put: stateWrite(key, after, before), before, also: puts.map(putAction) };
    if (puts.length > 0) bytesWithinLimits(stateActions(request));
  } catch (error) {
    return { kind: "settled", outcome: { kind: "invalid", error: handlerFailure(error) } };
  }
  const answer = await writer.write(request);
  switch (answer.kind) {
    case "applied":
      states.keep(pk, after);
      return "written";
    case "changed":
      return inTheWay(answer.found, options);
    case "again":
      return answer;
    case "unread":
      return { kind: "settled", outcome: { kind: "unknown", cause: answer.cause } };
    case "refused":
    case "outOfTime":
      return { kind: "settled", outcome: answer };
  }
}

/** What the next try is folded on. */
function inTheWay(item: Item | undefined, options: StateOptions): Written {
  const found = looked(item, options);
  if (found === undefined || found.kind === "state") return { kind: "changed", found: found?.item };
  if (found.kind === "unreadable") return { kind: "settled", outcome: found };
  return { kind: "settled", outcome: { kind: "invalid", error: foreign(options.key) } };
}

/** Undefined: there is none. Rejects with DynamoDB's error. */
export async function readState(options: StateOptions, control: CallControl): Promise<FoundState | undefined> {
  const { host, key, store } = options;
  const own = { [key.partitionKey]: { S: key.orderingKey } };
  // By the operation that reads many, so that a consumer is granted one.
  const [item] = await readItems([own], { store, host, control, tableName: key.tableName });
  return looked(item, options);
}

/** What the process remembers is what is there. */
function looked(item: Item | undefined, { key, pk, states }: StateOptions): FoundState | undefined {
  states.drop(pk);
  const found = item && itemToState(item, key);
  if (found?.kind === "state") states.keep(pk, found.item);
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
async function folded(
  before: StateItem | undefined,
  move: WatermarkMove,
  { host, messagesOf, options, reduction: { initial, apply } }: StateOptions,
): Promise<Folded> {
  const puts: PutEffect[] = [];
  // The SDK hands binary values out as they are.
  let state: unknown = before ? fromItem({ [STATE]: structuredClone(before.state) })[STATE] : structuredClone(initial);
  for (const { message, position } of await messagesOf(move)) {
    const collected = collectMessages(options);
    state = apply(state, message, collected.outbox);
    const sent = collected.close();
    if (sent.length > 0) {
      const parts = { commit: [move.pk, position], sequenceOf: () => position }; // OX2 of outbox.ts
      puts.push(...outboxPuts(sent, parts, { host, options }));
    }
    if (typeof (state as { then?: unknown } | null | undefined)?.then === "function") {
      Promise.resolve(state).catch(() => {}); // nobody awaits it, and its rejection must not end the process
      throw impure("gave a promise");
    }
    if (state === undefined) throw impure("gave nothing");
  }
  return { state: toItem({ [STATE]: state })[STATE] ?? { NULL: true }, puts };
}

interface Folded {
  readonly state: AttributeValue;
  /** What goes to the outbox with it. */
  readonly puts: readonly PutEffect[];
}

function impure(what: string): SemelError {
  return new SemelError(`Cannot fold the message: apply ${what}. Return the state after the message, at once`, {
    code: "SEMEL_RESULT",
    retryable: true,
  });
}
