// The lanes of a shard: records of one ordering key are in one of them, in the order of the shard.
//
//   LS1. The same ordering key goes the same way, always.
import { createHash } from "node:crypto";
import type { Delivery } from "./delivery.ts";
import { createLane, type LaneOptions } from "./lane.ts";
import type { StreamMapping } from "./mapping.ts";
import type { RecordKind, Taken } from "./record.ts";

export interface LanesOptions<R> {
  readonly mapping: StreamMapping;
  readonly kind: Pick<RecordKind<R>, "envelopeBytes">;
  readonly delivery: Delivery<R>;
  /** What does not pass is done. */
  passes(record: R): boolean;
  readonly settled?: LaneOptions<R>["settled"];
}

export interface Lanes<R> {
  offer(taken: Taken<R>): void;
  /** The stream is read again from an earlier point: no batch has records from before and after. */
  cut(): void;
  /** Records that are not done. */
  waiting(): number;
  readonly ended: Promise<unknown>;
}

export function createLanes<R>(shardId: string, options: LanesOptions<R> & { readonly signal: AbortSignal }): Lanes<R> {
  const { mapping, kind, delivery, passes, signal } = options;
  const { batchSize, windowMs, recordAgeMsMax, rules, parallelizationFactor } = mapping;
  const lane: LaneOptions<R> = {
    ...{ batchSize, windowMs, recordAgeMsMax, rules, signal },
    envelopeBytes: kind.envelopeBytes,
    invoke: delivery.invoke,
    giveUp: (given) => delivery.giveUp(shardId, given, signal),
    ...(options.settled && { settled: options.settled }),
  };
  const lanes = Array.from({ length: parallelizationFactor }, () => createLane(lane));
  return {
    offer(taken) {
      if (passes(taken.record)) lanes[laneOf(taken.orderingKey, lanes.length)]?.offer(taken); // LS1
    },
    cut() {
      for (const one of lanes) one.cut();
    },
    waiting: () => lanes.reduce((sum, one) => sum + one.size(), 0),
    ended: Promise.all(lanes.map(({ ended }) => ended)),
  };
}

function laneOf(orderingKey: string, lanes: number): number {
  return lanes === 1 ? 0 : createHash("sha256").update(orderingKey).digest().readUInt32BE() % lanes;
}
