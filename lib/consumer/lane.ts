// Strategy watermark: the messages of one ordering key in one batch. Their handlers run one after the other; what they declare
// is gathered into runs, each of which commits together, and moves the watermark.
//
//   LN1. Runs commit one after the other, each only when every message before it is settled: committed, done before, or passed
//        over with its dead letter sent. After a failure nothing of the ordering key is committed.
//   LN2. Messages that are ready do not wait long for those that are not: a slow handler keeps nothing from its commit.
//   LN3. A message fails only if it is not known to be done: its handler may fail because its effects are there.
//   LN4. A message is given up for good only by a run of its handler that had all before it committed.
//   LN5. A lane that holds payloads commits them before it waits for room for another one.

import type { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { RUN_REJECTIONS_MAX, type RunItems, runItems } from "../protocol/ordered-run.ts";
import { isDone } from "../protocol/watermark.ts";
import type { Member, Placed } from "./lane-member.ts";
import { type LaneContext, laneCommitter } from "./lane-run.ts";

/** Longest time that a message that is ready waits for others, ms; of the time that is left, at most this part. */
const GATHER_MS_MAX = 1_000;
const GATHER_PART_MAX = 1 / 4;

interface Gathered {
  readonly members: Member[];
  readonly items: RunItems;
  readonly patience: Patience;
}

/** Resolves when all is settled, or when the lane stopped: what is not settled then is held. Never rejects. */
export async function processLane(messages: readonly Placed[], context: LaneContext): Promise<void> {
  const { attempt, bodies, deadline, host } = context;
  const { commit, isDoneBefore, fail, settleDone, surprises } = laneCommitter(context);
  /** Messages of a run: as many as there were when one met what they wrote. */
  let lengthMax = Number.POSITIVE_INFINITY;
  let run = gather();

  function gather(): Gathered {
    const waitMs = Math.min(GATHER_MS_MAX, deadline.timeLeftMs() * GATHER_PART_MAX);
    return { members: [], items: runItems(), patience: patienceUntil(host.nowMs() + waitMs, host) };
  }

  /** Commits what is gathered. Resolves with the place to go on at; undefined: the lane stops. LN1 */
  async function flush(next: number): Promise<number | undefined> {
    const { members, patience } = run;
    patience.end();
    run = gather();
    return members.length === 0 ? next : commit(members);
  }

  async function take(placed: Placed): Promise<number | undefined> {
    const { place, position } = placed;
    const known = context.known();
    if (isDone(position, known)) {
      const next = await flush(place); // those before it first
      if (next !== place) return next;
      return (await settleDone(placed, known)) ? place + 1 : undefined;
    }
    if (bodies.areFull() && run.members.length > 0) return flush(place); // LN5
    if (run.members.length === 0) run = gather();
    const before = run;
    context.start(placed.delivery);
    for (const copy of placed.copies) context.start(copy);
    const expected = surprises();
    const attempting = attempt(placed, before.items);
    if (attempting instanceof Promise && (await isLate(attempting, before))) {
      const next = await flush(place); // LN2
      if (next !== place || surprises() !== expected) return next; // it runs again
    }
    const made = attempting instanceof Promise ? await attempting : attempting;
    if (made.kind === "failed") return afterFailure(placed, made.error);
    const givenUp = made.kind === "ready" && made.member.rejection?.code === "SEMEL_PERMANENT";
    if (givenUp && before.members.some(({ rejection }) => rejection === undefined)) return flush(place); // LN4: it runs again
    const meets = made.kind === "met" || before.items.meets(made.member.touches); // OR4 of ordered-run.ts
    if (meets || !run.items.hasRoom(made.member.touches)) {
      if (meets) lengthMax = Math.max(1, before.members.length);
      const next = await flush(place);
      if (meets || next !== place || surprises() !== expected) return next; // it runs again
    }
    run.members.push(made.member);
    run.items.add(made.member.touches);
    return isFull(run) ? flush(place + 1) : place + 1;
  }

  async function afterFailure(placed: Placed, error: SemelError): Promise<number | undefined> {
    const next = await flush(placed.place);
    if (next !== placed.place) return next;
    const watermark = await isDoneBefore(placed); // LN3
    if (watermark) return (await settleDone(placed, watermark)) ? next + 1 : undefined;
    fail(placed, error);
    return undefined;
  }

  function isFull({ members }: Gathered): boolean {
    const rejections = members.filter(({ rejection }) => rejection !== undefined);
    return members.length >= lengthMax || rejections.length >= RUN_REJECTIONS_MAX;
  }

  /** Does the message keep those that are ready waiting for too long? */
  function isLate(attempting: Promise<unknown>, { members, patience }: Gathered): boolean | Promise<boolean> {
    return members.length > 0 && patience.isOverBefore(attempting);
  }

  for (let next: number | undefined = 0; next !== undefined; ) {
    const placed: Placed | undefined = messages[next];
    next = placed ? await take(placed) : await flush(messages.length);
    if (next === messages.length && run.members.length === 0) return;
  }
}

/** How long messages that are ready wait for a handler. */
interface Patience {
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
