// Strategy watermark: takes a batch apart into its ordering keys, and runs them side by side.
//
//   LA1. The messages of an ordering key run in the order of their positions, however they came: one that ran behind a higher one
//        would be taken for done. Receipts of one message in a batch run once.
//   LA2. What is ready to be committed does not wait for the handlers of other ordering keys, even where they only compute.

import { endOfTick } from "../host.ts";
import type { RunItems } from "../protocol/ordered-run.ts";
import { type Watermark, watermarkKey } from "../protocol/watermark.ts";
import type { Delivery } from "../sources/source.ts";
import { type StateWriter, stateWriter } from "../store/state-writer.ts";
import { controlOf } from "./deadline.ts";
import { processLane } from "./lane.ts";
import { attempt, type Placed } from "./lane-member.ts";
import type { LaneContext } from "./lane-run.ts";
import { scopeOf } from "./order.ts";
import type { BatchShell } from "./process-message.ts";
import { reducer } from "./reduction.ts";
import type { RunContext } from "./run.ts";

export interface LanesContext
  extends RunContext,
    Pick<LaneContext, "conclude" | "start">,
    Pick<BatchShell, "groupSize" | "watermarks" | "states" | "reduction"> {
  laneStarts(): void;
  /** Where it has no outcome: one before it failed, so it did not start, or was not committed. */
  giveBack(delivery: Delivery): void;
}

/** Ordering keys that start in one tick. */
const STARTED_A_TICK = 100;
/** Fewer where they took this long, ms. */
const TICK_MS_MAX = 100;

/** Resolves when every ordering key is at its end, or stopped. Never rejects. */
export async function processLanes(lanes: readonly (readonly Placed[])[], context: LanesContext): Promise<void> {
  const { host, store, groupSize: size } = context;
  const { groupCommit: together, lanes: callsMax } = context.options;
  const control = controlOf(context.deadline);
  const writer = stateWriter({ store, host, size, together, lanes: callsMax, control });
  const all: Promise<void>[] = [];
  let tick = { lanes: 0, startMs: host.nowMs() };
  for (const lane of lanes) {
    if (tick.lanes >= STARTED_A_TICK || host.nowMs() - tick.startMs >= TICK_MS_MAX) {
      await endOfTick(host); // LA2
      tick = { lanes: 0, startMs: host.nowMs() };
    }
    if (context.deadline.answer.aborted) return;
    context.laneStarts();
    tick.lanes++;
    all.push(runLane(lane, context, writer));
  }
  await Promise.all(all);
}

async function runLane(messages: readonly Placed[], context: LanesContext, writer: StateWriter): Promise<void> {
  const [first] = messages;
  if (!first) return;
  const { host, options, watermarks } = context;
  const { orderingKey = "" } = first.delivery;
  const origin = scopeOf(first.delivery, options.epoch);
  const key = watermarkKey(options.consumer, { origin, orderingKey }, host.sha256);
  const pk = context.reduction ? `${key}#${context.reduction.table}` : key; // what is done is another thing for each table of states
  const ofLane = { ...context, pk };
  const own = context.reduction
    ? reducer(messages, context.reduction, { ...context, writer })
    : { store: context.store, attempt: (placed: Placed, run: RunItems) => attempt(placed, run, ofLane) };
  let latest: Watermark | undefined; // what the process remembers is bounded
  await processLane(messages, {
    ...ofLane,
    ...own,
    known: () => higher(latest, watermarks.get(pk)),
    remember(watermark) {
      latest = watermark;
      watermarks.keep(watermark);
    },
  });
  if (context.deadline.answer.aborted) return;
  for (const { delivery, copies } of messages) {
    context.giveBack(delivery);
    for (const copy of copies) context.giveBack(copy);
  }
}

function higher(one: Watermark | undefined, other: Watermark | undefined): Watermark | undefined {
  return one && other ? (one.position < other.position ? other : one) : (one ?? other);
}

/** LA1. Messages of each ordering key, in their order. */
export function inLanes(deliveries: readonly Delivery[]): Placed[][] {
  return byOrderingKey(deliveries).map((lane) => {
    if (isInOrder(lane)) {
      return lane.map((delivery, place) => ({ delivery, position: delivery.position ?? "", place, copies: NONE }));
    }
    const messages = Map.groupBy(lane, ({ position = "" }) => position);
    const inOrder = [...messages].sort(([one], [other]) => (one < other ? -1 : 1));
    return inOrder.flatMap(([position, [delivery, ...copies]], place) =>
      delivery ? [{ delivery, position, place, copies }] : [],
    );
  });
}

const NONE: readonly Delivery[] = [];

/** As `laneOf` tells them apart, without a text a message. */
function byOrderingKey(deliveries: readonly Delivery[]): Delivery[][] {
  const lanes: Delivery[][] = [];
  const scopes = new Map<string, Map<string | undefined, Delivery[]>>();
  for (const delivery of deliveries) {
    const { origin, scope = origin, orderingKey } = delivery;
    const lanesOfScope = scopes.get(scope) ?? new Map<string | undefined, Delivery[]>();
    if (lanesOfScope.size === 0) scopes.set(scope, lanesOfScope);
    const lane = lanesOfScope.get(orderingKey) ?? [];
    if (lane.length === 0) lanes.push(lane);
    lanesOfScope.set(orderingKey, lane);
    lane.push(delivery);
  }
  return lanes;
}

/** LA1. As sources give it: nothing to sort, and nothing twice. */
function isInOrder(lane: readonly Delivery[]): boolean {
  let before = "";
  return lane.every(({ position = "" }) => {
    const isNext = position > before;
    before = position;
    return isNext;
  });
}
