// Strategy claim over the one `send`: acquires a key, renews, keeps steps, releases. What an answer means is decided in
// protocol/claim.ts; here is only the loop around it.

import type { Item } from "../aws/dynamodb.ts";
import { type Host, sleep } from "../host.ts";
import { backoffAfter, fullJitterMs } from "../protocol/backoff.ts";
import {
  type AcquireDecision,
  type Acquirer,
  decideAcquire,
  judgeHeld,
  leaseUntil,
  nextFencingToken,
  rejectionOf,
} from "../protocol/claim.ts";
import { type ClaimedRecord, type FoundRecord, isClaimed, type StoredRecord } from "../protocol/record.ts";
import { type WriteAnswer, writeAnswer } from "./answers.ts";
import { createClaim, releaseClaim, renewLease, saveStep, takeOverClaim } from "./claim-requests.ts";
import { itemToRecord } from "./items.ts";
import type { CallControl, RecordStore } from "./record-store.ts";
import type { PutItemInput, UpdateItemInput } from "./send.ts";

export interface AcquireInput extends Acquirer {
  readonly leaseMs: number;
  readonly ownerDeadlineMs: number;
  readonly expiresAtSeconds: number;
}

/** A write that is neither known to be there nor judged by its condition. */
export type Unsettled =
  /** No answer tells whether it was applied. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  | { readonly kind: "conflict" }
  | { readonly kind: "throttled" }
  | { readonly kind: "refused"; readonly cause: unknown };

/** Where it is unknown, nobody may act on it: it lapses. */
export type AcquireOutcome = Extract<AcquireDecision, { kind: "acquired" | "inUse" | "settled" }> | Unsettled;

export type HeldOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "lost" }
  /** The key is committed or rejected, by this very claim. */
  | { readonly kind: "ended"; readonly record: StoredRecord }
  | Unsettled;

export interface Claims {
  acquire(input: AcquireInput, control: CallControl): Promise<AcquireOutcome>;
  /** One try: the next renewal is the next try. */
  renew(lease: ClaimedRecord, leaseUntilMs: number, control: CallControl): Promise<HeldOutcome>;
  saveStep(lease: ClaimedRecord, name: string, json: string | null, control: CallControl): Promise<HeldOutcome>;
  release(lease: ClaimedRecord, control: CallControl): Promise<HeldOutcome>;
}

/** Tries of one write; in time they end by the caller's control. */
const TRIES_MAX = 20;
/** A release is a favour to the next delivery, and its batch waits for it. */
const RELEASE_TRIES_MAX = 2;

export function claims(store: RecordStore, host: Host): Claims {
  const { table } = store;

  async function acquire(input: AcquireInput, control: CallControl): Promise<AcquireOutcome> {
    let decision: Wanted = { kind: "create" };
    let claim = claimOf(input, decision, host.nowMs());
    return untilSettled<AcquireOutcome>(input.pk, {
      control,
      triesMax: TRIES_MAX,
      request() {
        claim = claimOf(input, decision, host.nowMs());
        return requestOf(claim, decision);
      },
      applied: (item) => acquiredBy(item, claim),
      refused(found) {
        const next = decideAcquire(found, input, host.nowMs());
        if (next.kind !== "create" && next.kind !== "takeOver") return next;
        decision = next;
        return undefined;
      },
    });
  }

  function requestOf(claim: ClaimedRecord, decision: Wanted): HeldRequest {
    if (decision.kind === "create") return { operation: "PutItem", input: createClaim(table, claim) };
    return { operation: "UpdateItem", input: takeOverClaim(table, claim, decision.seen) };
  }

  /** Holders' writes say the same however often they are sent, so an open try is simply repeated. */
  function writeHeld(
    lease: ClaimedRecord,
    { input, control, triesMax = TRIES_MAX, releases = false }: HeldWrite,
  ): Promise<HeldOutcome> {
    return untilSettled<HeldOutcome>(lease.pk, {
      control,
      triesMax,
      request: () => ({ operation: "UpdateItem", input }),
      applied: () => ({ kind: "done" }),
      refused: (found) => judgeHeld(found, lease, releases),
    });
  }

  /** Sends until an answer settles it, the tries are used up or the time is over. A try left open is never forgotten. */
  async function untilSettled<Outcome>(
    pk: string,
    { control, triesMax, request, applied, refused }: Attempts<Outcome>,
  ): Promise<Outcome | Unsettled> {
    let open: Unsettled | undefined;
    for (let tries = 1; ; tries++) {
      const answer = await tryOnce(request(), control);
      if (answer.kind === "applied") return applied(answer.item);
      if (answer.kind === "unknown") open ??= answer;
      let otherwise: Unsettled = { kind: "conflict" };
      if (answer.kind === "conditionFailed") {
        const found = await foundBy(answer, pk, control);
        if (found.kind === "unknown") return found;
        const settled = refused(found.record);
        if (settled) return settled;
      } else otherwise = answer;
      if (answer.kind === "refused" || tries >= triesMax) return open ?? otherwise;
      if (!(await waited(answer, tries, control))) return open ?? otherwise;
    }
  }

  async function tryOnce(request: HeldRequest, control: CallControl): Promise<Answer> {
    try {
      const { Attributes } = await store.sendInTime(request, control);
      return { kind: "applied", item: Attributes };
    } catch (error) {
      return writeAnswer(error);
    }
  }

  /** What refused the write: the old item where it came along, else a strong read. */
  async function foundBy(
    { found }: Extract<WriteAnswer, { kind: "conditionFailed" }>,
    pk: string,
    control: CallControl,
  ): Promise<{ kind: "found"; record: FoundRecord | undefined } | { kind: "unknown"; cause: unknown }> {
    if (found) return { kind: "found", record: found };
    try {
      return { kind: "found", record: await store.readRecord(pk, control) };
    } catch (cause) {
      return { kind: "unknown", cause };
    }
  }

  /** False: there is no time for another try. */
  async function waited({ kind }: Retried, tries: number, control: CallControl): Promise<boolean> {
    const delayMs = kind === "conditionFailed" ? 0 : fullJitterMs(backoffAfter(kind), tries, host.random());
    if (control.signal.aborted || control.timeLeftMs() <= delayMs) return false;
    if (delayMs > 0) await sleep(host, delayMs, control.signal);
    return !control.signal.aborted && control.timeLeftMs() > 0;
  }

  return {
    acquire,
    renew: (lease, leaseUntilMs, control) =>
      writeHeld(lease, { input: renewLease(table, lease, leaseUntilMs), control, triesMax: 1 }),
    saveStep: (lease, name, json, control) => writeHeld(lease, { input: saveStep(table, lease, name, json), control }),
    release: (lease, control) =>
      writeHeld(lease, { input: releaseClaim(table, lease), control, triesMax: RELEASE_TRIES_MAX, releases: true }),
  };
}

/** What is sent, and what becomes of it. */
interface Attempts<Outcome> {
  readonly control: CallControl;
  readonly triesMax: number;
  request(): HeldRequest;
  applied(item: Item | undefined): Outcome;
  /** Undefined: the next request is another one. */
  refused(found: FoundRecord | undefined): Outcome | undefined;
}

interface HeldWrite {
  readonly input: UpdateItemInput;
  readonly control: CallControl;
  readonly triesMax?: number;
  readonly releases?: boolean;
}

type Answer = { readonly kind: "applied"; readonly item: Item | undefined } | WriteAnswer;
type Retried = Exclude<WriteAnswer, { kind: "refused" }>;

/** Of a takeover the record as it is now: with the steps that its old owner kept to the last. CL4 */
function acquiredBy(item: Item | undefined, claim: ClaimedRecord): AcquireOutcome {
  if (!item) return { kind: "acquired", record: claim };
  const found = itemToRecord(item);
  if (found.kind === "record" && isClaimed(found.record)) return { kind: "acquired", record: found.record };
  return { kind: "unknown", cause: new Error("the record that was acquired cannot be read") };
}

type Wanted = Extract<AcquireDecision, { kind: "create" | "takeOver" }>;
type HeldRequest =
  | { readonly operation: "PutItem"; readonly input: PutItemInput }
  | { readonly operation: "UpdateItem"; readonly input: UpdateItemInput };

function claimOf({ leaseMs, ...input }: AcquireInput, decision: Wanted, nowMs: number): ClaimedRecord {
  const seen = decision.kind === "takeOver" ? decision.seen : undefined;
  return {
    ...input,
    status: "IN_PROGRESS",
    claimedAtMs: nowMs,
    fencingToken: nextFencingToken(seen),
    leaseUntilMs: leaseUntil(nowMs, leaseMs, input.ownerDeadlineMs),
    steps: seen?.steps ?? {},
    rejection: seen && rejectionOf(seen),
  };
}
