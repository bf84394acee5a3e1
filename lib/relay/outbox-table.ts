// The outbox table as the relay uses it: strong reads of groups and items, the index of what is unsent, removals.
//
//   OT1. What is to be sent is read strongly. The index only tells where to look: it may lag behind.
//   OT2. A removal resolves when DynamoDB has done it. It is without a condition: no two commits have an item of one key.

import type { Item } from "../aws/dynamodb.ts";
import { BATCH_GET_ITEMS_MAX, BATCH_WRITE_ITEMS_MAX } from "../aws/limits.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import { type Host, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import { batchGet } from "../store/batch-get.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../store/send.ts";
import { createLine } from "./line.ts";

export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** What the index shows of an item. */
export interface Unsent extends ItemKey {
  readonly createdAtMs: number;
}

export interface OutboxTable {
  /** Items of a partition up to a sort key, page by page, in the order of the sort key. Rejects where one cannot be read. */
  group(pk: string, upTo: string): AsyncIterable<readonly Item[]>;
  /** Those that are there. */
  items(keys: readonly ItemKey[]): Promise<Item[]>;
  /** OT2. Rejects where it is not known to be done. */
  remove(key: ItemKey): Promise<void>;
  /** Of one shard, the oldest first, page by page. */
  unsent(shard: string): AsyncIterable<readonly Unsent[]>;
}

export interface OutboxTableOptions {
  readonly table: string;
  readonly send: Send;
  readonly host: Host;
}

/** Of reads and removals: either may be done again. */
const TRIES_MAX = 4;
const CALL_TIMEOUT_MS = 3_000;
/** Removals side by side: while they are under way, others gather. */
const REMOVALS_MAX = 2;
const INDEX_PAGE_ITEMS = 100;

const { partitionKey, sortKey, unsentIndex, unsentPartitionKey, unsentSortKey } = OUTBOX_TABLE;

export function outboxTable({ table, send, host }: OutboxTableOptions): OutboxTable {
  async function once<R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> {
    const timeout = new AbortController();
    const cancel = host.after(CALL_TIMEOUT_MS, () => timeout.abort(new Error("no answer of DynamoDB in time")));
    try {
      return await send(request, { signal: timeout.signal });
    } finally {
      cancel();
    }
  }

  async function insist<R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> {
    for (let tries = 1; ; tries++) {
      try {
        return await once(request);
      } catch (error) {
        if (tries >= TRIES_MAX) throw error;
        await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()));
      }
    }
  }

  async function* pages(input: Omit<Extract<DynamoDbRequest, { operation: "Query" }>["input"], "TableName">) {
    let from: Item | undefined;
    do {
      const page = { ...input, TableName: table, ...(from && { ExclusiveStartKey: from }) };
      const { Items = [], LastEvaluatedKey } = await insist({ operation: "Query", input: page });
      yield Items;
      from = LastEvaluatedKey;
    } while (from);
  }

  async function removeSome(keys: readonly ItemKey[]): Promise<readonly unknown[]> {
    let left = keys.map((key) => ({ DeleteRequest: { Key: toKey(key) } }));
    try {
      for (let tries = 1; left.length > 0; tries++) {
        if (tries > TRIES_MAX) throw new Error("DynamoDB left removals undone");
        if (tries > 1) await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()));
        const { UnprocessedItems = {} } = await insist({
          operation: "BatchWriteItem",
          input: { RequestItems: { [table]: left } },
        });
        const undone = Object.values(UnprocessedItems).flat();
        left = undone.flatMap(({ DeleteRequest: { Key } = { Key: undefined } }) =>
          Key ? [{ DeleteRequest: { Key } }] : [],
        );
      }
      return keys.map(() => undefined);
    } catch (error) {
      return keys.map(() => error ?? new Error("not removed")); // some may be
    }
  }

  const removals = createLine<ItemKey, unknown>({
    host,
    callsMax: REMOVALS_MAX,
    entriesMax: BATCH_WRITE_ITEMS_MAX,
    bytesMax: Infinity,
    bytesOf: () => 0,
    call: removeSome,
  });

  return {
    group: (pk, upTo) =>
      pages({
        ConsistentRead: true, // OT1
        KeyConditionExpression: "#pk = :pk AND #sk <= :upTo",
        ExpressionAttributeNames: { "#pk": partitionKey, "#sk": sortKey },
        ExpressionAttributeValues: { ":pk": { S: pk }, ":upTo": { S: upTo } },
      }),
    async items(keys) {
      const found: Item[] = [];
      let left = keys.map(toKey);
      for (let tries = 1; left.length > 0; tries++) {
        if (tries > TRIES_MAX + keys.length) throw new Error("DynamoDB left items unread");
        const [some, later] = [left.slice(0, BATCH_GET_ITEMS_MAX), left.slice(BATCH_GET_ITEMS_MAX)];
        const read = await batchGet(table, some, insist); // OT1
        found.push(...read.found);
        left = [...read.left, ...later];
      }
      return found;
    },
    async remove(key) {
      const error = await removals.offer(key);
      if (error !== undefined) throw error;
    },
    async *unsent(shard) {
      const query = pages({
        IndexName: unsentIndex,
        KeyConditionExpression: "#shard = :shard",
        ExpressionAttributeNames: { "#shard": unsentPartitionKey },
        ExpressionAttributeValues: { ":shard": { S: shard } },
        Limit: INDEX_PAGE_ITEMS,
      });
      for await (const items of query) yield items.flatMap(toUnsent);
    },
  };
}

function toKey({ pk, sk }: ItemKey): Item {
  return { [partitionKey]: { S: pk }, [sortKey]: { S: sk } };
}

function toUnsent(item: Item): Unsent[] {
  const [pk, sk] = [item[partitionKey]?.S, item[sortKey]?.S];
  const createdAtMs = Number(item[unsentSortKey]?.S);
  return pk === undefined || sk === undefined ? [] : [{ pk, sk, createdAtMs }];
}
