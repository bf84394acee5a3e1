// Strongly consistent reads of many items of a table.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { type Host, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import { itemId } from "../protocol/effects.ts";
import { type CallControl, READ_TRIES_MAX, type RecordStore } from "./record-store.ts";

export interface ReadItemsOptions {
  readonly store: Pick<RecordStore, "read">;
  readonly host: Host;
  readonly control: CallControl;
  readonly tableName: string;
}

/** In the order of the keys, which are different ones, at most 100. Rejects with DynamoDB's error, or when the time is up. */
export async function readItems(
  keys: readonly Item[],
  { store, host, control, tableName }: ReadItemsOptions,
): Promise<readonly (Item | undefined)[]> {
  const names = Object.keys(keys[0] ?? {});
  const found = new Map<string, Item>();
  let Keys: Item[] = [...keys];
  for (let tries = 1; Keys.length > 0; tries++) {
    if (tries > READ_TRIES_MAX || control.timeLeftMs() <= 0) throw new Error("the items could not be read in time");
    if (tries > 1) await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()), control.signal);
    const input = { RequestItems: { [tableName]: { Keys, ConsistentRead: true } } };
    const { Responses = {}, UnprocessedKeys = {} } = await store.read({ operation: "BatchGetItem", input }, control);
    // Whatever the table is called in the answer: by its name, or by the ARN that was asked for.
    for (const item of Object.values(Responses).flat()) found.set(itemId("", pick(item, names)), item);
    Keys = Object.values(UnprocessedKeys).flatMap((left) => left.Keys ?? []);
  }
  return keys.map((key) => found.get(itemId("", key)));
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.map((name): [string, AttributeValue] => [name, item[name] ?? { NULL: true }]));
}
