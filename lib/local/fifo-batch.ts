// Order in batches of a FIFO queue, which mix message groups. Pure.
//
//   FB1. What was received with a batch but carried over, its payload being full, is not delivered when a message of its group
//        before it was not deleted: it stays in flight, and comes again behind it.
//   FB2. Who delivers a message once more delivers those of its group before it, too: SQS never gives a later one alone.
import type { SqsRecord } from "../aws/lambda.ts";

const groupOf = (record: SqsRecord): string | undefined => record.attributes.MessageGroupId;

/** FB1. */
export function keepOrder(
  carried: readonly SqsRecord[],
  batch: readonly SqsRecord[],
  deletedIds: readonly string[],
): readonly SqsRecord[] {
  const deleted = new Set(deletedIds);
  const held = new Set(batch.filter(({ messageId }) => !deleted.has(messageId)).map(groupOf));
  return carried.filter((record) => !held.has(groupOf(record)));
}

/** FB2. In the order of the batch. */
export function withEarlier(again: readonly SqsRecord[], batch: readonly SqsRecord[]): readonly SqsRecord[] {
  const lastOf = new Map(again.map((record) => [groupOf(record), batch.lastIndexOf(record)] as const));
  return batch.filter((record, index) => index <= (lastOf.get(groupOf(record)) ?? -1));
}
