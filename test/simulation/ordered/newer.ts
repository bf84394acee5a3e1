// A worker of a newer version of the library, which writes watermarks in a format that this version does not know.
//
//   WM4. This version neither moves such a watermark nor takes it for anything.

import type { Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import { EFFECTS, RECORDS } from "../seeded/messages.ts";
import type { Lane, Sent } from "./ledger.ts";
import type { World } from "./world.ts";

export const NEWER = "2";
const KNOWN = "1";
const WRITER = 999;
const KNOWN_AFTER_MS = 60_000;
/** Digits of positions. */
const WIDTHS = { fifo: 40, stream: 129, topic: 20 } as const;

/** The next of its lane: what the newer version does with it is simple. */
function nextOf({ messages, position }: Lane): Sent | undefined {
  const next = messages.find((one) => one.position > position);
  return next && next.body.act === "adds" && next.body.kind === "plain" ? next : undefined;
}

/** Does the next message of some lane. It stays in its source: this version is to see it again. */
export function commitAsNewer(world: World): void {
  const { chance, figures, ledger, setup, store, timeline } = world;
  if (setup.strategy !== "watermark") return;
  const lanes = new Set([...ledger.messages.values()].map(({ lane }) => lane));
  const message = chance.anyOf([...lanes].flatMap((lane) => nextOf(lane) ?? []));
  if (!message || message.lane.listed.size > 0) return;
  const { key } = message.body;
  const { pk } = message.lane;
  const before = store.item(RECORDS, pk);
  const Item: Item = {
    pk: { S: pk },
    formatVersion: { N: NEWER },
    status: { S: "WATERMARK" },
    position: { S: String(message.position).padStart(WIDTHS[setup.kind], "0") },
    attemptId: { S: `00000000-0000-4000-8${WRITER}-${String(world.nextNumber("id")).padStart(12, "0")}` },
  };
  if (before?.["formatVersion"]?.N === NEWER) return;
  const increment = (id: string): TransactWriteItem => ({
    Update: {
      TableName: EFFECTS,
      Key: { id: { S: id } },
      UpdateExpression: "ADD n :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  });
  const TransactItems: TransactWriteItem[] = [
    { Put: { TableName: RECORDS, Item } },
    { Put: { TableName: EFFECTS, Item: { id: { S: `put ${key}` }, logged: { BOOL: false } } } },
    increment(`count ${key}`),
    increment("all"),
  ];
  store.apply({ operation: "TransactWriteItems", input: { TransactItems } }, WRITER);
  world.note(`a newer version does ${key}`);
  figures.count("commits by a newer version");
  timeline.after(chance.spanMs(100, KNOWN_AFTER_MS), () => know(pk, world));
}

/** From now on it is as if it were written in this version's format. */
function know(pk: string, { store }: World): void {
  const item = store.item(RECORDS, pk);
  if (item?.["formatVersion"]?.N !== NEWER) return;
  store.memory.send({
    operation: "PutItem",
    input: { TableName: RECORDS, Item: { ...item, formatVersion: { N: KNOWN } } },
  });
}
