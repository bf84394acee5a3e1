// A topic that is read at an endpoint: partitions as the group has them, their records over the pollers, offsets committed when all before
// them is done.
//
//   TS1. What is assigned is read from its committed offset on: after a rebalance, a failure or a restart what was under way comes again.
//   TS2. Before partitions are read anew, the batches of the assignment before are over: no record is handed out twice at a time here.
import type { KafkaRecord } from "../../../aws/lambda.ts";
import { localError } from "../../local-error.ts";
import type { Warn } from "../../stack-run.ts";
import { createLanes, type LanesOptions } from "../lanes.ts";
import type { StreamSource } from "../source.ts";
import type { KafkaMapping } from "./kafka-topic.ts";
import { joinGroup, kafkaReason, type Member, type Reading } from "./member.ts";
import { createOffsets, type PartitionOffset } from "./offsets.ts";
import { take } from "./records.ts";

export interface TopicSourceOptions extends LanesOptions<KafkaRecord> {
  readonly mapping: KafkaMapping;
  readonly servers: string;
  readonly warn: Warn;
}

const REMEDY =
  "The broker must run there, have the topic, and take plain connections; or leave out endpoints.kafka and " +
  "KAFKA_BOOTSTRAP_SERVERS, and replay recorded events";
const RETRY_MS = 1_000;
/** A topic is not read on while so many of its records wait. */
const WAITING_MAX = 20_000;

/** Resolves when it is known where the partitions begin: what is written from then on is read. */
export async function startTopicSource(options: TopicSourceOptions): Promise<StreamSource> {
  const { mapping, servers, warn } = options;
  const stopping = new AbortController();
  const opened = Promise.withResolvers<void>();
  let session: Session | undefined;
  let trouble = "has no partitions yet";
  let isOpen = false;

  /** Until the membership fails, or all is stopped. */
  const serve = async (): Promise<void> => {
    const over = Promise.withResolvers<void>();
    over.promise.catch(() => {}); // it may fail before it is waited for
    const { topic, groupId, startAt } = mapping;
    const member = await joinGroup({ servers, groupId, topic, startAt, onFailure: over.reject });
    let turn = Promise.resolve();
    const open = async (): Promise<void> => {
      await session?.ended(false); // TS2
      session = undefined;
      const generation = member.generation();
      const from = await member.begin(member.assigned()); // TS1
      if (stopping.signal.aborted || generation !== member.generation()) return; // a later turn sees to it
      session = await openSession(from, { ...options, member, onFailure: over.reject });
      isOpen = true;
      trouble = "has no partitions yet";
      opened.resolve();
    };
    const renew = (): void => {
      session?.end();
      turn = turn.then(open);
      turn.catch(over.reject);
    };
    member.onAssigned(renew);
    stopping.signal.addEventListener("abort", () => over.resolve());
    try {
      renew();
      await over.promise;
    } finally {
      session?.end();
      await turn.catch(() => {});
      await session?.ended(stopping.signal.aborted);
      session = undefined;
      await member.close();
    }
  };

  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const failed = await serve().then(() => undefined, kafkaReason);
      if (failed === undefined || stopping.signal.aborted) break;
      const before = trouble;
      trouble = `cannot be read at ${servers}: ${failed}`;
      if (!isOpen)
        throw localError(`Cannot start event source ${mapping.logicalId}: ${mapping.source} ${trouble}. ${REMEDY}`);
      if (trouble !== before) warn(`${mapping.source} ${trouble}`);
      await pause(RETRY_MS, stopping.signal);
    }
  };
  const working = work();
  await Promise.race([opened.promise, working]);
  return {
    async whatIsBusy() {
      const busy = session === undefined ? trouble : await session.whatIsBusy();
      return busy === undefined ? undefined : `${mapping.source} ${busy}`;
    },
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

/** What is read between two assignments. */
interface Session {
  /** Takes no further record. */
  end(): void;
  /** When the batches at work are over; what is done is committed then, if the partitions are still this member's. */
  ended(commits: boolean): Promise<void>;
  whatIsBusy(): Promise<string | undefined>;
}

interface SessionOptions extends TopicSourceOptions {
  readonly member: Member;
  onFailure(thrown: unknown): void;
}

async function openSession(from: readonly PartitionOffset[], options: SessionOptions): Promise<Session> {
  const { mapping, member, passes, warn, onFailure } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const offsets = createOffsets(from);

  const commitDue = async (): Promise<void> => {
    const due = offsets.due();
    if (due.length === 0) return;
    await member.commit(due);
    offsets.committed(due);
  };
  let committing: Promise<void> | undefined;
  /** One commit after the other, until nothing is due. */
  const commit = async (): Promise<void> => {
    while (!signal.aborted && offsets.due().length > 0) {
      const failed = await commitDue().then(() => undefined, kafkaReason);
      if (failed === undefined) continue;
      warn(`offsets of ${mapping.source} cannot be committed: ${failed}`);
      await pause(RETRY_MS, signal);
    }
  };
  const startCommit = (): void => {
    committing ??= commit().finally(() => {
      committing = undefined;
    });
  };

  let reading: Reading | undefined;
  const lanes = createLanes("", {
    ...options,
    signal,
    passes: () => true,
    settled(batch) {
      for (const { record } of batch) offsets.done(record);
      if (!signal.aborted) startCommit();
      if (lanes.waiting() < WAITING_MAX) reading?.resume();
    },
  });
  const partitions = from.map(({ partition }) => partition);
  const onRecord = (record: KafkaRecord): void => {
    if (signal.aborted) return;
    offsets.taken(record);
    if (passes(record)) lanes.offer(take(record, record.timestamp));
    else offsets.done(record);
    if (offsets.due().length > 0) startCommit();
    if (lanes.waiting() >= WAITING_MAX) reading?.pause();
  };
  const failUnlessOver = (thrown: unknown): void => {
    if (!signal.aborted) onFailure(thrown);
  };
  if (from.length > 0) reading = await member.read(from, { onRecord, onFailure: failUnlessOver });

  const whatIsUnread = async (): Promise<string | undefined> => {
    const ends = await member.ends(partitions);
    const isUnread = ends.some(({ partition, offset }) => (reading?.position(partition) ?? -1) < offset);
    return isUnread ? "has records that are not read" : undefined;
  };
  return {
    end: () => ending.abort(),
    async ended(commits) {
      ending.abort();
      await lanes.ended;
      await committing;
      if (commits) await commitDue().catch((thrown) => warn(`offsets of ${mapping.source}: ${kafkaReason(thrown)}`));
      await reading?.close().catch(() => {});
    },
    async whatIsBusy() {
      if (lanes.waiting() > 0) return `has ${lanes.waiting()} records that are not done`;
      if (offsets.due().length > 0) return "has offsets that are not committed";
      return whatIsUnread().catch((thrown) => `cannot be read: ${kafkaReason(thrown)}`);
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
