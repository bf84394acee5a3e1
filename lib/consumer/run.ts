// Runs the handler of one message and commits, and runs it again where a condition failed.
//
//   R1. A message is acknowledged only after its commit is known to be there: by DynamoDB's success or by its record.
//   R2. Every run of the handler has an attempt id of its own; under a claim, every acquisition.
//   R3. A failed condition runs the handler again, on a fresh message and fresh reads, a bounded number of times.
//   R4. Once a try of any run was left without an answer, a failure never says that nothing was committed.

import type { SqsRecord } from "../aws/lambda.ts";
import { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { CONFLICT_BACKOFF, fullJitterMs } from "../protocol/backoff.ts";
import { isAlive } from "../protocol/claim.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { type CompletedRecord, expiresAtSeconds, type IdempotencyRecord } from "../protocol/record.ts";
import { withResult } from "../store/results.ts";
import { createWait, type Slots, type Wait } from "./concurrency.ts";
import { controlOf } from "./deadline.ts";
import { commitFailure, conditionFailure, handlerFailure, leaseLost, outOfTime, stillOpen } from "./failures.ts";
import type { HeldLease } from "./lease.ts";
import type { Message, Prepared } from "./message.ts";
import type { Bodies } from "./open-body.ts";
import { commitSending } from "./outbox.ts";
import type { GroupTurns } from "./outbox-turns.ts";
import type { RejectContext } from "./rejection.ts";
import type { Steps } from "./steps.ts";
import { openTx, type Tx } from "./tx.ts";

/** What became of one delivery. */
export type MessageOutcome =
  /** `returned` is what the handler gave in this run; the record keeps it where it is asked to. A run of messages has none. */
  | { readonly kind: "committed"; readonly record?: CompletedRecord; readonly returned?: unknown }
  /** The record is not known where a process or a batch remembers the key. */
  | { readonly kind: "duplicate"; readonly record?: CompletedRecord }
  /** Another worker has the key; it comes again when that one must have ended. */
  | { readonly kind: "deferred"; readonly untilMs: number }
  /** It can never succeed; it is in the dead-letter queue. */
  | { readonly kind: "rejected"; readonly error: SemelError }
  | { readonly kind: "failed"; readonly error: SemelError };

// biome-ignore-start lint/suspicious/noConfusingVoidType: a handler may return nothing, or a promise of it
export type Handler<Body, Record = SqsRecord> = (
  message: Message<Body, Record>,
  tx: Tx,
) => Promise<unknown> | unknown | void;
// biome-ignore-end lint/suspicious/noConfusingVoidType: see above

/** Runs after the first, each with fresh reads, before a failed condition fails the message. */
export const RERUNS_MAX = 3;

export interface RunContext extends RejectContext {
  readonly handler: Handler<unknown>;
  /** Places for handlers that run side by side. */
  readonly slots: Slots;
  /** Keep what the handler returns with the record. */
  readonly storeResult: boolean;
  readonly bodies: Bodies;
  /** Waits for a handler until the gate closes. */
  readonly untilGate: Wait;
  readonly groups: GroupTurns;
}

/** What a claim adds. */
export interface Claimed {
  readonly lease: HeldLease;
  readonly steps: Steps;
}

/** Never rejects. */
export async function runToEnd(prepared: Prepared, context: RunContext, claimed?: Claimed): Promise<MessageOutcome> {
  const { deadline, host, observer } = context;
  let { message } = prepared;
  let openTries = false;
  for (let reruns = 0; ; reruns++) {
    const outcome = await runOnce(reruns === 0 ? prepared : { ...prepared, message }, context, claimed);
    switch (outcome.kind) {
      case "committed": // R1
      case "duplicate": // R1
        return outcome;
      case "conditionFailed": {
        openTries ||= outcome.openTries;
        const where = outcome.where ?? `action ${outcome.actionIndex}`;
        if (reruns >= RERUNS_MAX) return failed(conditionFailure(where, reruns + 1), openTries);
        observer.rerun(message.messageId, prepared.key, where); // R3
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
      case "claimed":
        return claimed ? failed(leaseLost(), openTries) : claimedByAnother(outcome, host);
      case "rejected":
        // Of another message: a worker beside us was faster, and does not stand in our way.
        if (outcome.messageId !== message.messageId) return failed(commitFailure({ kind: "conflict" }), openTries);
        return failed(commitFailure(outcome), openTries);
      default:
        return failed(commitFailure(outcome), openTries);
    }
  }
}

/** Without a claim of one's own: a worker of before or beside a change of strategy has the key. Nothing of ours can be there. */
export function claimedByAnother(outcome: Extract<CommitOutcome, { kind: "claimed" }>, host: Host): MessageOutcome {
  const { record } = outcome;
  if (record && isAlive(record, host.nowMs())) return { kind: "deferred", untilMs: record.ownerDeadlineMs };
  return { kind: "failed", error: commitFailure(outcome) };
}

type RunOutcome =
  | Exclude<CommitOutcome, { kind: "committed" }>
  | Extract<MessageOutcome, { kind: "committed" | "failed" }>;

async function runOnce(prepared: Prepared, context: RunContext, claimed: Claimed | undefined): Promise<RunOutcome> {
  const { deadline, handler, observer, options, slots, store, untilGate } = context;
  const control = controlOf(deadline);
  const stop = claimed ? AbortSignal.any([deadline.gate, claimed.lease.lost]) : deadline.gate;
  const opened = openTx({
    key: prepared.key,
    signal: stop,
    options,
    get: (input) => store.get(input, control),
    steps: claimed?.steps,
    onLateUse: (error) => observer.lateUse(prepared.message.messageId, prepared.key, error),
  });
  const wait = claimed ? createWait(stop, () => tooLate(stop)) : untilGate;
  const run = async (): Promise<unknown> => handler(prepared.message, opened.tx); // it may throw before it returns a promise
  try {
    // Only handlers hold places: a message that waits for its commit gives its place to the next one.
    const result = await slots.run(async () => {
      deadline.throwIfOver(); // L2 of deadline.ts: an acquisition or a rerun may have outlasted the gate
      stop.throwIfAborted();
      const value = await wait(claimed ? claimed.lease.during(run) : run());
      opened.close();
      return value;
    });
    const { effects, guards, sent } = opened.declared();
    await claimed?.lease.settled();
    const own = recordOf(prepared, context, claimed);
    const record = context.storeResult ? withResult(own, result) : own;
    const declared = { record, effects, guards, key: prepared.key };
    const outcome =
      sent.length === 0
        ? await store.commit(declared, control)
        : await commitSending(
            { message: declared, sent, place: prepared.delivery },
            { ...context, wait: claimed ? renewing(claimed.lease, wait) : wait },
            control,
          );
    if (outcome.kind !== "committed") return outcome;
    return { kind: "committed", record: written(outcome.record, record), returned: result };
  } catch (error) {
    opened.close();
    const notStarted = deadline.gate.aborted && error === deadline.gate.reason; // a handler may throw undefined
    return { kind: "failed", error: notStarted ? outOfTime("it was started") : handlerFailure(error) };
  }
}

/** Waits without losing the lease, and has no renewal under way in the end. */
function renewing(lease: HeldLease, wait: Wait): Wait {
  return async (running) => {
    try {
      return await lease.during(() => wait(running));
    } finally {
      await lease.settled();
    }
  };
}

/** Under a claim, an earlier run of the same attempt may have been the one that went through: its result counts. */
function written(found: IdempotencyRecord | undefined, own: CompletedRecord): CompletedRecord {
  return found?.status === "COMPLETED" ? found : own;
}

function recordOf(
  { pk, fingerprint, message: { messageId } }: Prepared,
  { host, options }: RunContext,
  claimed: Claimed | undefined,
): CompletedRecord {
  const committedAtMs = host.nowMs();
  const expiresAt = expiresAtSeconds(committedAtMs, options.retentionDays);
  const base = { pk, messageId, status: "COMPLETED", fingerprint, committedAtMs, expiresAtSeconds: expiresAt } as const;
  if (!claimed) return { ...base, attemptId: host.randomId() }; // R2
  const { attemptId, fencingToken } = claimed.lease.record;
  return { ...base, attemptId, fencingToken };
}

/** The gate closed, or the lease is lost. The handler may go on; its tx takes nothing more. */
export function tooLate(stop: AbortSignal): SemelError {
  return stop.reason instanceof SemelError ? stop.reason : outOfTime("its handler ended");
}

/** R4. */
function failed(error: SemelError, openTries: boolean): MessageOutcome {
  return { kind: "failed", error: openTries ? stillOpen(error) : error };
}
