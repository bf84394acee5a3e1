// A worker of a newer version of the library, which writes records in a format that this version does not know.

import type { Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import { systemHost } from "../../../lib/host.ts";
import { fingerprint } from "../../../lib/protocol/fingerprint.ts";
import { MARK } from "../../../lib/protocol/insert.ts";
import type { KeyState } from "./ledger.ts";
import { EFFECTS, JOURNAL, kindOf, type Order, orderOf, RECORDS } from "./messages.ts";
import type { World } from "./world.ts";

const NEWER = { N: "2" };
const KNOWN = { N: "1" };
const WRITER = 999;

interface Waiting {
  readonly id: string;
  readonly order: Order;
}

function waitingOf({ ledger, queues }: World): Waiting[] {
  return [...queues.source().values()].flatMap(({ id, body }) => {
    const order = orderOf(body);
    const isPlain = order && kindOf(order.key) === "plain" && ledger.keys.get(order.key)?.committed === undefined;
    return isPlain ? [{ id, order }] : [];
  });
}

/** Under insert: somebody else puts an item where a message's own is to be, and takes it away again. */
export function insertAsAnother(world: World, wanted?: Waiting): void {
  const { chance, figures, habits, ledger, note, setup, store, timeline } = world;
  const one = setup.strategy === "insert" ? (wanted ?? chance.anyOf(waitingOf(world))) : undefined;
  const state = one && ledger.keys.get(one.order.key);
  if (!one || !state || store.item(JOURNAL, one.order.key)) return;
  const Key = { id: { S: one.order.key } };
  const [other] = [...ledger.keys.values()].filter(({ key }) => key !== one.order.key);
  const mark = other && {
    [MARK]: { M: { ...termsOf(other, world), formatVersion: KNOWN, pk: { S: other.pk } } },
  };
  store.memory.send({
    operation: "PutItem",
    input: { TableName: JOURNAL, Item: { ...Key, ...(chance.happens(0.5) && mark) } },
  });
  state.foreign = true;
  timeline.after(chance.spanMs(5, habits.foreignMsMax), () => {
    const TransactItems = [{ Delete: { TableName: JOURNAL, Key } }];
    store.memory.send({ operation: "TransactWriteItems", input: { TransactItems } });
  });
  note(`somebody else inserts ${one.order.key}`, [one.order.key]);
  figures.count("items of somebody else");
}

/** Commits a message that waits. It stays in its queue: this version is to see it again. */
export function commitAsNewer(world: World): void {
  const { chance, figures, ledger, note, setup, store } = world;
  const one = chance.anyOf(waitingOf(world));
  const state = one && ledger.keys.get(one.order.key);
  if (!one || !state) return;
  try {
    const TransactItems =
      setup.strategy === "insert" ? [insertOf(one.order, state, world)] : commitOf(one, state, world);
    store.apply({ operation: "TransactWriteItems", input: { TransactItems } }, WRITER);
    state.newer = true;
    note(`a newer version commits ${one.order.key}`, [one.order.key]);
    figures.count("commits by a newer version");
  } catch {} // somebody else has the key
}

function commitOf(
  { id, order: { key, payload } }: { readonly id: string; readonly order: Order },
  { pk }: KeyState,
  world: World,
): TransactWriteItem[] {
  const Item = { ...termsOf({ key, payload }, world), pk: { S: pk }, status: { S: "COMPLETED" }, messageId: { S: id } };
  const record = { TableName: RECORDS, Item, ConditionExpression: "attribute_not_exists(pk)" };
  const increment = (name: string): TransactWriteItem => ({
    Update: {
      TableName: EFFECTS,
      Key: { id: { S: name } },
      UpdateExpression: "ADD n :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  });
  const put = { TableName: EFFECTS, Item: { id: { S: `put ${key}` }, payload: { N: String(payload) } } };
  return [{ Put: record }, { Put: put }, increment(`count ${key}`), increment("hot")];
}

function insertOf({ key, payload }: Order, { pk }: KeyState, world: World): TransactWriteItem {
  const mark = { M: { ...termsOf({ key, payload }, world), pk: { S: pk } } };
  const Item = { id: { S: key }, payload: { N: String(payload) }, [MARK]: mark };
  return { Put: { TableName: JOURNAL, Item, ConditionExpression: "attribute_not_exists(id)" } };
}

function termsOf(order: Order, { setup, timeline, nextNumber }: World): Item {
  const attemptId = `00000000-0000-4000-8${WRITER}-${String(nextNumber("id")).padStart(12, "0")}`;
  return {
    formatVersion: NEWER,
    messageId: { S: "newer" },
    attemptId: { S: attemptId },
    fingerprint: { S: fingerprint(order, systemHost.sha256) },
    committedAt: { N: String(timeline.nowMs()) },
    expiresAt: { N: String(Math.ceil(timeline.nowMs() / 1000 + setup.retentionDays * 86_400)) },
  };
}

/** From now on every worker knows the newer format: as if they were written in this one's. */
export function knowNewer({ ledger, store }: World): void {
  for (const [table, key] of [
    [RECORDS, "pk"],
    [JOURNAL, "id"],
  ] as const) {
    for (const item of store.memory.items(table)) {
      const mark = item[MARK]?.M;
      const version = table === RECORDS ? item["formatVersion"] : mark?.["formatVersion"];
      if (version?.N !== NEWER.N) continue;
      const Item = mark
        ? { ...item, [MARK]: { M: { ...mark, formatVersion: KNOWN } } }
        : { ...item, formatVersion: KNOWN };
      store.memory.send({ operation: "PutItem", input: { TableName: table, Item } });
      const state = ledger.keys.get(item[key]?.S ?? "");
      if (table === RECORDS) ledger.reread(item[key]?.S ?? "", Item);
      else if (state) state.format = KNOWN.N;
    }
  }
}
