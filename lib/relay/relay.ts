// The relay: what the stream of the outbox table brings, and what it lost, goes to its targets.
//
//   RL1. The table is the truth, the stream only wakes. A record is settled when its item is gone; else its sequence number is reported, and
//        Lambda brings it again, until its retries are over. What is left then, the sweeper finds.
//   RL2. A group is read strongly, and sent in order, whatever order the stream has: it keeps one for each item only.
//   RL3. An item that stands alone goes as the stream has it. One that is not fresh is read first: it may have been sent.
//   RL4. The sweeper leaves alone what is fresh, and sends nothing that it has not read strongly.
//   RL5. It does not keep groups waiting for what has no order, nor one group for another.

import type { Item } from "../aws/dynamodb.ts";
import type { DynamoDbEvent, LambdaContext, StreamBatchResponse } from "../aws/lambda.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import type { Host } from "../host.ts";
import { isGroup } from "../protocol/outbox.ts";
import { imageToItem } from "../sources/dynamodb-streams.ts";
import { streamResponse } from "../sources/stream-response.ts";
import type { Send } from "../store/send.ts";
import { createObserver } from "./observe.ts";
import { type ItemKey, outboxTable, type Unsent } from "./outbox-table.ts";
import { createOutgoing } from "./outgoing.ts";
import { keyOf, type Relaying, relayGroup, relayItem } from "./relay-items.ts";
import { type StreamRecord, streamRecords } from "./stream-records.ts";
import type { TargetSend } from "./target-send.ts";

/** Half of what the sweeper waits, so that clocks may differ by as much. */
export const FRESH_MS = 30_000;
/** With a sweep every 3 minutes, within the 5 minutes in which FIFO drops what comes twice. */
export const SWEEP_AFTER_MS = 60_000;
/** For removals, and for the answer. */
const MARGIN_MS = 2_000;
const SHARDS: readonly string[] = [..."0123456789"];

export interface RelayOptions {
  readonly table: string;
  readonly deadLetterQueueUrl: string;
  /** Name of the function: in metrics and dead letters. */
  readonly relay: string;
  readonly send: Send;
  readonly targetSend: TargetSend;
  readonly host: Host;
  readonly print: (line: string) => void;
}

export interface Relay {
  /** A batch of the table's stream. */
  stream(event: DynamoDbEvent, context: LambdaContext): Promise<StreamBatchResponse>;
  sweep(context: LambdaContext): Promise<void>;
}

export function createRelay(options: RelayOptions): Relay {
  const { host } = options;
  const observer = createObserver(options);
  const table = outboxTable(options);
  const outgoing = createOutgoing({ ...options, send: options.targetSend, observer });

  async function invoke<T>(context: LambdaContext, act: (relaying: Relaying) => Promise<T>): Promise<T> {
    const closing = new AbortController();
    const leftMs = Math.max(0, context.getRemainingTimeInMillis() - MARGIN_MS);
    const cancel = host.after(leftMs, () => closing.abort(new Error("the function's time is up")));
    try {
      return await act({ table, outgoing, observer, host, gate: closing.signal });
    } finally {
      cancel();
      observer.flush();
    }
  }

  return {
    stream: (event, context) =>
      invoke(context, async (relaying) => {
        const records = streamRecords(event);
        const settled = await relayRecords(records, relaying);
        const outcomes = records.map((record) => ({ messageId: record.messageId, acknowledged: settled.has(record) }));
        return streamResponse(records, outcomes) as StreamBatchResponse; // RL1
      }),
    sweep: (context) =>
      invoke(context, async (relaying) => {
        const swept = await Promise.allSettled(SHARDS.map((shard) => sweepShard(shard, relaying)));
        const failed = swept.find((one) => one.status === "rejected");
        if (failed !== undefined) throw failed.reason; // when nothing is under way any more
        relaying.observer.oldestUnsent(Math.max(...swept.map((one) => (one.status === "fulfilled" ? one.value : 0))));
      }),
  };
}

async function relayRecords(records: readonly StreamRecord[], relaying: Relaying): Promise<ReadonlySet<StreamRecord>> {
  const settled = new Set<StreamRecord>();
  const inGroups = records.filter(({ key }) => isGroup(key.pk));
  const groups = [...Map.groupBy(inGroups, ({ key }) => key.pk)].map(async ([pk, own]) => {
    const upTo = own.map(({ key }) => key.sk).reduce((one, other) => (one > other ? one : other)); // RI3
    const done = await relayGroup({ pk, sk: upTo }, relaying); // RL2
    for (const record of own) if (done !== undefined && record.key.sk <= done) settled.add(record);
  });
  const alone = records.filter(({ key }) => !isGroup(key.pk));
  const items = relayAlone(alone, relaying, (record) => settled.add(record));
  await Promise.all([...groups, items]);
  return settled;
}

/** RL3 */
async function relayAlone(
  records: readonly StreamRecord[],
  relaying: Relaying,
  settle: (record: StreamRecord) => void,
): Promise<void> {
  const { host } = relaying;
  const send = async (record: StreamRecord, item: Item | undefined): Promise<void> => {
    if (item === undefined || (await relayItem(item, relaying))) settle(record);
  };
  const isFresh = ({ image }: StreamRecord): boolean =>
    image !== undefined && host.nowMs() - Number(image[OUTBOX_TABLE.unsentSortKey]?.S) < FRESH_MS;
  const [fresh, old] = [records.filter(isFresh), records.filter((record) => !isFresh(record))];
  const sendRead = async (): Promise<void> => {
    const found = await readItems(old, relaying);
    if (found) await Promise.all(old.map((record) => send(record, found.get(textOf(record.key)))));
  };
  await Promise.all([...fresh.map((record) => send(record, record.image && imageToItem(record.image))), sendRead()]);
}

/** By their keys; undefined, and told, where they cannot be read. */
async function readItems(
  records: readonly { readonly key: ItemKey }[],
  { table, observer }: Relaying,
): Promise<ReadonlyMap<string, Item> | undefined> {
  const keys = new Map(records.map(({ key }) => [textOf(key), key]));
  try {
    const items = await table.items([...keys.values()]);
    return new Map(items.map((item) => [textOf(keyOf(item)), item]));
  } catch (error) {
    for (const key of keys.keys()) observer.left(key, error);
    return undefined;
  }
}

/** RL4. Resolves with the age of the oldest item. Rejects where the index cannot be read. */
async function sweepShard(shard: string, relaying: Relaying): Promise<number> {
  const { table, observer, host, gate } = relaying;
  let oldestMs = 0;
  const groups = new Map<string, Promise<boolean>>();
  try {
    for await (const page of table.unsent(shard)) {
      const ages = page.map(({ createdAtMs }) => host.nowMs() - createdAtMs);
      oldestMs = Math.max(oldestMs, ...ages);
      const old = page.filter((_, index) => (ages[index] ?? 0) >= SWEEP_AFTER_MS);
      if (old.length === 0 || gate.aborted) break; // the oldest come first
      observer.swept(old.length);
      const inGroups = old.filter((one) => isGroup(one.pk));
      for (const [pk, own] of Map.groupBy(inGroups, (one) => one.pk)) {
        groups.set(pk, sweepGroup(own, groups.get(pk), relaying)); // RL5
      }
      await sweepAlone(old, relaying);
    }
  } finally {
    await Promise.all(groups.values());
  }
  return oldestMs;
}

/** What a page has of a group, behind what the pages before it had. Resolves with whether all of it is done. Never rejects. */
async function sweepGroup(
  own: readonly Unsent[],
  before: Promise<boolean> | undefined,
  relaying: Relaying,
): Promise<boolean> {
  const [first] = own;
  if (first === undefined || (before !== undefined && !(await before))) return false;
  const upTo = own.map(({ sk }) => sk).reduce((one, other) => (one > other ? one : other));
  return (await relayGroup({ pk: first.pk, sk: upTo }, relaying)) === upTo;
}

async function sweepAlone(old: readonly Unsent[], relaying: Relaying): Promise<void> {
  const alone = old.filter(({ pk }) => !isGroup(pk)).map((key) => ({ key }));
  const found = await readItems(alone, relaying);
  await Promise.all([...(found?.values() ?? [])].map((item) => relayItem(item, relaying)));
}

function textOf({ pk, sk }: ItemKey): string {
  return `${pk} ${sk}`;
}
