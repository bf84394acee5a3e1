// Takes one prepared message to its outcome: what is known of it already, else its run, else its rejection.

import type { Host } from "../host.ts";
import type { ObjectStore } from "../payload/objects.ts";
import { judgeRecord, standsInTheWay } from "../protocol/record.ts";
import type { Claims } from "../store/claims.ts";
import type { CommittedKeys } from "../store/committed-keys.ts";
import type { GroupSize } from "../store/group-committer.ts";
import type { RecordReader } from "../store/record-reader.ts";
import type { RecordStore } from "../store/record-store.ts";
import { runClaimed } from "./claimed.ts";
import { commitFailure } from "./failures.ts";
import type { KnownWatermarks } from "./known-watermarks.ts";
import type { Prepared } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import type { QueueActions } from "./queue-actions.ts";
import { failOrReject } from "./rejection.ts";
import { claimedByAnother, type MessageOutcome, type RunContext, runToEnd } from "./run.ts";
import type { KnownStates, Reduction } from "./state-store.ts";

/** What lives as long as the process: options, engines, and what was learnt; nothing of a request. */
export interface Shell {
  readonly options: ResolvedOptions;
  readonly store: RecordStore;
  readonly claims: Claims;
  readonly queue: QueueActions;
  readonly objects: ObjectStore;
  readonly host: Host;
  /** How large transactions may get: a hint, learnt from those before, that no safety depends on. */
  readonly groupSize: GroupSize;
  readonly committed: CommittedKeys;
  readonly watermarks: KnownWatermarks;
  readonly states: KnownStates;
}

/** What a batch is run with beside the shell. */
export interface BatchShell extends Shell {
  /** Messages are folded into a state, in place of a handler's effects. */
  readonly reduction?: Reduction;
}

export interface MessageContext extends RunContext {
  readonly records: RecordReader;
}

/** Never rejects. */
export async function processMessage(prepared: Prepared, context: MessageContext): Promise<MessageOutcome> {
  const outcome = (await knownBefore(prepared, context)) ?? (await run(prepared, context));
  if (outcome.kind === "committed" || outcome.kind === "duplicate") remember(outcome, context);
  return outcome;
}

async function run(prepared: Prepared, context: RunContext): Promise<MessageOutcome> {
  if (context.options.strategy === "claim") return runClaimed(prepared, context, context.claims);
  const outcome = await runToEnd(prepared, context);
  if (outcome.kind !== "failed") return outcome;
  return failOrReject({ delivery: prepared.delivery, error: outcome.error, identity: prepared }, context);
}

/**
 * A key that this process knows to be committed does not run again; nor does a redelivered message whose record says that it
 * is done, or was rejected. It only saves the run; the condition of the commit decides. A claim reads the record by itself.
 */
async function knownBefore(prepared: Prepared, context: MessageContext): Promise<MessageOutcome | undefined> {
  const { message, pk, fingerprint } = prepared;
  const { committed, deadline, host, options, records } = context;
  if (!context.storeResult && committed.has(pk, fingerprint, host.nowMs())) return { kind: "duplicate" };
  if (!(message.receiveCount > 1) || options.strategy === "claim" || deadline.gate.aborted) return undefined;
  try {
    const found = await records.read(pk);
    const intended = { attemptId: "", messageId: message.messageId, status: "COMPLETED" } as const;
    if (!found || !standsInTheWay(found, { ...intended, committedAtMs: host.nowMs() })) return undefined;
    const verdict = judgeRecord(found, { ...intended, fingerprint });
    if (verdict.kind === "duplicate") return verdict; // R1 of run.ts
    if (verdict.kind === "ours") return undefined; // no run has an empty attempt id
    if (verdict.kind === "claimed") return claimedByAnother(verdict, host);
    const unwanted = { delivery: prepared.delivery, error: commitFailure(verdict), identity: prepared };
    return await failOrReject(unwanted, context);
  } catch {
    return undefined;
  }
}

/** CK1 of committed-keys.ts: the record is one that was written or read. */
function remember(
  { record }: Extract<MessageOutcome, { kind: "committed" | "duplicate" }>,
  { committed }: RunContext,
): void {
  if (record?.status === "COMPLETED") committed.add(record);
}
