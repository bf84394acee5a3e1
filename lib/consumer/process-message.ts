// Takes one prepared message to its outcome: run the handler, commit, and run it again where a condition failed.
//
//   R1. A message is acknowledged only after its commit is known to be there: by DynamoDB's success or by its record.
//   R2. Every run of the handler has an attempt id of its own.
//   R3. A failed condition runs the handler again, on a fresh message and fresh reads, a bounded number of times.
//   R4. Once a try of any run was left without an answer, a failure never says that nothing was committed.

import { RECORD_TABLE } from "../contract.ts";
import type { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { CONFLICT_BACKOFF, fullJitterMs } from "../protocol/backoff.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { expiresAtSeconds, type IdempotencyRecord, judgeRecord, standsInTheWay } from "../protocol/record.ts";
import type { GroupSize } from "../store/group-committer.ts";
import { itemToRecord } from "../store/items.ts";
import type { CallControl, RecordStore } from "../store/record-store.ts";
import type { Slots } from "./concurrency.ts";
import type { Deadline } from "./deadline.ts";
import { commitFailure, conditionFailure, handlerFailure, outOfTime, stillOpen } from "./failures.ts";
import type { Message, Prepared } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import type { QueueActions } from "./queue-actions.ts";
import { failOrReject, type RejectContext } from "./rejection.ts";
import { openTx, type Tx } from "./tx.ts";

/** What became of one delivery. */
export type MessageOutcome =
  | { readonly kind: "committed" }
  | { readonly kind: "duplicate" }
  /** It can never succeed; it is in the dead-letter queue. */
  | { readonly kind: "rejected"; readonly error: SemelError }
  | { readonly kind: "failed"; readonly error: SemelError };

// biome-ignore lint/suspicious/noConfusingVoidType: a handler may return nothing, or a promise of it
export type Handler<Body> = (message: Message<Body>, tx: Tx) => Promise<unknown> | unknown | void;

/** Runs after the first, each with fresh reads, before a failed condition fails the message. */
export const RERUNS_MAX = 3;

export interface Shell {
  readonly options: ResolvedOptions;
  readonly store: RecordStore;
  readonly queue: QueueActions;
  readonly host: Host;
  /** How large group commits were found to go through, per process: a hint, which no commit depends on. */
  readonly groupSize: GroupSize;
}

export interface RunContext extends RejectContext {
  readonly handler: Handler<unknown>;
  /** Places for handlers that run side by side. */
  readonly slots: Slots;
  readonly onRerun: (where: string) => void;
  readonly onLateUse: (error: SemelError) => void;
}

/** Never rejects. */
export async function processMessage(prepared: Prepared, context: RunContext): Promise<MessageOutcome> {
  const ended = (await knownBefore(prepared, context)) ?? (await runToEnd(prepared, context));
  if (ended.kind !== "failed") return ended;
  return failOrReject({ delivery: prepared.delivery, error: ended.error, identity: prepared }, context);
}

/**
 * What the record of a redelivered message says: one that is done, or was rejected, does not run again. It only saves the
 * run; the condition of the commit decides.
 */
async function knownBefore(prepared: Prepared, context: RunContext): Promise<MessageOutcome | undefined> {
  const { message, pk, fingerprint } = prepared;
  const { deadline, options, store } = context;
  if (!(message.receiveCount > 1) || deadline.gate.aborted) return undefined;
  try {
    const Key = { [RECORD_TABLE.partitionKey]: { S: pk } };
    const item = await store.get({ TableName: options.table, Key }, controlOf(deadline));
    const found = item && itemToRecord(item);
    if (!found || !standsInTheWay(found, message.messageId)) return undefined;
    const verdict = judgeRecord(found, { attemptId: "", fingerprint });
    if (verdict.kind === "ours" || verdict.kind === "duplicate") return { kind: "duplicate" }; // R1
    return failed(commitFailure(verdict), false);
  } catch {
    return undefined;
  }
}

async function runToEnd(prepared: Prepared, context: RunContext): Promise<MessageOutcome> {
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
        try {
          message = await prepared.renew(); // R3
        } catch (error) {
          return failed(handlerFailure(error), openTries); // R4
        }
        break;
      }
      case "failed":
        return failed(outcome.error, openTries);
      case "rejected":
        // Of another message: a worker beside us was faster, and does not stand in our way.
        if (outcome.messageId !== message.messageId) return failed(commitFailure({ kind: "conflict" }), openTries);
        return failed(commitFailure(outcome), openTries);
      default:
        return failed(commitFailure(outcome), openTries);
    }
  }
}

type RunOutcome = CommitOutcome | { readonly kind: "failed"; readonly error: SemelError };

async function runOnce(prepared: Prepared, context: RunContext): Promise<RunOutcome> {
  const { deadline, handler, options, slots, store } = context;
  const control = controlOf(deadline);
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
    });
    const { effects, guards } = opened.declared();
    return await store.commit({ record: recordOf(prepared, context), effects, guards }, control);
  } catch (error) {
    opened.close();
    const notStarted = error === deadline.gate.reason;
    return { kind: "failed", error: notStarted ? outOfTime("it was started") : handlerFailure(error) };
  }
}

function controlOf({ timeLeftMs, answer }: Deadline): CallControl {
  return { timeLeftMs, signal: answer };
}

function recordOf({ pk, fingerprint, message: { messageId } }: Prepared, { host, options }: Shell): IdempotencyRecord {
  const committedAtMs = host.nowMs();
  const attemptId = host.randomId(); // R2
  const expiresAt = expiresAtSeconds(committedAtMs, options.retentionDays);
  return { pk, messageId, status: "COMPLETED", attemptId, fingerprint, committedAtMs, expiresAtSeconds: expiresAt };
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
