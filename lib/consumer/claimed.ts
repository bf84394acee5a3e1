// Takes one message to its outcome under strategy claim: acquire, run, commit; give the key back where that failed. The
// invariants are those of protocol/claim.ts.

import type { AcquireOutcome, Claims } from "../store/claims.ts";
import { acquireKey, type OutOfTime } from "./acquire.ts";
import type { Slots } from "./concurrency.ts";
import { aborted, controlOf, type Deadline, untilTheAnswer } from "./deadline.ts";
import { acquireFailure, commitFailure, outOfTime } from "./failures.ts";
import { type HeldLease, holdLease } from "./lease.ts";
import type { Prepared } from "./message.ts";
import { failOrReject } from "./rejection.ts";
import { type MessageOutcome, type RunContext, runToEnd } from "./run.ts";
import { openSteps, type Steps } from "./steps.ts";

/** Never rejects. A message holds its place from its acquisition to its end: a lease that waits for a place runs out. */
export async function runClaimed(prepared: Prepared, context: RunContext, claims: Claims): Promise<MessageOutcome> {
  const { deadline, slots } = context;
  try {
    return await slots.run(() => acquireAndRun(prepared, { ...context, slots: HELD_PLACE }, claims));
  } catch (error) {
    if (error !== deadline.gate.reason) throw error;
    return { kind: "failed", error: outOfTime("its key was acquired") };
  }
}

const HELD_PLACE: Slots = { run: async (task) => task() };

async function acquireAndRun(prepared: Prepared, context: RunContext, claims: Claims): Promise<MessageOutcome> {
  const { deadline, host, options } = context;
  const acquired = await acquireKey(prepared, prepared.message.messageId, context);
  if (acquired.kind !== "acquired") return notAcquired(acquired, prepared, context);
  const lease = holdLease(acquired.record, { claims, host, leaseMs: options.leaseMs, control: controlOf(deadline) });
  const steps = openSteps({ lease: acquired.record, claims, host, control: untilTheAnswer(deadline) });
  const outcome = await runToEnd(prepared, context, { lease, steps });
  if (outcome.kind !== "failed") return outcome;
  await ended(steps, lease, deadline);
  await lease.settled();
  return giveBack(prepared, outcome, { context, lease, claims });
}

function notAcquired(
  outcome: Exclude<AcquireOutcome, { kind: "acquired" }> | OutOfTime,
  prepared: Prepared,
  context: RunContext,
): Promise<MessageOutcome> | MessageOutcome {
  if (outcome.kind === "inUse") return { kind: "deferred", untilMs: outcome.untilMs };
  if (outcome.kind !== "settled") return { kind: "failed", error: acquireFailure(outcome) };
  const { verdict } = outcome;
  if (verdict.kind === "duplicate") return verdict;
  return failOrReject({ delivery: prepared.delivery, error: commitFailure(verdict), identity: prepared }, context);
}

/** ST5 of steps.ts. Past the gate, what is nearly done may still be kept before the answer goes out. */
async function ended(steps: Steps, lease: HeldLease, { gate, answer }: Deadline): Promise<void> {
  if (lease.lost.aborted) return;
  if (lease.abandoned()) await Promise.race([steps.settled(), aborted(answer)]);
  else await Promise.race([lease.during(steps.settled), aborted(AbortSignal.any([gate, lease.lost]))]);
}

interface Holding {
  readonly context: RunContext;
  readonly lease: HeldLease;
  readonly claims: Claims;
}

/**
 * The end of a run that failed. The key stays held where the handler or a step still runs, though nobody waits for it: it is
 * free when the lease lapses. A release settles what the commit left open: after it no commit of this claim can succeed.
 */
async function giveBack(
  prepared: Prepared,
  { error }: Extract<MessageOutcome, { kind: "failed" }>,
  { context, lease, claims }: Holding,
): Promise<MessageOutcome> {
  const unwanted = { delivery: prepared.delivery, error, identity: prepared, claim: lease.record };
  const outcome = await failOrReject(unwanted, context);
  if (outcome.kind !== "failed" || lease.abandoned() || lease.lost.aborted) return outcome;
  const released = await claims.release(lease.record, untilTheAnswer(context.deadline));
  if (released.kind !== "ended" || released.record.status !== "COMPLETED") return outcome;
  return { kind: "committed", record: released.record };
}
