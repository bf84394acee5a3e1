// Up to where the records of partitions are done: what a consumer group may commit. Pure.
//
//   OF1. A committed offset has no record before it that was taken and is not done.
//   OF2. The committed offset of a partition never goes back.

/** Of a topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The next record to take of a partition. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

export interface Offsets {
  /** In the order of its partition. */
  taken(at: PartitionOffset): void;
  done(at: PartitionOffset): void;
  /** What may be committed and is not yet. */
  due(): readonly PartitionOffset[];
  committed(offsets: readonly PartitionOffset[]): void;
}

interface Progress extends TopicPartition {
  /** Behind the last one taken. */
  next: number;
  committed: number;
  /** In the order in which they were taken. */
  readonly open: Set<number>;
}

/** `orders-0`, as in the event of a function. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** Of partitions that begin at these offsets. */
export function createOffsets(from: readonly PartitionOffset[]): Offsets {
  const all = new Map<string, Progress>(
    from.map(({ topic, partition, offset }) => [
      nameOf({ topic, partition }),
      { topic, partition, next: offset, committed: offset, open: new Set() },
    ]),
  );
  const doneUpTo = ({ open, next }: Progress): number => open.values().next().value ?? next; // OF1
  return {
    taken(at) {
      const progress = all.get(nameOf(at));
      if (progress === undefined) return;
      progress.open.add(at.offset);
      progress.next = at.offset + 1;
    },
    done(at) {
      all.get(nameOf(at))?.open.delete(at.offset);
    },
    due: () =>
      [...all.values()]
        .filter((progress) => doneUpTo(progress) > progress.committed) // OF2
        .map((progress) => ({
          topic: progress.topic,
          partition: progress.partition,
          offset: doneUpTo(progress),
        })),
    committed(offsets) {
      for (const at of offsets) {
        const progress = all.get(nameOf(at));
        if (progress !== undefined) progress.committed = Math.max(progress.committed, at.offset); // OF2
      }
    },
  };
}
