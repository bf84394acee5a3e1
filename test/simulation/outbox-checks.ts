// What the handlers of the small world send, and what must hold of the outbox at any time.

import type { Tx } from "../../lib/index.ts";
import { COUNTER_SORT_KEY, isGroup, type OutboxItem, readOutboxItem } from "../../lib/protocol/outbox.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";

interface Shipment {
  readonly key: string;
  /** How many came before, where the handler knows it: so it is the order of the commits. */
  readonly before?: number;
}

/** One message of its own, and one of a group that all share. */
export function sendShipment(key: string, tx: Tx, before: number | undefined): void {
  tx.send(QUEUE, { key } satisfies Shipment);
  tx.send(`${QUEUE}.fifo`, { key, ...(before === undefined ? {} : { before }) } satisfies Shipment, { groupId: "all" });
}

/** I1, I3 of what is sent; OX2 of lib/consumer/outbox.ts. */
export function complaintsAboutOutbox(memory: MemoryDynamoDb): string[] {
  try {
    checkOutbox(memory);
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Throws the first that is wrong. */
export function checkOutbox(memory: MemoryDynamoDb): void {
  const committed = memory.items("Effects").flatMap(({ id }) => (id?.S?.startsWith("put ") ? [id.S.slice(4)] : []));
  const items = memory.items("Outbox").flatMap((item): OutboxItem[] => {
    const found = readOutboxItem(item);
    if (found.kind === "unreadable") throw new Error(`OB4: an item of format ${found.formatVersion}`);
    return found.kind === "messages" ? [found.item] : [];
  });
  const group = items.filter(({ pk }) => isGroup(pk)).toSorted((one, other) => (one.sk < other.sk ? -1 : 1));
  for (const some of [items.filter(({ pk }) => !isGroup(pk)), group]) {
    const keys = some.flatMap(({ messages }) => messages.map(shipmentOf)).map(({ key }) => key);
    const [sent, expected] = [keys.toSorted().join(), committed.toSorted().join()];
    if (sent !== expected) throw new Error(`I1, I3: sent are ${sent}, committed are ${expected}`);
  }
  const ids = items.flatMap(({ messages }) => messages.map(({ id }) => id));
  if (new Set(ids).size !== ids.length) throw new Error("OB1: an id twice");
  const known = group.flatMap(({ messages }) => messages.flatMap((message) => shipmentOf(message).before ?? []));
  if (known.some((before, index) => before !== index)) throw new Error(`OX2: the group has the order ${known.join()}`);
  const numbers = group.map(({ sk }) => Number(sk.slice(0, sk.indexOf("#"))));
  const counter = memory.items("Outbox").find(({ sk }) => sk?.S === COUNTER_SORT_KEY);
  if (numbers.length === 0 && counter === undefined) return;
  const last = Number(counter?.["sequence"]?.N);
  const wrong = numbers.findIndex((number, index) => number !== last - numbers.length + 1 + index);
  if (wrong >= 0) throw new Error(`OC1: the numbers ${numbers.join()} up to ${last}`);
}

function shipmentOf({ body }: { readonly body: string }): Shipment {
  return JSON.parse(body) as Shipment;
}
