// An event source mapping of a stream in shards, a table's or Kinesis's: reads them and hands the records to the shard's lanes.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html, …/with-kinesis.html
//
//   ST1. A record is read once: the next read goes on behind the last one, also after an iterator has gone.
//   ST2. Lanes get the records in the order of the shard.
//   ST3. A shard is read when its parents are done.
import { reason } from "../local-error.ts";
import type { Warn } from "../stack-run.ts";
import { createLanes, type LanesOptions } from "./lanes.ts";
import type { StartingPosition } from "./mapping.ts";
import type { Taken } from "./record.ts";
import type { StreamSource } from "./source.ts";

export interface Shard {
  readonly id: string;
  /** Two of a shard that was merged. One that is not listed any more counts as done. */
  readonly parentIds: readonly string[];
}

/** Where to read: behind a record, from the first that there is, or from a time on. */
export type Position = { readonly after: string } | "TRIM_HORIZON" | { readonly sinceMs: number };

export interface Page<R> {
  readonly records: readonly Taken<R>[];
  /** Undefined at the end of a closed shard. */
  readonly next: string | undefined;
  /** There is more to read, though this page may be empty. */
  readonly isBehind: boolean;
}

/** Of one stream. */
export interface ShardsClient<R> {
  shards(): Promise<readonly Shard[]>;
  iterator(shardId: string, position: Position): Promise<string>;
  records(iterator: string, shardId: string): Promise<Page<R>>;
}

export interface ShardSourceOptions<R> extends LanesOptions<R> {
  readonly client: ShardsClient<R>;
  readonly startingPosition: StartingPosition;
  readonly warn: Warn;
}

const POLL_MS = 100;
const RETRY_READ_MS = 500;
/** Reads that fail one after the other, until it is told. */
const FAILED_READS_TOLD = 10;
/** A shard is not read on while so many of its records wait. */
const WAITING_MAX = 20_000;

/** Resolves when it is known where the stream begins: what is written from then on is read. */
export async function startShardSource<R>(options: ShardSourceOptions<R>): Promise<StreamSource> {
  const stopping = new AbortController();
  const { mapping, client, startingPosition } = options;
  const readers = new Map<string, ShardReader>();

  const open = async (shard: Shard, from: StartingPosition): Promise<void> => {
    const position = from === "LATEST" ? await endOf(client, shard.id) : from;
    readers.set(shard.id, createShardReader(shard, { ...options, position, signal: stopping.signal }));
  };
  const shards = await client.shards();
  const isRoot = ({ parentIds }: Shard): boolean => !shards.some(({ id }) => parentIds.includes(id));
  for (const shard of startingPosition === "LATEST" ? shards : shards.filter(isRoot)) {
    await open(shard, startingPosition);
  }

  /** What comes to be after LATEST is read whole. */
  const childrenFrom = startingPosition === "LATEST" ? "TRIM_HORIZON" : startingPosition;
  const openChildren = async (): Promise<void> => {
    const done = [...readers.values()].filter((reader) => reader.isOver()).map(({ id }) => id);
    if (done.length === 0) return;
    const listed = await client.shards();
    const isDone = (id: string): boolean => done.includes(id) || !listed.some((shard) => shard.id === id);
    for (const shard of listed) {
      const isNext = shard.parentIds.some((id) => done.includes(id)) && shard.parentIds.every(isDone);
      if (isNext && !readers.has(shard.id)) await open(shard, childrenFrom); // ST3
    }
  };

  /** A shard that can't be read keeps no other waiting. */
  const look = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const reader of readers.values()) await reader.read().catch((thrown: unknown) => failures.push(thrown));
    await openChildren();
    if (failures.length > 0) throw failures[0];
  };
  let looking: Promise<void> = Promise.resolve();
  /** One look after the other: the poller's own, and those of idle(). */
  const lookNow = (): Promise<void> => {
    looking = looking.catch(() => {}).then(look);
    return looking;
  };

  const poll = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const failed = await lookNow().then(() => undefined, reason);
      failures = failed === undefined ? 0 : failures + 1;
      if (failures === FAILED_READS_TOLD) options.warn(`cannot read ${mapping.source}: ${failed}`);
      await pause(failed === undefined ? POLL_MS : RETRY_READ_MS);
    }
  };
  const polling = poll();
  return {
    async whatIsBusy() {
      try {
        await lookNow();
        const all = [...readers.values()];
        const waiting = all.reduce((sum, reader) => sum + reader.waiting(), 0);
        if (waiting > 0) return `${mapping.source} has ${waiting} records that are not done`;
        if (all.some((reader) => reader.isBehind())) return `${mapping.source} has more to read`;
        const unread = (await client.shards()).find(({ id }) => !readers.has(id));
        return unread && `${mapping.source} has a shard that is not read yet, ${unread.id}`; // its parents end with the next read
      } catch (thrown) {
        return `${mapping.source} cannot be read: ${reason(thrown)}`;
      }
    },
    async stop() {
      stopping.abort();
      await Promise.all([polling, ...[...readers.values()].map(({ ended }) => ended)]);
    },
  };
}

interface ShardReader {
  readonly id: string;
  /** Hands the lanes all that there is now. */
  read(): Promise<void>;
  waiting(): number;
  /** There is more, or may be. */
  isBehind(): boolean;
  /** The shard is closed, and all of it is done. */
  isOver(): boolean;
  readonly ended: Promise<unknown>;
}

interface ReaderOptions<R> extends ShardSourceOptions<R> {
  readonly position: Position;
  readonly signal: AbortSignal;
}

function createShardReader<R>({ id }: Shard, options: ReaderOptions<R>): ShardReader {
  const { client, signal } = options;
  const lanes = createLanes(id, options);
  let { position } = options;
  let iterator: string | undefined;
  let isClosed = false;
  let isBehind = true; // nothing of it was read

  const readPage = async (): Promise<number> => {
    iterator ??= await client.iterator(id, position);
    const page = await client.records(iterator, id).catch((thrown: unknown) => {
      iterator = undefined; // it lasts some minutes, and no restart of the engine
      throw thrown;
    });
    for (const taken of page.records) {
      position = { after: taken.id }; // ST1
      lanes.offer(taken); // ST2
    }
    iterator = page.next;
    isClosed = page.next === undefined;
    isBehind = page.isBehind && !isClosed;
    return page.records.length;
  };
  return {
    id,
    async read() {
      while (!isClosed && !signal.aborted && lanes.waiting() < WAITING_MAX && (await readPage()) > 0);
    },
    waiting: lanes.waiting,
    isBehind: () => isBehind,
    isOver: () => isClosed && lanes.waiting() === 0,
    ended: lanes.ended,
  };
}

/** Behind the last record that is there now. */
async function endOf(client: ShardsClient<unknown>, shardId: string): Promise<Position> {
  let position: Position = "TRIM_HORIZON";
  let iterator: string | undefined = await client.iterator(shardId, position);
  while (iterator !== undefined) {
    const page: Page<unknown> = await client.records(iterator, shardId);
    const after = page.records.at(-1)?.id;
    if (after !== undefined) position = { after };
    else if (!page.isBehind) break;
    iterator = page.next;
  }
  return position;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
