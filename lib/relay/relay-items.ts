// Takes items of the outbox to their targets, and out of the table.
//
//   RI1. An item is removed only after all its messages are done: acknowledged by their target, or by the dead-letter queue.
//   RI2. A group goes in the order of its sort keys, one message after the other, and stops at the first that is left. What was refused for
//        good is not in the way: once the dead-letter queue has it, the group goes on.
//   RI3. Of a group only items up to a key are sent that was seen committed before the read began: all earlier commits are in that read.
//
// Two relays may work on one group: a stale invocation, or the sweeper. Neither sends a message before all earlier ones that its read
// found were acknowledged, and what its read did not find had been acknowledged to the other. So first sends are in order, whoever makes
// them. Second sends have the same ids: FIFO drops them for 5 minutes; after that a receiver may get an old message again, behind newer
// ones, and tells it by its key.

import type { Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { type OutboxItem, type OutboxMessage, readOutboxItem } from "../protocol/outbox.ts";
import type { Observer } from "./observe.ts";
import type { ItemKey, OutboxTable } from "./outbox-table.ts";
import type { Outgoing } from "./outgoing.ts";

export interface Relaying {
  readonly table: OutboxTable;
  readonly outgoing: Outgoing;
  readonly observer: Observer;
  readonly host: Host;
  readonly gate: AbortSignal;
}

/** Sends the messages of an item that has no order, side by side. Resolves with whether the item is done. Never rejects. */
export async function relayItem(found: Item, relaying: Relaying): Promise<boolean> {
  return attempt(keyOf(found), relaying, async () => {
    const item = messagesOf(found);
    if (item === undefined) return true;
    const { outgoing, gate } = relaying;
    const delivered = await Promise.all(item.messages.map((message) => outgoing.deliver(message, gate)));
    for (const one of delivered) if (one.kind === "left") throw one.cause;
    await finish(item, relaying);
    return true;
  });
}

/** RI2. Resolves with the sort key up to which all is done; undefined where nothing is. Never rejects. */
export async function relayGroup({ pk, sk: upTo }: ItemKey, relaying: Relaying): Promise<string | undefined> {
  const removals: { readonly sk: string; readonly done: Promise<boolean> }[] = [];
  let isWhole = false;
  await attempt({ pk, sk: upTo }, relaying, async () => {
    for await (const page of relaying.table.group(pk, upTo)) {
      for (const found of page) {
        const item = messagesOf(found);
        if (item === undefined) continue;
        for (const message of item.messages) await deliverOrThrow(message, relaying);
        // The next one need not wait for it: whoever finds this item sends it again before the next one, too.
        removals.push({ sk: item.sk, done: attempt(item, relaying, () => finish(item, relaying)) }); // RI1
      }
    }
    isWhole = true;
    return true;
  });
  let last: string | undefined;
  for (const { sk, done } of removals) {
    if (!(await done)) return last;
    last = sk;
  }
  return isWhole ? upTo : last;
}

async function deliverOrThrow(message: OutboxMessage, { outgoing, gate }: Relaying): Promise<void> {
  const delivered = await outgoing.deliver(message, gate);
  if (delivered.kind === "left") throw delivered.cause;
}

async function finish(item: OutboxItem, { table, observer, host }: Relaying): Promise<true> {
  const latencyMs = host.nowMs() - item.createdAtMs;
  await table.remove({ pk: item.pk, sk: item.sk }); // RI1
  observer.relayed(item.messages.length, latencyMs);
  return true;
}

async function attempt(key: ItemKey, { observer }: Relaying, act: () => Promise<true>): Promise<boolean> {
  try {
    return await act();
  } catch (cause) {
    observer.left(`${key.pk} ${key.sk}`, cause);
    return false;
  }
}

/** Undefined for what carries no messages. Throws for what a newer version wrote: it is not known to be sent. */
function messagesOf(found: Item): OutboxItem | undefined {
  const read = readOutboxItem(found);
  if (read.kind === "messages") return read.item;
  if (read.kind === "counter") return undefined;
  throw new SemelError(
    `Cannot relay an item of format ${read.formatVersion}: this relay knows an older one only. Deploy the relay with the version of ` +
      "semel that the functions have; the item stays in the table until then",
    { code: "SEMEL_RECORD_FORMAT", retryable: true },
  );
}

export function keyOf(found: Item): ItemKey {
  return { pk: found["pk"]?.S ?? "", sk: found["sk"]?.S ?? "" };
}
