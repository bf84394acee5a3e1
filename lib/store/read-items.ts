// Strongly consistent reads of many items of a table.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { type Host, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import { itemId } from "../protocol/effects.ts";
import { batchGet } from "./batch-get.ts";
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
  let left = keys;
  for (let tries = 1; left.length > 0; tries++) {
    if (tries > READ_TRIES_MAX || control.timeLeftMs() <= 0) throw new Error("the items could not be read in time");
    if (tries > 1) await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()), control.signal);
    const some = await batchGet(tableName, left, (request) => store.read(request, control));
    for (const item of some.found) found.set(itemId("", pick(item, names)), item);
    left = some.left;
  }
  return keys.map((key) => found.get(itemId("", key)));
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.map((name): [string, AttributeValue] => [name, item[name] ?? { NULL: true }]));
}
