// `tx`: what a handler declares its effects on. Nothing is written here; the commit does that.
//
//   X1. A declaration that failed fails the message, even where the handler swallowed the error: an effect is never lost.
//   X2. After the handler ended, tx takes nothing more: a promise left running cannot add to a commit, or think it did.
//   X3. A tx.get that is still under way at the end, or that failed, fails the message: its guard would be missing. So does a
//       tx.step that is under way, or whose result could not be kept.

import type { Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import type { Effect, Guard } from "../protocol/effects.ts";
import type { DeclaredMessage } from "../protocol/outbox.ts";
import {
  type CheckParams,
  checkEffect,
  type DeleteParams,
  deleteEffect,
  type GetOptions,
  guardOf,
  type IncrementAmounts,
  type InsertParams,
  type ItemParams,
  incrementEffect,
  insertEffect,
  type PutParams,
  putEffect,
  type ReadInput,
  readInput,
  type UpdateParams,
  updateEffect,
} from "./declarations.ts";
import { fromItem } from "./marshalling.ts";
import type { ResolvedOptions } from "./options.ts";
import {
  type EventParams,
  publishedMessage,
  queueMessage,
  refuseWithoutOutbox,
  type SendParams,
  type TopicParams,
} from "./sending.ts";
import { checkedSteps, type StepFunction, type Steps } from "./steps.ts";

/** Declares the effects of one message. They are committed together with its idempotency record, or not at all. */
export interface Tx {
  /** The idempotency key: stable across redelivery, redrive and re-runs. Pass it on to remote systems. */
  readonly key: string;
  /** Aborts at the deadline: pass it to whatever waits. */
  readonly signal: AbortSignal;
  /** Puts an item, as `Put` of TransactWriteItems in the document client's shape. */
  put(params: PutParams): void;
  /**
   * Puts a new item: one whose key is already there fails, as a condition does. With strategy `"insert"` it is the message's
   * one effect and its record: the key attributes may be left out, and an item of another message is never overwritten.
   */
  insert(params: InsertParams): void;
  /** Updates an item, or creates it. */
  update(params: UpdateParams): void;
  /** Deletes an item. */
  delete(params: DeleteParams): void;
  /** Commits only if the condition holds. */
  check(params: CheckParams): void;
  /**
   * Adds to number attributes, creating them at zero. Several increments of one item fold into one write; it carries no
   * condition (a conditional one is an `update`).
   */
  increment(params: ItemParams, amounts: IncrementAmounts): void;
  /**
   * Reads an item, strongly consistent. Guarded: the commit goes through only if what was read is unchanged (the
   * version attribute, the named attributes, or all attributes that the item had), else the handler runs again. An
   * attribute that is added later is noticed only with `version` or when it is named in `attributes`.
   */
  get<T extends object = Record<string, unknown>>(params: ItemParams, options?: GetOptions): Promise<T | undefined>;
  /**
   * Sends a message to a queue of SQS: it is written to the outbox in the transaction of the other effects, and the relay sends it
   * after the commit. What is not committed is not sent. It is sent at least once, with an id that is the same however often the handler
   * runs, as attribute `semel-idempotency-key`, and of a FIFO queue as deduplication id: it takes effect once at a consumer that takes
   * this for its key, as semel's do by default.
   *
   * `body`: a text as it is, anything else as its JSON; with attributes at most some 300 KB. Messages of one FIFO group arrive in the
   * order of their commits; where the source keeps an order, in that of each ordering key, and of two keys in any order. Not with
   * strategy `"insert"`; the option `outbox` names the table.
   */
  send(queueUrl: string | undefined, body: unknown, params?: SendParams): void;
  /**
   * As `send`, to an event bus of EventBridge, by name or ARN, or to a topic of SNS, by ARN; at most 256 KB. A topic's message has its
   * id as attribute `semel-idempotency-key`, an event as the field of this name in its detail: the key of a consumer behind a rule is
   * at the path `detail.semel-idempotency-key`.
   */
  publish(target: string | undefined, message: EventParams | TopicParams): void;
  /**
   * Strategy claim: does something outside DynamoDB, and keeps what it gave (its JSON) on the record, so that a re-run skips
   * it and goes on. It runs at least once; `idempotencyKey` is the same each time. Names are unique within a handler; steps
   * that run side by side work. The results of all steps share an item of 400 KB.
   */
  step<T>(name: string, step: StepFunction<T>): Promise<T>;
}

/** The tx of one run, and what was declared on it. */
export interface OpenTx {
  readonly tx: Tx;
  /** Takes nothing more from now on. */
  close(): void;
  /** After `close`; throws the first error of a declaration, swallowed or not. */
  declared(): Declared;
}

export interface Declared {
  readonly effects: readonly Effect[];
  readonly guards: readonly Guard[];
  /** Messages to send, in their order. */
  readonly sent: readonly DeclaredMessage[];
}

export interface TxContext {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly options: Pick<ResolvedOptions, "table" | "outbox" | "strategy">;
  /** Told when tx is used after its handler ended. */
  onLateUse(error: SemelError): void;
  get(input: ReadInput): Promise<Item | undefined>;
  /** There exactly under strategy claim. */
  readonly steps: Steps | undefined;
}

export function openTx({ key, signal, options: resolved, get, steps, onLateUse }: TxContext): OpenTx {
  const own = { records: resolved.table, outbox: resolved.outbox?.table };
  const effects: Effect[] = [];
  const sent: DeclaredMessage[] = [];
  const guards: Guard[] = [];
  let named: Set<string> | undefined;
  let [open, reading, stepping] = [true, 0, 0];
  let failed: { readonly error: unknown } | undefined;

  function declare<T>(method: string, make: () => T): T {
    if (!open) {
      const late = closed(method); // X2
      onLateUse(late);
      throw late;
    }
    try {
      return make();
    } catch (error) {
      failed ??= { error }; // X1
      throw error;
    }
  }

  async function read<T extends object>(params: ItemParams, options: GetOptions): Promise<T | undefined> {
    const input = declare("get", () => readInput(params, options, own));
    const guarded = options.guard !== false;
    reading++;
    try {
      const item = await get(input);
      if (guarded) guards.push(guardOf(input, item, options));
      return item && (fromItem(item) as T);
    } catch (error) {
      if (guarded) failed ??= { error }; // X3
      throw error;
    } finally {
      reading--;
    }
  }

  async function run<T>(name: string, step: StepFunction<T>): Promise<T> {
    const kept = declare("step", () => checkedSteps(steps, { name, step, named }));
    named = (named ?? new Set()).add(name);
    stepping++;
    try {
      return await kept.run(name, step, signal);
    } catch (error) {
      if (error instanceof SemelError) failed ??= { error }; // X1; what the step itself threw is the handler's to judge
      throw error;
    } finally {
      stepping--;
    }
  }

  const tx: Tx = {
    key,
    signal,
    put: (params) => declare("put", () => void effects.push(putEffect(params, own))),
    insert: (params) => declare("insert", () => void effects.push(insertEffect(params, own))),
    update: (params) => declare("update", () => void effects.push(updateEffect(params, own))),
    delete: (params) => declare("delete", () => void effects.push(deleteEffect(params, own))),
    check: (params) => declare("check", () => void effects.push(checkEffect(params, own))),
    increment: (params, amounts) =>
      declare("increment", () => void effects.push(incrementEffect(params, amounts, own))),
    send: (queueUrl, body, params) =>
      declare("send", () => {
        refuseWithoutOutbox("send", resolved);
        sent.push(queueMessage(queueUrl, body, params));
      }),
    publish: (target, params) =>
      declare("publish", () => {
        refuseWithoutOutbox("publish", resolved);
        sent.push(publishedMessage(target, params));
      }),
    get<T extends object>(params: ItemParams, options: GetOptions = {}): Promise<T | undefined> {
      const reading = read<T>(params, options);
      reading.catch(() => {}); // one that nobody awaits must not end the process; X3 tells of it
      return reading;
    },
    step<T>(name: string, step: StepFunction<T>): Promise<T> {
      const running = run(name, step);
      running.catch(() => {}); // X3 tells of it
      return running;
    },
  };
  return {
    tx,
    close() {
      open = false;
      if (reading > 0) failed ??= { error: notAwaited(`${reading} tx.get`, "their guards are missing") }; // X3
      if (stepping > 0) failed ??= { error: notAwaited(`${stepping} tx.step`, "their results are not kept") }; // X3
    },
    declared() {
      if (failed) throw failed.error;
      return { effects, guards, sent };
    },
  };
}

export function closed(method: string): SemelError {
  return new SemelError(
    `Cannot tx.${method}: the handler of this message has ended, so nothing more can be committed with it. ` +
      "Await everything that the handler starts",
    { code: "SEMEL_TX_CLOSED", retryable: false },
  );
}

function notAwaited(what: string, consequence: string): SemelError {
  return new SemelError(
    `Cannot commit: the handler ended while ${what} were under way, so ${consequence}. Await them`,
    { code: "SEMEL_EFFECT", retryable: false },
  );
}
