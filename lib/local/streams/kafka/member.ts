// A member of a consumer group: the only file that knows the Kafka client, an optional peer that is loaded for a given endpoint only.
// Plain connections; a cluster that asks for TLS or SASL is not read from here.
//
//   MB1. A partition without a committed offset gets one before it is read: what is written from then on is read, whoever has it next.
//   MB2. No commit while partitions are assigned anew: the client would join again for it, beside its own joining, and each join
//        would make the other one fail, for ever.
import type { Consumer, Message } from "@platformatic/kafka";
import type { KafkaRecord } from "../../../aws/lambda.ts";
import { localError } from "../../local-error.ts";
import type { StartingPosition } from "../mapping.ts";
import type { PartitionOffset } from "./offsets.ts";

export interface GroupOptions {
  /** `localhost:9092`, several separated by commas. */
  readonly servers: string;
  readonly groupId: string;
  readonly topic: string;
  /** For a group that has committed nothing. */
  readonly startAt: StartingPosition;
  /** What ends the membership. */
  onFailure(thrown: unknown): void;
}

export interface Member {
  /** Changes with each assignment. */
  generation(): number;
  /** False while partitions are assigned anew: then commits are out of place, and `onAssigned` will tell. */
  isSettled(): boolean;
  assigned(): readonly number[];
  /** Calls the listener when partitions are assigned anew. */
  onAssigned(listener: () => void): void;
  /** Where to go on in these partitions; MB1. */
  begin(partitions: readonly number[]): Promise<readonly PartitionOffset[]>;
  read(from: readonly PartitionOffset[], reader: Reader): Promise<Reading>;
  commit(offsets: readonly PartitionOffset[]): Promise<void>;
  /** Behind the last record that there is now. */
  ends(partitions: readonly number[]): Promise<readonly PartitionOffset[]>;
  /** Leaves the group. */
  close(): Promise<void>;
}

export interface Reader {
  onRecord(record: KafkaRecord): void;
  /** What ends the reading. */
  onFailure(thrown: unknown): void;
}

export interface Reading {
  /** All records before it were taken; undefined: it is not read. */
  position(partition: number): number | undefined;
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

/** Of the protocol: offsets that times stand for. https://kafka.apache.org/protocol#The_Messages_ListOffsets */
const EARLIEST = -2n;
const LATEST = -1n;
/** Nothing is committed, or nothing is that young. */
const NONE = -1;
/** Above the 6 s that brokers ask for, and short: who restarts a process that was killed waits for it. */
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Of an answer without a record. */
const FETCH_WAIT_MS = 200;
/** What is left is cut off. */
const CLOSE_MS_MAX = 5_000;

/** Keys, values and headers as they are. */
type Client = Consumer<Buffer, Buffer, Buffer, Buffer>;

/** Resolves when partitions are assigned. */
export async function joinGroup(options: GroupOptions): Promise<Member> {
  const { topic, startAt, onFailure } = options;
  const consumer = await createClient(options);
  consumer.on("error", onFailure);
  consumer.on("consumer:heartbeat:stalled", ({ lastError }) => onFailure(lastError ?? new Error("no heartbeat")));
  const close = async (): Promise<void> => {
    const closed = consumer.close(true).catch(() => {}); // the group notices by itself
    await Promise.race([closed, delay(CLOSE_MS_MAX)]);
  };
  try {
    await consumer.metadata({ topics: [topic] });
    consumer.topics.track(topic); // before the group is joined, and for all readings: each would join anew
    await consumer.joinGroup();
  } catch (thrown) {
    await close();
    throw thrown;
  }

  const list: List = async (partitions, timestamp) => {
    if (partitions.length === 0) return [];
    const found = await consumer.listOffsets({ topics: [topic], partitions: { [topic]: [...partitions] }, timestamp });
    return partitions.map((partition) => ({ partition, offset: Number(found.get(topic)?.[partition] ?? NONE) }));
  };
  const commit = async (offsets: readonly PartitionOffset[]): Promise<void> => {
    if (offsets.length === 0) return;
    await consumer.commit({
      offsets: offsets.map((at) => ({ topic, partition: at.partition, offset: BigInt(at.offset), leaderEpoch: -1 })),
    });
  };
  return {
    generation: () => consumer.generationId,
    isSettled: () => consumer.isActive(),
    assigned: () => (consumer.assignments ?? []).flatMap((one) => (one.topic === topic ? one.partitions : [])),
    onAssigned(listener) {
      consumer.on("consumer:group:join", listener);
    },
    async begin(partitions) {
      if (partitions.length === 0) return [];
      const committed = await consumer.listCommittedOffsets({ topics: [{ topic, partitions: [...partitions] }] });
      const known = partitions.flatMap((partition) => {
        const offset = Number(committed.get(topic)?.[partition] ?? NONE);
        return offset === NONE ? [] : [{ partition, offset }];
      });
      const isKnown = (partition: number): boolean => known.some((one) => one.partition === partition);
      const added = await startOf(
        startAt,
        partitions.filter((partition) => !isKnown(partition)),
        list,
      );
      if (consumer.isActive()) await commit(added); // MB1, MB2
      return [...known, ...added];
    },
    read: (from, reader) => startReading(consumer, { topic, from, reader }),
    commit,
    ends: (partitions) => list(partitions, LATEST),
    close,
  };
}

async function createClient({ servers, groupId }: GroupOptions): Promise<Client> {
  const kafka = await import("@platformatic/kafka").catch(missing); // caught: bundlers leave out what is not installed
  return new kafka.Consumer<Buffer, Buffer, Buffer, Buffer>({
    clientId: "semel",
    groupId,
    bootstrapBrokers: servers.split(",").map((server) => server.trim()),
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_MS,
    maxWaitTime: FETCH_WAIT_MS,
    autocommit: false,
  });
}

interface ReadingOptions {
  readonly topic: string;
  readonly from: readonly PartitionOffset[];
  readonly reader: Reader;
}

async function startReading(consumer: Client, { topic, from, reader }: ReadingOptions): Promise<Reading> {
  const stream = await consumer.consume({
    topics: [topic],
    mode: "manual",
    fallbackMode: "earliest", // where records expired before they were read
    offsets: from.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
    autocommit: false,
    maxWaitTime: FETCH_WAIT_MS,
  });
  stream.on("error", reader.onFailure);
  stream.on("data", (message) => reader.onRecord(toRecord(message)));
  return {
    position(partition) {
      const next = stream.offsetsToFetch.get(`${topic}:${partition}`);
      return next === undefined || stream.readableLength > 0 ? undefined : Number(next);
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close: () => stream.close(),
  };
}

type List = (partitions: readonly number[], timestamp: bigint) => Promise<PartitionOffset[]>;

/** The end is asked for first: a record that comes in between must not fall between the two answers. */
export async function startOf(
  startAt: StartingPosition,
  partitions: readonly number[],
  list: List,
): Promise<readonly PartitionOffset[]> {
  if (startAt === "TRIM_HORIZON") return list(partitions, EARLIEST);
  const ends = await list(partitions, LATEST);
  if (startAt === "LATEST") return ends;
  const since = await list(partitions, BigInt(startAt.sinceMs));
  return since.map((at, index) => (at.offset >= 0 ? at : (ends[index] ?? at))); // nothing is that young
}

/** As in the event of a function. The client does not tell whether a time is the producer's or the broker's. */
function toRecord(message: Message<Buffer, Buffer, Buffer, Buffer>): KafkaRecord {
  const { topic, partition, offset, timestamp, key, value, headerEntries } = message;
  return {
    topic,
    partition,
    offset: Number(offset),
    timestamp: Number(timestamp),
    timestampType: "CREATE_TIME",
    ...(isBytes(key) && { key: key.toString("base64") }),
    ...(isBytes(value) && { value: value.toString("base64") }),
    headers: headerEntries.map(([name, bytes]) => ({ [String(name)]: isBytes(bytes) ? [...bytes] : [] })),
  };
}

/** Its types have no null. */
function isBytes(value: Buffer | null | undefined): value is Buffer {
  return value !== null && value !== undefined;
}

/** The client nests its errors, and the outer ones say little. */
export function kafkaReason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const inner: readonly unknown[] = thrown instanceof AggregateError ? thrown.errors : [];
  const id = (thrown as { apiId?: unknown }).apiId;
  const own = typeof id === "string" ? id : thrown.message.replace(/\.$/, "");
  return [...new Set(inner.length > 0 ? inner.map(kafkaReason) : [own])].join("; ");
}

function missing(cause: unknown): never {
  throw localError(
    "Cannot read a topic of Kafka: @platformatic/kafka cannot be loaded. Install it beside semel: npm install --save-dev @platformatic/kafka; or leave " +
      "endpoints.kafka and KAFKA_BOOTSTRAP_SERVERS out, and replay recorded events",
    cause,
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
