// What is read of a topic between two assignments of its partitions: records over the pollers, offsets committed behind them.
//
//   TP1. An offset is committed when all before it are done. What is done and not committed comes again after the assignment.
import type { KafkaRecord } from "../../../aws/lambda.ts";
import type { Warn } from "../../stack-run.ts";
import { createLanes, type LanesOptions } from "../lanes.ts";
import { pause } from "../pause.ts";
import type { KafkaMapping } from "./kafka-topic.ts";
import { kafkaReason, type Member, type Reading } from "./member.ts";
import { createOffsets, type Offsets, type PartitionOffset } from "./offsets.ts";
import { take } from "./records.ts";

/** What is read between two assignments. */
export interface Session {
  /** Takes no further record. */
  end(): void;
  /** When the batches at work are over; what is done is committed then, if the partitions are still this member's. */
  ended(commits: boolean): Promise<void>;
  whatIsBusy(): Promise<string | undefined>;
}

export interface SessionOptions extends LanesOptions<KafkaRecord> {
  readonly mapping: KafkaMapping;
  readonly warn: Warn;
  readonly member: Member;
  onFailure(thrown: unknown): void;
}

const RETRY_MS = 1_000;
/** Between looks whether partitions are still assigned anew. */
const ASSIGNING_MS = 100;
/** A topic is not read on while so many of its records wait. */
const WAITING_MAX = 20_000;

export async function openSession(from: readonly PartitionOffset[], options: SessionOptions): Promise<Session> {
  const { mapping, member, passes, warn, onFailure } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const offsets = createOffsets(from);
  const { startCommit, commitDue, committed } = createCommits(offsets, { mapping, member, warn, signal });
  let reading: Reading | undefined;
  const lanes = createLanes("", {
    ...options,
    signal,
    passes: () => true,
    settled(batch) {
      for (const { record } of batch) offsets.done(record);
      startCommit();
      if (lanes.waiting() < WAITING_MAX) reading?.resume();
    },
  });
  const onRecord = (record: KafkaRecord): void => {
    if (signal.aborted) return;
    offsets.taken(record);
    if (passes(record)) lanes.offer(take(record, record.timestamp));
    else offsets.done(record);
    startCommit();
    if (lanes.waiting() >= WAITING_MAX) reading?.pause();
  };
  const failUnlessOver = (thrown: unknown): void => {
    if (!signal.aborted) onFailure(thrown);
  };
  if (from.length > 0) reading = await member.read(from, { onRecord, onFailure: failUnlessOver });

  const whatIsUnread = async (): Promise<string | undefined> => {
    const ends = await member.ends(from.map(({ partition }) => partition));
    const isUnread = ends.some(({ partition, offset }) => (reading?.position(partition) ?? -1) < offset);
    return isUnread ? "has records that are not read" : undefined;
  };
  return {
    end: () => ending.abort(),
    async ended(commits) {
      ending.abort();
      await lanes.ended;
      await committed();
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

type CommitOptions = Pick<SessionOptions, "mapping" | "member" | "warn"> & { readonly signal: AbortSignal };

function createCommits(offsets: Offsets, { mapping, member, warn, signal }: CommitOptions) {
  let committing: Promise<void> | undefined;
  const commitDue = async (): Promise<void> => {
    const due = offsets.due(); // TP1
    if (due.length === 0 || !member.isSettled()) return;
    await member.commit(due);
    offsets.committed(due);
  };
  /** One commit after the other, until nothing is due. */
  const commitAll = async (): Promise<void> => {
    while (!signal.aborted && offsets.due().length > 0) {
      if (!member.isSettled()) {
        await pause(ASSIGNING_MS, signal); // the end of this session is near
        continue;
      }
      const failed = await commitDue().then(() => undefined, kafkaReason);
      if (failed === undefined) continue;
      warn(`offsets of ${mapping.source} cannot be committed: ${failed}`);
      await pause(RETRY_MS, signal);
    }
  };
  return {
    startCommit(): void {
      if (signal.aborted || offsets.due().length === 0) return;
      committing ??= commitAll().finally(() => {
        committing = undefined;
      });
    },
    commitDue,
    /** None is under way. */
    committed: async (): Promise<void> => committing,
  };
}
