// Takes one prepared message to its outcome: run the handler, commit, and run it again where a condition failed.
//
//   R1. A message is acknowledged only after its commit is known to be there: by DynamoDB's success or by its record.
//   R2. Every run of the handler has an attempt id of its own.
//   R3. A failed condition runs the handler again, on a fresh message and fresh reads, a bounded number of times.
//   R4. Once a try of any run was left without an answer, a failure never says that nothing was committed.

import type { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { CONFLICT_BACKOFF, fullJitterMs } from "../protocol/backoff.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { expiresAtSeconds, type IdempotencyRecord } from "../protocol/record.ts";
import type { CallControl, RecordStore } from "../store/record-store.ts";
import type { Slots } from "./concurrency.ts";
import type { Deadline } from "./deadline.ts";
import { commitFailure, conditionFailure, handlerFailure, outOfTime, stillOpen } from "./failures.ts";
import type { Message, Prepared } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import { openTx, type Tx } from "./tx.ts";

/** What became of one delivery. */
export type MessageOutcome =
  | { readonly kind: "committed" }
  | { readonly kind: "duplicate" }
  | { readonly kind: "failed"; readonly error: SemelError };

// biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing, or a promise of it
export type Handler<Body> = (message: Message<Body>, tx: Tx) => Promise<unknown> | unknown | void;

/** Runs after the first, each with fresh reads, before a failed condition fails the message. */
export const RERUNS_MAX = 3;

export interface Shell {
  readonly options: ResolvedOptions;
  readonly store: RecordStore;
  readonly host: Host;
}

export interface RunContext extends Shell {
  readonly deadline: Deadline;
  readonly handler: Handler<unknown>;
  /** Places for handlers that run side by side. */
  readonly slots: Slots;
  readonly onRerun: (where: string) => void;
  readonly onLateUse: (error: SemelError) => void;
}

export async function processMessage(prepared: Prepared, context: RunContext): Promise<MessageOutcome> {
  const { deadline, host, onRerun } = context;
  let { message } = prepared;
  let openTries = false;
  for (let reruns = 0; ; reruns++) {
    const outcome = await runOnce({ ...prepared, message }, context);
    switch (outcome.kind) {
      case "committed": // R1
      case "duplicate": // R1
        return { kind: outcome.kind };
      case "conditionFailed": {
        openTries ||= outcome.openTries;
        const where = outcome.where ?? `action ${outcome.actionIndex}`;
        if (reruns >= RERUNS_MAX) return failed(conditionFailure(where, reruns + 1), openTries);
        onRerun(where); // R3
        await sleep(host, fullJitterMs(CONFLICT_BACKOFF, reruns + 1, host.random()), deadline.gate);
        message = await prepared.renew(); // R3
        break;
      }
      case "failed":
        return failed(outcome.error, openTries);
      default:
        return failed(commitFailure(outcome), openTries);
    }
  }
}

type RunOutcome = CommitOutcome | { readonly kind: "failed"; readonly error: SemelError };

async function runOnce(prepared: Prepared, context: RunContext): Promise<RunOutcome> {
  const { deadline, handler, options, slots, store } = context;
  const control: CallControl = { timeLeftMs: deadline.timeLeftMs, signal: deadline.answer };
  const opened = openTx({
    key: prepared.key,
    signal: deadline.gate,
    recordTable: options.table,
    get: (input) => store.get(input, control),
    onLateUse: context.onLateUse,
  });
  try {
    // Only handlers hold places: a message that waits for its commit gives its place to the next one.
    await slots.run(async () => {
      await beforeGateCloses(runHandler(handler, prepared.message, opened.tx), deadline.gate);
      opened.close();
    }, deadline.gate);
    const { effects, guards } = opened.declared();
    return await store.commit({ record: recordOf(prepared, context), effects, guards }, control);
  } catch (error) {
    opened.close();
    const notStarted = error === deadline.gate.reason;
    return { kind: "failed", error: notStarted ? outOfTime("it was started") : handlerFailure(error) };
  }
}

function recordOf({ pk, fingerprint }: Prepared, { host, options }: Shell): IdempotencyRecord {
  const committedAtMs = host.nowMs();
  const attemptId = host.randomId(); // R2
  const expiresAt = expiresAtSeconds(committedAtMs, options.retentionDays);
  return { pk, status: "COMPLETED", attemptId, fingerprint, committedAtMs, expiresAtSeconds: expiresAt };
}

/** A handler may throw before it returns a promise. */
async function runHandler(handler: Handler<unknown>, message: Message, tx: Tx): Promise<void> {
  await handler(message, tx);
}

/** Gives up waiting when the gate closes. The handler may go on; its tx takes nothing more. */
function beforeGateCloses(running: Promise<unknown>, gate: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(outOfTime("its handler ended"));
    const settle = (act: () => void) => (): void => {
      gate.removeEventListener("abort", onAbort);
      act();
    };
    gate.addEventListener("abort", onAbort, { once: true });
    running.then(settle(resolve), (error) => settle(() => reject(error))());
  });
}

/** R4. */
function failed(error: SemelError, openTries: boolean): MessageOutcome {
  return { kind: "failed", error: openTries ? stillOpen(error) : error };
}
