// Strategy claim over the one `send`: acquires a key, renews, keeps steps, releases. What an answer means is decided in
// protocol/claim.ts; here is only the loop around it.

import type { Item } from "../aws/dynamodb.ts";
import { type Host, sleep } from "../host.ts";
import {
  type Backoff,
  CONFLICT_BACKOFF,
  fullJitterMs,
  THROTTLE_BACKOFF,
  UNKNOWN_BACKOFF,
} from "../protocol/backoff.ts";
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

export type AcquireOutcome =
  | Extract<AcquireDecision, { kind: "acquired" | "inUse" | "settled" }>
  /** No answer tells whether it is ours. Nobody may act on it; it lapses. */
  | { readonly kind: "unknown"; readonly cause: unknown }
  | { readonly kind: "conflict" }
  | { readonly kind: "throttled" }
  | { readonly kind: "refused"; readonly cause: unknown };

export type HeldOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "lost" }
  /** The key is committed or rejected, by this very claim. */
  | { readonly kind: "ended"; readonly record: StoredRecord }
  | { readonly kind: "unknown"; readonly cause: unknown }
  | { readonly kind: "conflict" }
  | { readonly kind: "throttled" }
  | { readonly kind: "refused"; readonly cause: unknown };

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
    let open: { readonly cause: unknown } | undefined;
    for (let tries = 1; ; tries++) {
      const claim = claimOf(input, decision, host.nowMs());
      const answer = await tryOnce(requestOf(claim, decision), control);
      if (answer.kind === "applied") return acquiredBy(answer, claim);
      if (answer.kind === "refused") return open ? { kind: "unknown", ...open } : answer;
      if (answer.kind === "unknown") open ??= answer;
      if (answer.kind === "conditionFailed") {
        const found = await foundBy(answer, input.pk, control);
        if (found.kind === "unknown") return found;
        const next = decideAcquire(found.record, input, host.nowMs());
        if (next.kind !== "create" && next.kind !== "takeOver") return next;
        decision = next;
      }
      const otherwise: AcquireOutcome = open
        ? { kind: "unknown", ...open }
        : answer.kind === "conditionFailed"
          ? { kind: "conflict" }
          : answer;
      if (tries >= TRIES_MAX || !(await waited(answer, tries, control))) return otherwise;
    }
  }

  function requestOf(claim: ClaimedRecord, decision: Wanted): HeldRequest {
    if (decision.kind === "create") return { operation: "PutItem", input: createClaim(table, claim) };
    return { operation: "UpdateItem", input: takeOverClaim(table, claim, decision.seen) };
  }

  /** Holders' writes say the same however often they are sent, so an open try is simply repeated. */
  async function writeHeld(
    lease: ClaimedRecord,
    { input, control, triesMax = TRIES_MAX, releases = false }: HeldWrite,
  ): Promise<HeldOutcome> {
    let open: { readonly cause: unknown } | undefined;
    for (let tries = 1; ; tries++) {
      const answer = await tryOnce({ operation: "UpdateItem", input }, control);
      if (answer.kind === "applied") return { kind: "done" };
      if (answer.kind === "conditionFailed") {
        const found = await foundBy(answer, lease.pk, control);
        return found.kind === "unknown" ? found : judgeHeld(found.record, lease, releases);
      }
      if (answer.kind === "unknown") open ??= answer;
      const otherwise: HeldOutcome = open ? { kind: "unknown", ...open } : answer;
      if (answer.kind === "refused" || tries >= triesMax) return otherwise;
      if (!(await waited(answer, tries, control))) return otherwise;
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
  async function waited({ kind }: Answer, tries: number, control: CallControl): Promise<boolean> {
    const delayMs = kind === "conditionFailed" ? 0 : fullJitterMs(backoffOf(kind), tries, host.random());
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

interface HeldWrite {
  readonly input: UpdateItemInput;
  readonly control: CallControl;
  readonly triesMax?: number;
  readonly releases?: boolean;
}

type Answer = { readonly kind: "applied"; readonly item: Item | undefined } | Exclude<WriteAnswer, { kind: "applied" }>;

/** Of a takeover the record as it is now: with the steps that its old owner kept to the last. CL4 */
function acquiredBy({ item }: Extract<Answer, { kind: "applied" }>, claim: ClaimedRecord): AcquireOutcome {
  if (!item) return { kind: "acquired", record: claim };
  const found = itemToRecord(item);
  if (found.kind === "record" && isClaimed(found.record)) return { kind: "acquired", record: found.record };
  return { kind: "unknown", cause: new Error("the record that was acquired cannot be read") };
}

type Wanted = Extract<AcquireDecision, { kind: "create" | "takeOver" }>;
type HeldRequest =
  | { readonly operation: "PutItem"; readonly input: PutItemInput }
  | { readonly operation: "UpdateItem"; readonly input: UpdateItemInput };

function backoffOf(kind: Answer["kind"]): Backoff {
  if (kind === "conflict") return CONFLICT_BACKOFF;
  return kind === "throttled" ? THROTTLE_BACKOFF : UNKNOWN_BACKOFF;
}

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
