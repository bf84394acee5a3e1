// One strongly consistent BatchGetItem of one table.

import type { Item } from "../aws/dynamodb.ts";
import type { AnswerOf, DynamoDbRequest } from "./send.ts";

type BatchGetItem = Extract<DynamoDbRequest, { operation: "BatchGetItem" }>;

export interface SomeItems {
  /** In no order; those that are not there are left out. */
  readonly found: Item[];
  /** Keys of those that were not read this time. */
  readonly left: Item[];
}

/** At most 100 different keys. Rejects with what `read` rejects with. */
export async function batchGet(
  tableName: string,
  keys: readonly Item[],
  read: (request: BatchGetItem) => Promise<AnswerOf<BatchGetItem>>,
): Promise<SomeItems> {
  const input = { RequestItems: { [tableName]: { Keys: [...keys], ConsistentRead: true } } };
  const { Responses = {}, UnprocessedKeys = {} } = await read({ operation: "BatchGetItem", input });
  return {
    // Whatever the table is called in the answer: by its name, or by the ARN that was asked for.
    found: Object.values(Responses).flat(),
    left: Object.values(UnprocessedKeys).flatMap(({ Keys = [] }) => Keys),
  };
}
