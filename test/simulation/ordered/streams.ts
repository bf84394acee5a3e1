// Streams: shards of Kinesis and partitions of Kafka, as Lambda's event source mapping reads them.
//
//   - A shard's batches run side by side where it is parallelized, each partition key in one of them; of each there is one batch at a
//     time. What did not answer is delivered again while it may still run.
//   - Of Kinesis the lowest failure is the checkpoint: all from there on comes again. After a failure a batch may be halved. Of
//     Kafka what is named comes again, alone, before anything new.
//   - Shards are split and merged: a child is read when its parents are at their end. A producer may put a partition key into any shard
//     by an explicit hash key (groups that begin with x).
//   - Nothing is given up by the mapping: retries have no bound.

import type { BatchResponse, KafkaRecord } from "../../../lib/aws/lambda.ts";
import type { Chance } from "../seeded/chance.ts";
import type { Sent } from "./ledger.ts";
import type { OrderedSetup } from "./setup.ts";
import { type Batch, namedIn, type OrderedSource } from "./source.ts";

interface Entry {
  readonly message: Sent;
  readonly group: string;
  /** As the event has it. */
  readonly record: object;
  readonly name: string;
  settled: boolean;
}

interface Shard {
  readonly id: number;
  readonly parents: readonly Shard[];
  /** Of hash keys. */
  readonly low: number;
  readonly high: number;
  open: boolean;
  readonly entries: Entry[];
  /** By the part of the shard. */
  readonly underWay: Map<number, object>;
  readonly limits: Map<number, number>;
}

const HASHES = 16;
const STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/simulated";
const CLUSTER = "arn:aws:kafka:eu-west-1:123456789012:cluster/simulated/abcd-1";
const TOPIC = "orders";
const PARTITIONS = 3;

function hashOf(group: string): number {
  let hash = 7;
  for (const letter of group) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 997;
  return hash % HASHES;
}

function shardIdOf({ id }: Shard): string {
  return `shardId-${String(id).padStart(12, "0")}`;
}

export function streamSource(setup: OrderedSetup, chance: Chance): OrderedSource {
  const isTopic = setup.kind === "topic";
  const shards: Shard[] = [];
  /** Were in a batch before. */
  const tried = new Set<Entry>();
  const read = new Set<Shard>();
  let [sequence, parallelization] = [0n, setup.parallelization];

  function addShard(low: number, high: number, parents: readonly Shard[]): Shard {
    const shard: Shard = {
      id: shards.length,
      parents,
      low,
      high,
      open: true,
      entries: [],
      underWay: new Map(),
      limits: new Map(),
    };
    shards.push(shard);
    return shard;
  }

  if (isTopic) for (let partition = 0; partition < PARTITIONS; partition++) addShard(0, 0, []);
  else addShard(0, HASHES, []);

  function shardOf(group: string): Shard | undefined {
    if (isTopic) return shards[hashOf(group) % PARTITIONS];
    const open = shards.filter((one) => one.open);
    if (group.startsWith("x")) return chance.anyOf(open);
    return open.find(({ low, high }) => low <= hashOf(group) && hashOf(group) < high);
  }

  const isAtEnd = (shard: Shard): boolean => shard.entries.every(({ settled }) => settled);
  const isReady = ({ parents }: Shard): boolean => parents.every(isRead);
  /** To its end, and it stays so: a parent takes no more. Noted, since the ways up through splits and merges are without number. */
  function isRead(parent: Shard): boolean {
    if (!read.has(parent) && isAtEnd(parent) && isReady(parent)) read.add(parent);
    return read.has(parent);
  }

  const partsOf = (): number => (isTopic ? 1 : parallelization);

  /** What may begin now: shard and part. */
  function* ready(): Generator<{ readonly shard: Shard; readonly part: number; readonly entries: Entry[] }> {
    for (const shard of shards.filter(isReady)) {
      for (let part = 0; part < partsOf(); part++) {
        if (shard.underWay.has(part)) continue;
        const entries = shard.entries.filter(({ group, settled }) => !settled && hashOf(group) % partsOf() === part);
        if (entries.length > 0) yield { shard, part, entries };
      }
    }
  }

  function batchOf(shard: Shard, part: number, entries: readonly Entry[]): Batch {
    const whole: Batch = {
      ...unheard(entries),
      settle(response) {
        if (shard.underWay.get(part) !== whole) return true; // nobody waits for it any more
        shard.underWay.delete(part);
        if (!response) {
          shard.limits.set(part, Math.max(1, Math.ceil(entries.length / 2)));
          return true;
        }
        shard.limits.delete(part);
        const again = againOf(entries, response);
        for (const entry of entries) entry.settled = !again.has(entry);
        return isKnown(entries, response);
      },
    };
    shard.underWay.set(part, whole);
    return whole;
  }

  function unheard(entries: readonly Entry[]): Batch {
    return {
      event: isTopic ? kafkaEvent(entries) : { Records: entries.map(({ record }) => record) },
      messages: entries.map(({ message }) => message),
      returns: (response, message) => [...againOf(entries, response)].some((entry) => entry.message === message),
      settle: (response) => response === undefined || isKnown(entries, response),
    };
  }

  function againOf(entries: readonly Entry[], response: BatchResponse): Set<Entry> {
    const names = new Set(namedIn(response));
    const named = entries.filter(({ name }) => names.has(name));
    const [lowest] = named;
    if (isTopic || !lowest) return new Set(named);
    return new Set(entries.slice(entries.indexOf(lowest))); // in the order of their numbers
  }

  function reshard(): string | undefined {
    const shard = chance.anyOf(shards.filter(({ open }) => open));
    if (!shard) return undefined;
    const { low, high } = shard;
    const beside = shards.find((one) => one.open && one.low === high);
    if (beside && chance.happens(0.5)) {
      shard.open = beside.open = false;
      return `shards ${shard.id} and ${beside.id} are merged into ${addShard(low, beside.high, [shard, beside]).id}`;
    }
    if (high - low < 2) return undefined;
    shard.open = false;
    const middle = (low + high) >> 1;
    const halves = [addShard(low, middle, [shard]), addShard(middle, high, [shard])];
    return `shard ${shard.id} is split into ${halves.map(({ id }) => id).join(" and ")}`;
  }

  function parallelize(): string | undefined {
    if (shards.some(({ underWay }) => underWay.size > 0)) return undefined;
    parallelization = chance.pick([1, 3, 10]);
    for (const { limits } of shards) limits.clear();
    return `${parallelization} batches of a shard run side by side`;
  }

  return {
    epoch: () => undefined,
    left: () =>
      shards.flatMap(({ entries }) => entries.filter(({ settled }) => !settled).map(({ message }) => message)),
    send(group, body, register) {
      const shard = shardOf(group);
      if (!shard) throw new Error(`Cannot send: no shard takes ${group}`);
      sequence += 1n + BigInt(chance.below(3));
      const position = isTopic ? BigInt(shard.entries.length) : sequence * 10n ** 17n; // digits grow
      const origin = isTopic ? `${CLUSTER}/${TOPIC}/${shard.id}` : STREAM;
      const scope = isTopic ? origin : `${STREAM}/${shardIdOf(shard)}`;
      const message = register({ origin, scope, group, position, epoch: undefined });
      const data = Buffer.from(JSON.stringify(body)).toString("base64");
      const entry = isTopic ? kafkaRecord(shard, group, position, data) : kinesisRecord(shard, group, position, data);
      shard.entries.push({ message, group, ...entry, settled: false });
    },
    take() {
      const found = chance.anyOf([...ready()]);
      if (!found) return undefined;
      const { shard, part, entries } = found;
      const retried = isTopic ? entries.filter((entry) => tried.has(entry)) : [];
      const next = retried.length > 0 ? retried : entries;
      const batch = next.slice(0, Math.min(setup.batchMax, shard.limits.get(part) ?? setup.batchMax));
      for (const entry of batch) tried.add(entry);
      return batchOf(shard, part, batch);
    },
    again: (batch) => ({ ...batch, settle: (response) => response === undefined || hasKnown(batch, response) }),
    change() {
      if (isTopic) return undefined;
      return chance.happens(0.6) ? reshard() : parallelize();
    },
  };
}

function isKnown(entries: readonly Entry[], response: BatchResponse): boolean {
  return namedIn(response).every((one) => entries.some(({ name }) => name === one));
}

/** Each name gives something back. */
function hasKnown({ messages, returns }: Batch, response: BatchResponse): boolean {
  return namedIn(response).length === 0 || messages.some((message) => returns(response, message));
}

function kinesisRecord(shard: Shard, group: string, position: bigint, data: string): Pick<Entry, "record" | "name"> {
  const sequenceNumber = String(position);
  const record = {
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: group,
      sequenceNumber,
      data,
      approximateArrivalTimestamp: 1_767_600_000.123,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardIdOf(shard)}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
    awsRegion: "eu-west-1",
    eventSourceARN: STREAM,
  };
  return { record, name: sequenceNumber };
}

function kafkaRecord(shard: Shard, group: string, offset: bigint, value: string): Pick<Entry, "record" | "name"> {
  const record: KafkaRecord = {
    topic: TOPIC,
    partition: shard.id,
    offset: Number(offset),
    timestamp: 1_767_600_000_000,
    timestampType: "CREATE_TIME",
    key: Buffer.from(group).toString("base64"),
    value,
    headers: [],
  };
  return { record, name: `${TOPIC}-${shard.id}:${offset}` };
}

function kafkaEvent(entries: readonly Entry[]): object {
  const records = Object.groupBy(
    entries.map(({ record }) => record as KafkaRecord),
    ({ topic, partition }) => `${topic}-${partition}`,
  );
  return { eventSource: "aws:kafka", eventSourceArn: CLUSTER, bootstrapServers: "b-1:9092", records };
}
