// Commits the runs of one ordering key, and settles their messages by what the answer says.
//
//   LR1. A message is settled only when its run is committed, or the watermark is at or above it.
//   LR2. The dead letter of a message that was passed over is sent after the commit that passed it over, whoever made it, and
//        before anything behind it is committed: so the watermark's list of its last run is enough (WM3).
//   LR3. A failed condition is that of one message: the run is halved until it stands alone, then its handler runs again. What
//        was gathered behind it runs anew, since it may write something else now.
//   LR4. Where somebody else did the first messages of a run, the rest goes on as it was gathered, unless one read without a
//        guard, or gave up for good: that one may have done it otherwise, and nothing else would tell.
//   LR5. Once a commit was left without an answer, a failure of its messages never says that nothing was committed, until the
//        watermark is beyond its first message: from then on it cannot be applied.

import type { SemelError } from "../errors.ts";
import { sleep } from "../host.ts";
import { CONFLICT_BACKOFF, fullJitterMs } from "../protocol/backoff.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import { type RunItems, runItems, together } from "../protocol/ordered-run.ts";
import { isDone, type PassedOver, type Watermark, type WatermarkMove } from "../protocol/watermark.ts";
import type { Delivery } from "../sources/source.ts";
import { controlOf } from "./deadline.ts";
import { commitFailure, conditionFailure, reasonOf, stillOpen } from "./failures.ts";
import { type Attempt, type Member, type MemberContext, type Placed, rejected } from "./lane-member.ts";
import { mayBeRejected, moveAway, STORED_REASON_LENGTH_MAX } from "./rejection.ts";
import { type MessageOutcome, RERUNS_MAX } from "./run.ts";

export interface LaneContext extends MemberContext {
  known(): Watermark | undefined;
  remember(watermark: Watermark): void;
  /** Its handler starts. */
  start(delivery: Delivery): void;
  /** What a message brings into the run, whose other messages touch `run`. Never rejects. */
  attempt(placed: Placed, run: RunItems): Attempt | Promise<Attempt>;
  /** Notes what became of a delivery; false: it is to come again, or nobody waits for it any more. */
  conclude(delivery: Delivery, outcome: MessageOutcome): boolean;
}

/** Where to go on; undefined: the lane stops. */
type Next = number | undefined;

export interface LaneCommitter {
  /** Never rejects. */
  commit(members: readonly Member[]): Promise<Next>;
  /** Of a message at or below the watermark. Resolves with whether it may leave its source. */
  settleDone(placed: Placed, watermark: Watermark): boolean | Promise<boolean>;
  /** The watermark that is at or above the message, if nothing of this batch has shown where it stands. */
  isDoneBefore(placed: Placed): Promise<Watermark | undefined>;
  fail(placed: Placed, error: SemelError): void;
  /** Grows when what is committed is not what the handlers behind it were to expect: they run anew. LR3, LR4 */
  surprises(): number;
}

/** What earlier commits of the same messages came to. */
interface Tried {
  readonly reruns: number;
  /** LR5 */
  readonly openTries: boolean;
}

const NOT_TRIED: Tried = { reruns: 0, openTries: false };

interface Passed extends Tried {
  readonly move: WatermarkMove;
  readonly watermark: Watermark;
}

type Passing = Placed & Pick<Partial<Member>, "rejection">;

type Guilty = Extract<CommitOutcome, { kind: "conditionFailed" | "invalid" | "refused" }>;

export function laneCommitter(context: LaneContext): LaneCommitter {
  const { deadline, host, observer, pk, store } = context;
  const control = controlOf(deadline);
  let seen = false;
  let surprises = 0;

  async function commit(members: readonly Member[], tried: Tried = NOT_TRIED): Promise<Next> {
    const move = moveOver(members);
    const outcome = await store.commit({ record: move, ...together(members) }, control);
    switch (outcome.kind) {
      case "committed":
        saw(move);
        return settleAll(members, move, true);
      case "passed":
        saw(outcome.watermark);
        return afterPassed(members, { ...tried, move, watermark: outcome.watermark });
      case "conditionFailed":
      case "invalid":
      case "refused":
        return members.length > 1 ? commitHalves(members, triedWith(outcome, tried)) : alone(members, outcome, tried);
      default:
        return failAll(members, commitFailure(outcome as Exclude<typeof outcome, { kind: "duplicate" }>), tried);
    }
  }

  function saw({ position, attemptId, passedOver }: Watermark): void {
    seen = true;
    context.remember({ pk, position, attemptId, passedOver });
  }

  function moveOver(members: readonly Member[]): WatermarkMove {
    const passedOver: PassedOver[] = [];
    for (const { position, rejection } of members) {
      if (rejection === undefined) continue;
      const reason = reasonOf(rejection).slice(0, STORED_REASON_LENGTH_MAX).toWellFormed();
      passedOver.push({ position, code: rejection.code, reason });
    }
    const { position: first = "" } = members[0] ?? {};
    const { position = first } = members.at(-1) ?? {};
    return { status: "WATERMARK", pk, first, position, attemptId: host.randomId(), passedOver };
  }

  /** LR1. Those that are done are settled; the rest goes on, without another read. */
  async function afterPassed(members: readonly Member[], passed: Passed): Promise<Next> {
    const { move, watermark, reruns } = passed;
    const done = members.filter(({ position }) => isDone(position, watermark));
    const isOurs = watermark.attemptId === move.attemptId;
    if (!isOurs) surprises++;
    const next = await settleAll(done, watermark, isOurs);
    const rest = members.slice(done.length);
    if (next === undefined || rest.length === 0) return next;
    if (rest.some(({ unguarded }) => unguarded) && done.length > 0) return next; // LR4
    if (done.length === 0) return failAll(members, commitFailure({ kind: "conflict" }), passed); // the answer contradicts itself
    return commit(rest, { reruns, openTries: false }); // LR5
  }

  async function settleAll(members: readonly Member[], watermark: Watermark, isOurs: boolean): Promise<Next> {
    let isWell = true;
    for (const member of members) {
      const mine = settleDone(member, watermark, isOurs);
      isWell = (typeof mine === "boolean" ? mine : await mine) && isWell; // those behind a dead letter that was not sent are committed, too
    }
    return isWell ? (members.at(-1)?.place ?? -1) + 1 : undefined; // LR2
  }

  /** At once, but for a dead letter. */
  function settleDone(placed: Passing, watermark: Watermark, isOurs = false): boolean | Promise<boolean> {
    const { passedOver } = watermark;
    const passed = passedOver.length > 0 && passedOver.find(({ position }) => position === placed.position);
    if (passed) return sendAway(placed, passed, watermark);
    return conclude(placed, { kind: isOurs ? "committed" : "duplicate" });
  }

  async function sendAway(placed: Passing, passed: PassedOver, watermark: Watermark): Promise<boolean> {
    const { delivery, rejection } = placed;
    const error = rejection ?? commitFailure({ kind: "rejected", messageId: delivery.messageId, ...passed });
    const outcome = await moveAway({ delivery, error, identity: undefined }, context); // LR2
    const known = context.known();
    if (outcome.kind === "rejected" && known?.position === watermark.position) {
      context.remember({
        ...known,
        passedOver: known.passedOver.filter(({ position }) => position !== placed.position),
      });
    }
    return conclude(placed, outcome);
  }

  function conclude({ delivery, copies }: Placed, outcome: MessageOutcome): boolean {
    const isWell = context.conclude(delivery, outcome);
    const ofCopies: MessageOutcome = outcome.kind === "committed" ? { kind: "duplicate" } : outcome;
    for (const copy of copies) context.conclude(copy, ofCopies);
    return isWell;
  }

  /** LR3 */
  async function commitHalves(members: readonly Member[], tried: Tried): Promise<Next> {
    const middle = Math.ceil(members.length / 2);
    const before = surprises;
    const next = await commit(members.slice(0, middle), tried);
    const goesOn = next === members[middle]?.place && surprises === before;
    return goesOn ? commit(members.slice(middle)) : next;
  }

  async function alone([member]: readonly Member[], outcome: Guilty, tried: Tried): Promise<Next> {
    if (!member) return undefined;
    if (outcome.kind === "conditionFailed") return rerun(member, outcome.where, triedWith(outcome, tried));
    const error = commitFailure(outcome);
    if (member.rejection === undefined && mayBeRejected(error, context))
      return commit([rejected(member, error)], tried);
    return failAll([member], error, tried);
  }

  async function rerun(member: Member, where = "an item", { reruns, openTries }: Tried): Promise<Next> {
    const { messageId } = member.delivery;
    const tried = { reruns: reruns + 1, openTries };
    if (reruns >= RERUNS_MAX) return failAll([member], conditionFailure(where, reruns + 1), tried);
    surprises++;
    observer.rerun(messageId, messageId, where);
    await sleep(host, fullJitterMs(CONFLICT_BACKOFF, reruns + 1, host.random()), deadline.gate);
    const made = await context.attempt(member, runItems());
    if (made.kind === "ready") return commit([made.member], tried);
    return failAll([member], made.kind === "failed" ? made.error : conditionFailure(where, 1), tried);
  }

  /** LR5 */
  function failAll(members: readonly Member[], error: SemelError, { openTries }: Tried): undefined {
    for (const member of members) fail(member, openTries ? stillOpen(error) : error);
  }

  function fail(placed: Placed, error: SemelError): void {
    conclude(placed, { kind: "failed", error });
  }

  async function isDoneBefore({ position }: Placed): Promise<Watermark | undefined> {
    const known = context.known();
    if (isDone(position, known)) return known;
    if (seen || deadline.gate.aborted) return undefined;
    try {
      const found = await store.readRecord(pk, control);
      if (found?.kind !== "watermark") return undefined;
      saw(found.watermark);
      return isDone(position, found.watermark) ? found.watermark : undefined;
    } catch {
      return undefined; // it fails as it would have
    }
  }

  return { commit: (members) => commit(members), settleDone, isDoneBefore, fail, surprises: () => surprises };
}

/** LR5 */
function triedWith(outcome: Guilty, { reruns, openTries }: Tried): Tried {
  return { reruns, openTries: openTries || (outcome.kind === "conditionFailed" && outcome.openTries) };
}
