// Reads records that are asked for in one tick together: one BatchGetItem for 100 of them.

import type { Item } from "../aws/dynamodb.ts";
import { BATCH_GET_ITEMS_MAX } from "../aws/limits.ts";
import { RECORD_TABLE } from "../contract.ts";
import { type Host, oncePerTick, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import type { FoundRecord } from "../protocol/record.ts";
import { batchGet } from "./batch-get.ts";
import { itemToRecord } from "./items.ts";
import { type CallControl, READ_TRIES_MAX, type RecordStore } from "./record-store.ts";

export interface RecordReader {
  /** Strongly consistent. Rejects with DynamoDB's error. */
  read(pk: string): Promise<FoundRecord | undefined>;
}

interface Asked {
  readonly pk: string;
  readonly resolve: (found: FoundRecord | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export interface RecordReaderOptions {
  readonly store: RecordStore;
  readonly host: Host;
  readonly control: CallControl;
}

export function recordReader({ store, host, control }: RecordReaderOptions): RecordReader {
  let asked: Asked[] = [];

  const sendSoon = oncePerTick(host, sendAll);

  function sendAll(): void {
    const all = asked;
    asked = [];
    for (let first = 0; first < all.length; first += BATCH_GET_ITEMS_MAX) {
      const some = all.slice(first, first + BATCH_GET_ITEMS_MAX);
      readAll(some).catch((error) => {
        for (const { reject } of some) reject(error);
      });
    }
  }

  async function readAll(some: readonly Asked[]): Promise<void> {
    let left = Map.groupBy(some, ({ pk }) => pk);
    for (let tries = 1; left.size > 0; tries++) {
      if (tries > READ_TRIES_MAX || control.timeLeftMs() <= 0) throw new Error("the records could not be read in time");
      if (tries > 1) await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()), control.signal);
      const keys = [...left.keys()].map((pk): Item => ({ [RECORD_TABLE.partitionKey]: { S: pk } }));
      const read = await batchGet(store.table, keys, (request) => store.read(request, control));
      const items = new Map(read.found.map((item) => [keyOf(item), item]));
      const later = new Set(read.left.map(keyOf));
      const unread = new Map<string, Asked[]>();
      for (const [pk, askers] of left) {
        const item = items.get(pk);
        if (!item && later.has(pk)) unread.set(pk, askers);
        else for (const { resolve } of askers) resolve(item && itemToRecord(item));
      }
      left = unread;
    }
  }

  return {
    read(pk) {
      sendSoon();
      return new Promise((resolve, reject) => asked.push({ pk, resolve, reject }));
    },
  };
}

function keyOf(item: Item): string | undefined {
  return item[RECORD_TABLE.partitionKey]?.S;
}
