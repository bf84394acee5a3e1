// Takes one message to its outcome under strategy claim: acquire, run, commit; give the key back where that failed. The
// invariants are those of protocol/claim.ts.

import { expiresAtSeconds } from "../protocol/record.ts";
import type { AcquireOutcome, Claims } from "../store/claims.ts";
import type { CallControl } from "../store/record-store.ts";
import type { Slots } from "./concurrency.ts";
import { aborted, type Deadline } from "./deadline.ts";
import { acquireFailure, commitFailure, outOfTime } from "./failures.ts";
import { type HeldLease, holdLease } from "./lease.ts";
import type { Prepared } from "./message.ts";
import { failOrReject } from "./rejection.ts";
import { controlOf, type MessageOutcome, type RunContext, runToEnd } from "./run.ts";
import { openSteps } from "./steps.ts";

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
  const { pk, fingerprint, message } = prepared;
  const control = controlOf(deadline);
  const input = {
    pk,
    fingerprint,
    messageId: message.messageId,
    attemptId: host.randomId(),
    leaseMs: options.leaseMs,
    ownerDeadlineMs: host.nowMs() + deadline.timeLeftMs() + options.deadlineMarginMs,
    expiresAtSeconds: expiresAtSeconds(host.nowMs(), options.retentionDays),
  };
  const acquired = await claims.acquire(input, control);
  if (acquired.kind !== "acquired") return notAcquired(acquired, prepared, context);
  const lease = holdLease(acquired.record, { claims, host, leaseMs: options.leaseMs, control });
  const steps = openSteps({ lease: acquired.record, claims, host, control });
  const outcome = await runToEnd(prepared, context, { lease, steps });
  if (outcome.kind !== "failed") return outcome;
  if (!lease.abandoned()) {
    const stop = AbortSignal.any([deadline.gate, lease.lost]);
    await Promise.race([lease.during(steps.settled), aborted(stop)]); // ST5 of steps.ts
  }
  await lease.settled();
  return giveBack(prepared, outcome, { context, lease, claims });
}

function notAcquired(
  outcome: Exclude<AcquireOutcome, { kind: "acquired" }>,
  prepared: Prepared,
  context: RunContext,
): Promise<MessageOutcome> | MessageOutcome {
  if (outcome.kind === "inUse") return { kind: "deferred", untilMs: outcome.untilMs };
  if (outcome.kind !== "settled") return { kind: "failed", error: acquireFailure(outcome) };
  const { verdict } = outcome;
  if (verdict.kind === "duplicate") return verdict;
  return failOrReject({ delivery: prepared.delivery, error: commitFailure(verdict), identity: prepared }, context);
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
  const ended = await failOrReject(unwanted, context);
  if (ended.kind !== "failed" || lease.abandoned() || lease.lost.aborted) return ended;
  const released = await claims.release(lease.record, untilTheAnswer(context.deadline));
  if (released.kind !== "ended" || released.record.status !== "COMPLETED") return ended;
  return { kind: "committed", record: released.record };
}

/** A release may go out when the gate is closed: it commits nothing. */
function untilTheAnswer({ answer }: Deadline): CallControl {
  return { timeLeftMs: () => (answer.aborted ? 0 : RELEASE_MS_MAX), signal: answer };
}

/** Longest wait between two tries of a release. */
const RELEASE_MS_MAX = 1_000;
