// Scenarios in which order is kept by positions: strategy watermark, and keyed states.
//
// Keys that begin with "doomed" are given up by `apply`, which nobody can ask how it is to end.

import type { Tx } from "../../consumer/tx.ts";
import { PermanentError } from "../../errors.ts";
import type { Means, QueuedMessage, Scenario } from "./scenario.ts";
import { EFFECTS, STATES } from "./tables.ts";

function putAndAdd(key: string, tx: Tx, more: { readonly n?: number } = {}): void {
  tx.put({ TableName: EFFECTS, Item: { id: `put ${key}`, ...more } });
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
  tx.increment({ TableName: EFFECTS, Key: { id: "shared" } }, { n: 1 });
}

/** Messages of one ordering key go in one transaction, and their increments fold. */
async function add(key: string, tx: Tx, { decide }: Means): Promise<void> {
  await decide();
  putAndAdd(key, tx);
}

/** What all of the ordering key write: each starts after the commit of the one before it, whatever it reads by. */
async function follow(key: string, tx: Tx, { decide, outside }: Means): Promise<void> {
  const n = 1 + outside.look("log");
  await decide();
  putAndAdd(key, tx, { n });
  tx.put({ TableName: EFFECTS, Item: { id: "log", n } });
}

/** A guarded read of what the one before it wrote. */
async function readAndFollow(key: string, tx: Tx, { decide }: Means): Promise<void> {
  const found = await tx.get<{ n: number }>({ TableName: EFFECTS, Key: { id: "log" } });
  await decide();
  const n = 1 + (found?.n ?? 0);
  putAndAdd(key, tx, { n });
  tx.put({ TableName: EFFECTS, Item: { id: "log", n } });
}

const QUEUE = { strategy: "watermark", redrive: "never" } as const;
const STREAM = { strategy: "watermark" } as const;

const reduction: NonNullable<Scenario["reduction"]> = {
  table: STATES,
  partitionKey: "id",
  initial: { folded: [] },
  apply(state, { body }) {
    const { key } = body as QueuedMessage;
    if (key.startsWith("doomed")) throw new PermanentError("for good");
    state.folded.push(key);
    return state;
  },
};
const handle = async (): Promise<void> => {};

/** Of one message group, or partition key. */
const inOneGroup = (...keys: readonly string[]): QueuedMessage[] =>
  keys.map((key, index) => ({ messageId: `m${index + 1}`, key }));

/** `a of x`: keys and their groups. */
const inGroups = (...texts: readonly string[]): QueuedMessage[] =>
  texts.map((text, index) => {
    const [key = "", group = ""] = text.split(" of ");
    return { messageId: `m${index + 1}`, key, group };
  });

export const ORDERED_SCENARIOS: readonly Scenario[] = [
  // Two messages of a message group that write one item: a transaction each. What they read by a client of their own is in order
  // only where the one before them did the same in every worker (LR4 of lib/consumer/lane-run.ts).
  {
    name: "fifo-watermark",
    options: QUEUE,
    messages: inOneGroup("a", "b"),
    together: true,
    source: "fifo",
    commitsMax: 2,
    steady: true,
    handle: follow,
  },
  // The same, read under a guard.
  {
    name: "fifo-reads",
    options: QUEUE,
    messages: inOneGroup("a", "b"),
    together: true,
    source: "fifo",
    commitsMax: 2,
    handle: readAndFollow,
  },
  // A run of two in one transaction.
  {
    name: "fifo-run",
    options: QUEUE,
    messages: inOneGroup("a", "b"),
    together: true,
    source: "fifo",
    commitsMax: 1,
    handle: add,
  },
  // Two messages of one group around one of another.
  {
    name: "fifo-groups",
    options: QUEUE,
    messages: inGroups("a of g", "b of h", "c of g"),
    together: true,
    source: "fifo",
    commitsMax: 2,
    handle: add,
  },
  {
    name: "fifo-reduce",
    options: QUEUE,
    messages: inOneGroup("a", "b"),
    together: true,
    source: "fifo",
    commitsMax: 1,
    reduction,
    handle,
  },
  // A shard of a stream: two partition keys, one checkpoint. What failed holds back what is done behind it.
  {
    name: "stream-watermark",
    options: STREAM,
    messages: inGroups("a of x", "b of y", "c of x"),
    together: true,
    source: "stream",
    commitsMax: 2,
    handle: add,
  },
  // One partition key in two shards, by explicit hash keys: positions are of a shard.
  {
    name: "stream-shards",
    options: STREAM,
    messages: [
      { messageId: "m1", key: "a", shard: "1" },
      { messageId: "m2", key: "b", shard: "0" },
    ],
    together: true,
    source: "stream",
    commitsMax: 1,
    handle: add,
  },
  // A message that can never be folded between two that can, in one shard and ordering key.
  {
    name: "stream-reduce",
    options: STREAM,
    messages: inOneGroup("a", "doomed b", "c"),
    together: true,
    source: "stream",
    commitsMax: 3,
    reduction,
    handle,
  },
  // Processes that are used again: the watermarks and states that they know, and what an invocation left.
  {
    name: "warm-watermark",
    options: STREAM,
    messages: inOneGroup("a", "b"),
    together: true,
    source: "stream",
    commitsMax: 1,
    warm: true,
    handle: add,
  },
  {
    name: "warm-reduce",
    options: STREAM,
    messages: inOneGroup("a", "doomed b", "c"),
    together: true,
    source: "stream",
    commitsMax: 3,
    warm: true,
    reduction,
    handle,
  },
];
