// Up to where the records of a topic's partitions are done: what a consumer group may commit. Pure.
//
//   OF1. A committed offset has no record before it that was taken and is not done.
//   OF2. The committed offset of a partition never goes back.

/** The next record to take of a partition. */
export interface PartitionOffset {
  readonly partition: number;
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

interface Progress {
  /** Behind the last one taken. */
  next: number;
  committed: number;
  /** Taken and not done, in their order. */
  readonly open: Set<number>;
}

/** Of partitions whose committed offsets are these. */
export function createOffsets(from: readonly PartitionOffset[]): Offsets {
  const all = new Map<number, Progress>(
    from.map(({ partition, offset }) => [partition, { next: offset, committed: offset, open: new Set() }]),
  );
  const doneUpTo = ({ open, next }: Progress): number => open.values().next().value ?? next; // OF1
  return {
    taken({ partition, offset }) {
      const progress = all.get(partition);
      if (progress === undefined) return;
      progress.open.add(offset);
      progress.next = offset + 1;
    },
    done({ partition, offset }) {
      all.get(partition)?.open.delete(offset);
    },
    due: () =>
      [...all].flatMap(([partition, progress]) => {
        const offset = doneUpTo(progress);
        return offset > progress.committed ? [{ partition, offset }] : []; // OF2
      }),
    committed(offsets) {
      for (const { partition, offset } of offsets) {
        const progress = all.get(partition);
        if (progress !== undefined) progress.committed = Math.max(progress.committed, offset); // OF2
      }
    },
  };
}
