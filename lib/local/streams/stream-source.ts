// An event source mapping of a table's stream: reads its shards, spreads the records over lanes, invokes the function.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
//
//   ST1. A record is read once: the next read goes on behind the last one, also after an iterator has gone.
//   ST2. Records of one item are in one lane, in the order of the stream.
//   ST3. A shard is read when its parent is done.
import { createHash } from "node:crypto";
import type { DynamoDbRecord } from "../../aws/lambda.ts";
import { canonical, isUnchanged } from "../differences/stream-records.ts";
import { localError, reason } from "../local-error.ts";
import type { Warn } from "../stack-run.ts";
import type { Position, Shard, StreamsClient } from "./client.ts";
import { createLane, type Lane, type LaneOptions } from "./lane.ts";
import type { StreamDefinition } from "./stream-definition.ts";

export interface StreamSourceOptions {
  readonly definition: StreamDefinition;
  readonly client: StreamsClient;
  readonly region: string;
  /** The engine has records of writes that changed nothing; DynamoDB has not. */
  readonly dropsUnchanged: boolean;
  readonly warn: Warn;
  invoke(records: readonly DynamoDbRecord[]): ReturnType<LaneOptions["invoke"]>;
  giveUp(shardId: string, given: Parameters<LaneOptions["giveUp"]>[0], signal: AbortSignal): Promise<void>;
}

export interface StreamSource {
  /** What is not done yet; looks into the stream first. Undefined: nothing. */
  whatIsBusy(): Promise<string | undefined>;
  /** No further read. Resolves when the batches at work are settled. */
  stop(): Promise<void>;
}

const POLL_MS = 100;
const RETRY_READ_MS = 500;
/** Reads that fail one after the other, until it is told. */
const FAILED_READS_TOLD = 10;
/** A shard is not read on while so many of its records wait. */
const WAITING_MAX = 20_000;

/** Resolves when it is known where the stream begins: what is written from then on is read. */
export async function startStreamSource(options: StreamSourceOptions): Promise<StreamSource> {
  const stopping = new AbortController();
  const { definition, client } = options;
  const { streamArn } = definition;
  const readers = new Map<string, ShardReader>();

  const open = async (shard: Shard, from: "LATEST" | "TRIM_HORIZON"): Promise<void> => {
    const position = from === "LATEST" ? await endOf(client, streamArn, shard.id) : from;
    readers.set(shard.id, createShardReader(shard, { ...options, position, signal: stopping.signal }));
  };
  const shards = await client.shards(streamArn);
  const isRoot = ({ parentId }: Shard): boolean => !shards.some(({ id }) => id === parentId);
  for (const shard of definition.startingPosition === "LATEST" ? shards : shards.filter(isRoot)) {
    await open(shard, definition.startingPosition);
  }

  const openChildren = async (): Promise<void> => {
    const done = [...readers.values()].filter((reader) => reader.isOver());
    if (done.length === 0) return;
    for (const shard of await client.shards(streamArn)) {
      const isNext = done.some(({ id }) => id === shard.parentId);
      if (isNext && !readers.has(shard.id)) await open(shard, "TRIM_HORIZON"); // ST3
    }
  };

  const look = async (): Promise<void> => {
    for (const reader of readers.values()) await reader.read();
    await openChildren();
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
      if (failures === FAILED_READS_TOLD) options.warn(`cannot read stream ${streamArn}: ${failed}`);
      await pause(failed === undefined ? POLL_MS : RETRY_READ_MS);
    }
  };
  const polling = poll();
  return {
    async whatIsBusy() {
      const failed = await lookNow().then(() => undefined, reason);
      if (failed !== undefined) return `stream ${streamArn} cannot be read: ${failed}`;
      const waiting = [...readers.values()].reduce((sum, reader) => sum + reader.waiting(), 0);
      return waiting === 0 ? undefined : `stream ${streamArn} has ${waiting} records that are not done`;
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
  /** The shard is closed, and all of it is done. */
  isOver(): boolean;
  readonly ended: Promise<unknown>;
}

interface ReaderOptions extends StreamSourceOptions {
  readonly position: Position;
  readonly signal: AbortSignal;
}

function createShardReader({ id }: Shard, options: ReaderOptions): ShardReader {
  const { definition, client, signal } = options;
  const { streamArn, parallelizationFactor, batchSize, windowMs, recordAgeMsMax, rules } = definition;
  const giveUp: LaneOptions["giveUp"] = (given) => options.giveUp(id, given, signal);
  const lane = { batchSize, windowMs, recordAgeMsMax, rules, signal, giveUp, invoke: options.invoke };
  const lanes = Array.from({ length: parallelizationFactor }, () => createLane(lane));
  let { position } = options;
  let iterator: string | undefined;
  let isClosed = false;

  const waiting = (): number => lanes.reduce((sum, one) => sum + one.size(), 0);
  const readPage = async (): Promise<number> => {
    iterator ??= await client.iterator(streamArn, id, position);
    const page = await client.records(iterator).catch((thrown: unknown) => {
      iterator = undefined; // it lasts 15 minutes, and no restart of the engine
      throw thrown;
    });
    for (const record of page.records) {
      const after = record.dynamodb?.SequenceNumber;
      if (after === undefined) throw localError(`a record of stream ${streamArn} has no sequence number`);
      position = { after }; // ST1
      if (options.dropsUnchanged && isUnchanged(record)) continue;
      const given = { ...record, awsRegion: options.region, eventSourceARN: streamArn };
      if (definition.passes(given)) laneOf(record, lanes)?.offer(given); // ST2
    }
    iterator = page.next;
    isClosed = page.next === undefined;
    return page.records.length;
  };
  return {
    id,
    async read() {
      while (!isClosed && !signal.aborted && waiting() < WAITING_MAX && (await readPage()) > 0);
    },
    waiting,
    isOver: () => isClosed && waiting() === 0,
    ended: Promise.all(lanes.map(({ ended }) => ended)),
  };
}

function laneOf({ dynamodb }: DynamoDbRecord, lanes: readonly Lane[]): Lane | undefined {
  if (lanes.length === 1) return lanes[0];
  const digest = createHash("sha256").update(canonical(dynamodb?.Keys)).digest();
  return lanes[digest.readUInt32BE() % lanes.length];
}

/** Behind the last record that is there now. */
async function endOf(client: StreamsClient, streamArn: string, shardId: string): Promise<Position> {
  let position: Position = "TRIM_HORIZON";
  let iterator: string | undefined = await client.iterator(streamArn, shardId, position);
  while (iterator !== undefined) {
    const page = await client.records(iterator);
    const after = page.records.at(-1)?.dynamodb?.SequenceNumber;
    if (after === undefined) break;
    position = { after };
    iterator = page.next;
  }
  return position;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
