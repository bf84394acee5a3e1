// Strategy watermark: the messages of one ordering key in one batch. Their handlers run one after the other; what they declare
// is gathered into runs, each of which commits together, and moves the watermark.
//
//   LN1. Runs commit one after the other, each only when every message before it is settled: committed, done before, or passed
//        over with its dead letter sent. After a failure nothing of the ordering key is committed.
//   LN2. Messages that are ready do not wait long for those that are not: a slow handler keeps nothing from its commit, be it that it
//        waits or that it computes, when no timer fires.
//   LN3. A message fails only if it is not known to be done: its handler may fail because its effects are there.
//   LN4. A message is given up for good only by a run of its handler that had all before it committed.
//   LN5. A lane that holds payloads commits them before it waits for room for another one.

import type { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { RUN_REJECTIONS_MAX, type RunItems, runItems } from "../protocol/ordered-run.ts";
import { isDone, type Watermark } from "../protocol/watermark.ts";
import type { Attempt, Member, Placed } from "./lane-member.ts";
import { type LaneContext, laneCommitter } from "./lane-run.ts";
import { isEncoded } from "./open-body.ts";

/** Longest time that a message that is ready waits for others, ms; of the time that is left, at most this part. */
const GATHER_MS_MAX = 1_000;
const GATHER_PART_MAX = 1 / 4;

interface Gathered {
  readonly members: Member[];
  readonly items: RunItems;
  readonly patience: Patience;
  /** What its handlers expect of the commits before it. */
  readonly surprises: number;
  rejections: number;
}

/** Where to go on; undefined: the lane stops. */
type Next = number | undefined;

/** Resolves when all is settled, or when the lane stopped: what is not settled then is held. Never rejects. */
export async function processLane(messages: readonly Placed[], context: LaneContext): Promise<void> {
  const { attempt, bodies, deadline, host } = context;
  const { commit, isDoneBefore, fail, settleDone, surprises } = laneCommitter(context);
  /** Messages of a run: as many as there were when one met what they wrote. */
  let lengthMax = Number.POSITIVE_INFINITY;
  let run: Gathered | undefined;

  function gather(): Gathered {
    const waitMs = Math.min(GATHER_MS_MAX, deadline.timeLeftMs() * GATHER_PART_MAX);
    const patience = patienceUntil(host.nowMs() + waitMs, host);
    return { members: [], items: runItems(), patience, surprises: surprises(), rejections: 0 };
  }

  /** Commits what is gathered. Resolves with the place to go on at. LN1 */
  async function flush(next: number): Promise<Next> {
    const { members = [], patience } = run ?? {};
    patience?.end();
    run = undefined;
    return members.length === 0 ? next : commit(members);
  }

  /** No promise where its handler gives none and nothing has to be committed: most only declare. */
  function take(placed: Placed): Next | Promise<Next> {
    const known = context.known();
    if (isDone(placed.position, known)) return passBy(placed, known);
    if (run && run.members.length > 0 && isEncoded(placed.delivery) && bodies.areFull()) return flush(placed.place); // LN5
    run ??= gather();
    context.start(placed.delivery);
    for (const copy of placed.copies) context.start(copy);
    const attempting = attempt(placed, run.items);
    return attempting instanceof Promise ? takeLater(placed, attempting, run) : join(placed, attempting, run);
  }

  async function passBy(placed: Placed, known: Watermark): Promise<Next> {
    const { place } = placed;
    const next = await flush(place); // those before it first
    if (next !== place) return next;
    return (await settleDone(placed, known)) ? place + 1 : undefined;
  }

  async function takeLater(placed: Placed, attempting: Promise<Attempt>, before: Gathered): Promise<Next> {
    if (await isLate(attempting, before)) {
      const next = await flush(placed.place); // LN2
      if (next !== placed.place || surprises() !== before.surprises) return next; // it runs again
    }
    return join(placed, await attempting, before);
  }

  /** `before`: the run that its handler knew. */
  function join(placed: Placed, made: Attempt, before: Gathered): Next | Promise<Next> {
    const { place } = placed;
    if (made.kind === "failed") return afterFailure(placed, made.error);
    const givenUp = made.kind === "ready" && made.member.rejection?.code === "SEMEL_PERMANENT";
    if (givenUp && before.members.length > before.rejections) return flush(place); // LN4: it runs again
    if (made.kind === "met" || before.items.meets(made.member.touches)) {
      lengthMax = Math.max(1, before.members.length); // OR4 of ordered-run.ts
      return flush(place); // it runs again
    }
    const { member } = made;
    return run && !run.items.hasRoom(member.touches) ? addAfterFlush(member, before) : add(member);
  }

  async function addAfterFlush(member: Member, { surprises: expected }: Gathered): Promise<Next> {
    const next = await flush(member.place);
    return next !== member.place || surprises() !== expected ? next : add(member); // it runs again, or joins the next run
  }

  function add(member: Member): Next | Promise<Next> {
    run ??= gather();
    run.members.push(member);
    run.items.add(member.touches);
    if (member.rejection) run.rejections++;
    const isFull = run.members.length >= lengthMax || run.rejections >= RUN_REJECTIONS_MAX;
    return isFull || run.patience.isOver() ? flush(member.place + 1) : member.place + 1;
  }

  async function afterFailure(placed: Placed, error: SemelError): Promise<Next> {
    const next = await flush(placed.place);
    if (next !== placed.place) return next;
    const watermark = await isDoneBefore(placed); // LN3
    if (watermark) return (await settleDone(placed, watermark)) ? next + 1 : undefined;
    fail(placed, error);
    return undefined;
  }

  /** Does the message keep those that are ready waiting for too long? */
  function isLate(attempting: Promise<unknown>, { members, patience }: Gathered): boolean | Promise<boolean> {
    return members.length > 0 && patience.isOverBefore(attempting);
  }

  for (let next: Next = 0; next !== undefined; ) {
    const placed: Placed | undefined = messages[next];
    const going: Next | Promise<Next> = placed ? take(placed) : flush(messages.length);
    next = going instanceof Promise ? await going : going;
    if (next === messages.length && run === undefined) return;
  }
}

/** How long messages that are ready wait for a handler. */
interface Patience {
  isOver(): boolean;
  /** `attempting` never rejects. */
  isOverBefore(attempting: Promise<unknown>): boolean | Promise<boolean>;
  end(): void;
}

/** One timer for all messages of a run, from the first one that is waited for: most handlers take no time. */
function patienceUntil(untilMs: number, host: Host): Patience {
  let cancel: (() => void) | undefined;
  let isOver = false;
  let tell = (): void => {};
  return {
    isOver: () => host.nowMs() >= untilMs,
    isOverBefore(attempting) {
      cancel ??= host.after(untilMs - host.nowMs(), () => {
        isOver = true;
        tell();
      });
      if (isOver) return true;
      return new Promise((resolve) => {
        tell = () => resolve(true);
        void attempting.then(() => resolve(false));
      });
    },
    end: () => cancel?.(),
  };
}
