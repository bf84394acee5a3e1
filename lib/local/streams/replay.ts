// A stream without an engine: recorded events are its records.
//
//   RP1. All or nothing: every record of every event is looked at before the first is taken.
//   RP2. In its shard a new record is behind all others; one that was there before comes again as it was.
//   RP3. Where a shard is read again from an earlier point, no batch has records from before and after.
// A redelivery of AWS is a whole batch that comes again before anything else does. A recorded event that is replayed twice comes behind
// what waits already, as after a mapping that was made anew: the stream is read again from there.
import { createHash } from "node:crypto";
import { localError } from "../local-error.ts";
import { createLanes, type Lanes, type LanesOptions } from "./lanes.ts";
import type { Taken } from "./record.ts";
import type { StreamSource } from "./source.ts";

/** A record of a recorded event. */
export interface Recorded<R> extends Taken<R> {
  /** The shard or the partition. */
  readonly shardId: string;
  readonly position: bigint;
  /** What is the same whenever the record comes. */
  readonly content: string;
}

/** Throws what keeps an event from being replayed. */
export type Refuse = (what: string) => never;

export interface ReplayOptions<R> extends LanesOptions<R> {
  /** One poller has several shards, and batches of them mixed. */
  readonly sharesLanes?: boolean;
  /** The records of an event, as the function is to get them. */
  read(event: unknown, refuse: Refuse): readonly Recorded<R>[];
}

export interface Replay extends StreamSource {
  replay(...events: readonly unknown[]): Promise<void>;
}

/** Before all positions. */
const NOWHERE = -1n;

export function startReplay<R>(options: ReplayOptions<R>): Replay {
  const { mapping } = options;
  const stopping = new AbortController();
  const shards = new Map<string, Shard<R>>();
  const pollers = new Map<string, Lanes<R>>();
  const lanesOf = (id: string): Lanes<R> => {
    const poller = options.sharesLanes === true ? "" : id;
    const lanes = pollers.get(poller) ?? createLanes(id, { ...options, signal: stopping.signal });
    pollers.set(poller, lanes);
    return lanes;
  };
  const open = (id: string): Shard<R> => {
    const shard: Shard<R> = {
      lanes: lanesOf(id),
      past: { last: NOWHERE, contents: new Map() },
      readTo: NOWHERE,
    };
    shards.set(id, shard);
    return shard;
  };

  return {
    async replay(...events) {
      const where = `Cannot replay to ${mapping.source} (${mapping.logicalId})`;
      if (stopping.signal.aborted) throw localError(`${where}: the local cloud was stopped`);
      if (events.length === 0) throw localError(`${where}: no event was given; give events as Lambda hands them over`);
      const additions = new Map<string, Past>();
      const pieces = events.flatMap((event, index) => {
        const refuse: Refuse = (what) => {
          throw localError(`${where}: event ${index + 1} of ${events.length}: ${what}; nothing was taken`);
        };
        const records = options.read(event, refuse);
        if (records.length === 0) refuse("it has no records");
        const byShard = [...Map.groupBy(records, ({ shardId }) => shardId)];
        for (const [id, ofShard] of byShard) {
          const past = shards.get(id)?.past;
          const added = additions.get(id) ?? { last: past?.last ?? NOWHERE, contents: new Map() };
          additions.set(id, added);
          follow({ past, added }, ofShard, refuse);
        }
        return byShard;
      });
      for (const [id, records] of pieces) hand(shards.get(id) ?? open(id), records); // RP1
      for (const [id, { contents }] of additions) {
        for (const [position, digest] of contents) shards.get(id)?.past.contents.set(position, digest);
      }
    },
    async whatIsBusy() {
      const waiting = [...pollers.values()].reduce((sum, lanes) => sum + lanes.waiting(), 0);
      return waiting === 0 ? undefined : `${mapping.source} has ${waiting} records that are not done`;
    },
    async stop() {
      stopping.abort();
      await Promise.all([...pollers.values()].map((lanes) => lanes.ended));
    },
  };
}

interface Past {
  /** The highest position. */
  last: bigint;
  /** Digests, by position. */
  readonly contents: Map<bigint, string>;
}

interface Shard<R> {
  readonly lanes: Lanes<R>;
  readonly past: Past;
  /** What was handed over last. */
  readTo: bigint;
}

interface PastSoFar {
  readonly past: Past | undefined;
  /** By this replay. */
  readonly added: Past;
}

/** Adds records of one event, of one shard; RP2. */
function follow({ past, added }: PastSoFar, records: readonly Recorded<unknown>[], refuse: Refuse): void {
  let before: bigint | undefined;
  for (const { shardId, id, position, content } of records) {
    const { last } = added;
    if (before !== undefined && position <= before) {
      refuse(`record ${id} of ${shardId} comes after ${before}; an event has each record once, in ascending order`);
    }
    before = position;
    const digest = createHash("sha256").update(content).digest("base64");
    const known = added.contents.get(position) ?? past?.contents.get(position);
    if (known !== undefined && known !== digest) {
      refuse(`record ${id} of ${shardId} was replayed before with another content; give a new record a higher number`);
    }
    if (known === undefined && position < last) {
      refuse(
        `record ${id} of ${shardId} is new, but ${last} was replayed before it; replay events in the order of the stream`,
      );
    }
    added.contents.set(position, digest);
    if (position > last) added.last = position;
  }
}

/** Records of one event, of one shard. */
function hand<R>(shard: Shard<R>, records: readonly Recorded<R>[]): void {
  const [first, final] = [records[0], records.at(-1)];
  if (first === undefined || final === undefined) return;
  const goesBack = first.position <= shard.readTo;
  const hasGoneBack = shard.readTo < shard.past.last;
  if (goesBack || hasGoneBack) shard.lanes.cut(); // RP3
  for (const taken of records) shard.lanes.offer(taken);
  shard.readTo = final.position;
  if (final.position > shard.past.last) shard.past.last = final.position;
}
