// One message of a run: its handler, up to what it declared. Nothing is committed here.
//
//   LM1. A handler that reads an item which an earlier message of the run wrote is not heard: it runs again after the commit (OR4).

import type { SemelError } from "../errors.ts";
import { type Effect, type Guard, itemId, tableOf } from "../protocol/effects.ts";
import { type RunItems, TOUCHES_NOTHING, type Touches, touchesOf } from "../protocol/ordered-run.ts";
import type { Delivery } from "../sources/source.ts";
import { andThen } from "./concurrency.ts";
import { controlOf } from "./deadline.ts";
import { handlerFailure, outOfTime } from "./failures.ts";
import { type Message, readMessage } from "./message.ts";
import { outboxPuts } from "./outbox.ts";
import { mayBeRejected, type RejectContext } from "./rejection.ts";
import type { RunContext } from "./run.ts";
import { openTx } from "./tx.ts";

/** What a message brings into its run. */
export interface Member extends Placed {
  readonly effects: readonly Effect[];
  readonly guards: readonly Guard[];
  readonly touches: Touches;
  /** It was judged by what its commit does not guard. */
  readonly unguarded: boolean;
  /** It can never succeed: the watermark passes it by. */
  readonly rejection?: SemelError;
}

export type Attempt =
  | { readonly kind: "ready"; readonly member: Member }
  /** LM1 */
  | { readonly kind: "met" }
  | { readonly kind: "failed"; readonly error: SemelError };

/** A message in its order. */
export interface Placed {
  readonly delivery: Delivery;
  readonly position: string;
  /** Among the messages of its ordering key in this batch. */
  readonly place: number;
  /** Of other receipts of the same message in the batch. */
  readonly copies: readonly Delivery[];
}

export interface MemberContext extends RunContext {
  /** Of the watermark. */
  readonly pk: string;
}

const MET = new Error("an item that an earlier message of the run wrote");

/**
 * Runs the handler once. `run`: what the messages before it, which are not committed yet, touch. No promise where there is nothing to
 * wait for. Never rejects.
 */
export function attempt(placed: Placed, run: RunItems, context: MemberContext): Attempt | Promise<Attempt> {
  const { delivery } = placed;
  const { deadline, handler, observer, options, pk, slots, store, untilGate } = context;
  const control = controlOf(deadline);
  let [met, reads] = [false, 0];
  const opened = openTx({
    key: delivery.messageId,
    signal: deadline.gate,
    options,
    get: (input) => {
      reads++;
      met ||= run.isWritten(itemId(input.TableName, input.Key));
      return met ? Promise.reject(MET) : store.get(input, control); // LM1
    },
    steps: undefined,
    onLateUse: (error) => {
      if (!met) observer.lateUse(delivery.messageId, delivery.messageId, error);
    },
  });

  function handled(message: Message): unknown {
    deadline.throwIfOver(); // L2 of deadline.ts
    const running: unknown = handler(message, opened.tx);
    return isThenable(running) ? untilGate(Promise.resolve(running)) : undefined; // most that only declare are over by now
  }

  function ended(): Attempt | Promise<Attempt> {
    opened.close();
    if (met) return { kind: "met" };
    const { effects: own, guards, sent } = opened.declared();
    const parts = { commit: [pk, placed.position], sequenceOf: () => placed.position }; // OX2 of outbox.ts
    const effects = sent.length === 0 ? own : [...own, ...outboxPuts(sent, parts, context)];
    const puts = tablesOfPuts(effects);
    return andThen(puts.length > 0 ? store.learnKeys(puts, control) : undefined, () => {
      const touches = touchesOf(effects, guards, store.keyNames);
      return { kind: "ready", member: { ...placed, effects, guards, touches, unguarded: reads > guards.length } };
    });
  }

  function failed(thrown: unknown): Attempt {
    opened.close();
    return met ? { kind: "met" } : afterThrown(placed, thrown, context);
  }

  try {
    const made = andThen(readMessage(delivery, context), (message) =>
      andThen(
        slots.run(() => handled(message)),
        ended,
      ),
    );
    return made instanceof Promise ? made.catch(failed) : made;
  } catch (thrown) {
    return failed(thrown);
  }
}

function isThenable(value: unknown): boolean {
  return typeof (value as { readonly then?: unknown } | null | undefined)?.then === "function";
}

/** What is thrown before a message is ready rejects it, or fails it. */
export function afterThrown(placed: Placed, thrown: unknown, context: RejectContext): Attempt {
  const { gate } = context.deadline;
  const notStarted = gate.aborted && thrown === gate.reason;
  const error = notStarted ? outOfTime("it was started") : handlerFailure(thrown);
  return mayBeRejected(error, context) ? { kind: "ready", member: rejected(placed, error) } : { kind: "failed", error };
}

/** Judged by what its handler read, by tx or by a client of its own; and a rejection guards nothing. */
export function rejected(placed: Placed, rejection: SemelError): Member {
  return { ...placed, effects: [], guards: [], touches: TOUCHES_NOTHING, unguarded: true, rejection };
}

function tablesOfPuts(effects: readonly Effect[]): string[] {
  const tables = new Set<string>();
  for (const effect of effects) if (effect.kind === "put") tables.add(tableOf(effect.tableName));
  return [...tables];
}
