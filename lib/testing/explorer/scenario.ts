// The consumers that are explored: small enough that every schedule is run, each with a handler that does all that its strategy
// offers.

import type { ExactlyOnceOptions } from "../../consumer/options.ts";
import type { Reduction } from "../../consumer/state-store.ts";
import type { Tx } from "../../consumer/tx.ts";
import { ORDERED_SCENARIOS } from "./ordered-scenarios.ts";
import { EFFECTS } from "./tables.ts";

export interface QueuedMessage {
  readonly messageId: string;
  readonly key: string;
  /** @default none: messages of one key are the same */
  readonly payload?: string;
  /** Of an ordered source: message group, or partition key. @default "group" */
  readonly group?: string;
  /** Of a stream. @default "0" */
  readonly shard?: string;
}

/** What the handler does outside DynamoDB. */
export interface Outside {
  /** A charge, under the idempotency key of its step; gives its number. */
  charge(key: string, idempotencyKey: string): string;
  /** Told by a handler of a message that has an order: it starts. */
  started(key: string): void;
  /** The number that an item of effects says now, as a client of the handler's own reads it: nothing guards it. */
  look(id: string): number;
}

export interface Means {
  /** Waits for the word how this run is to end. */
  readonly decide: () => Promise<void>;
  readonly outside: Outside;
  readonly payload: string | undefined;
  /** Name of the process. */
  readonly sandbox: string;
}

export interface Scenario {
  readonly name: string;
  readonly options: Pick<ExactlyOnceOptions, "strategy" | "leaseSeconds" | "insert" | "redrive">;
  readonly messages: readonly QueuedMessage[];
  /** Messages that are waiting come in one batch; else each alone. */
  readonly together: boolean;
  /**
   * A queue, a FIFO queue, a Kinesis stream, or a caller who invokes the function until it gets a result.
   * @default "queue"
   */
  readonly source?: "queue" | "fifo" | "stream" | "caller";
  /** Transactions of an invocation where nothing goes wrong. @default one a message, or one where messages come together */
  readonly commitsMax?: number;
  /** Its handlers do the same whenever they run: none gives up for good what another run would not. @default false */
  readonly steady?: boolean;
  /** Messages are folded into states, and have no handler. */
  readonly reduction?: Reduction<{ folded: string[] }>;
  /** Dead letters that go back into the queue, as messages with new ids, at most. @default 0 */
  readonly redrives?: number;
  /** A sandbox whose invocation is over may get the next one, with all that is in its memory. @default false */
  readonly warm?: boolean;
  /** What it returns is the result of a caller's invocation. */
  handle(key: string, tx: Tx, means: Means): Promise<unknown>;
}

const SHARED = { TableName: EFFECTS, Key: { id: "shared" } };

function putAndCount(key: string, tx: Tx): void {
  tx.put({ TableName: EFFECTS, Item: { id: `put ${key}` } });
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
}

/** A guarded read, a write that depends on it, a put, an increment. */
async function readAndWrite(key: string, tx: Tx, { decide }: Pick<Means, "decide">): Promise<number> {
  const found = await tx.get<{ n: number }>(SHARED);
  await decide();
  putAndCount(key, tx);
  const n = (found?.n ?? 0) + 1;
  tx.update({ ...SHARED, UpdateExpression: "SET n = :n", ExpressionAttributeValues: { ":n": n } });
  return n;
}

/** A step outside DynamoDB, what it gave, and increments. */
async function chargeAndWrite(key: string, tx: Tx, { decide, outside }: Means): Promise<string> {
  const charged = await tx.step("charge", ({ idempotencyKey }) => outside.charge(key, idempotencyKey));
  await decide();
  putAndCount(key, tx);
  tx.put({ TableName: EFFECTS, Item: { id: `charge ${key}`, charged } });
  tx.increment(SHARED, { n: 1 });
  return charged;
}

/** Increments that fold with those of other messages. */
async function add(key: string, tx: Tx, { decide }: Means): Promise<void> {
  await decide();
  putAndCount(key, tx);
  tx.increment(SHARED, { n: 1 });
}

async function insert(_key: string, tx: Tx, { decide }: Means): Promise<void> {
  await decide();
  tx.insert({ TableName: EFFECTS, Item: { text: "new" } });
}

const CLAIM = { strategy: "claim", leaseSeconds: 15 } as const;
const INSERT = { strategy: "insert", insert: { appendOnlyTable: EFFECTS, primaryKey: "id" } } as const;
const ONE: readonly QueuedMessage[] = [{ messageId: "m1", key: "a" }];
const OF_TWO_KEYS: readonly QueuedMessage[] = [
  { messageId: "m1", key: "a" },
  { messageId: "m2", key: "b" },
];

const SCENARIO_LIST: readonly Scenario[] = [
  // One message, which comes again.
  { name: "commit", options: { strategy: "commit" }, messages: ONE, together: false, handle: readAndWrite },
  // Two messages of one key: a producer's resend, or a redrive.
  {
    name: "resend",
    options: { strategy: "commit" },
    messages: [
      { messageId: "m1", key: "a" },
      { messageId: "m2", key: "a" },
    ],
    together: false,
    handle: readAndWrite,
  },
  // Two messages of different keys that read and write one item.
  { name: "contend", options: { strategy: "commit" }, messages: OF_TWO_KEYS, together: false, handle: readAndWrite },
  // One message, whose handler does something outside DynamoDB.
  { name: "claim", options: CLAIM, messages: ONE, together: false, handle: chargeAndWrite },
  // A batch of two messages that add to one item: they go in one transaction, and their increments fold.
  { name: "group", options: { strategy: "commit" }, messages: OF_TWO_KEYS, together: true, handle: add },
  // One message that is one new item, by PutItem; its dead letter may come back.
  { name: "insert", options: INSERT, messages: ONE, together: false, redrives: 1, handle: insert },
  // A batch of two, by statements that are judged alone.
  { name: "inserts", options: INSERT, messages: OF_TWO_KEYS, together: true, handle: insert },
  // Two messages that say different things under one key, to processes that remember it.
  {
    name: "payload",
    options: { strategy: "commit" },
    messages: [
      { messageId: "m1", key: "a", payload: "this" },
      { messageId: "m2", key: "a", payload: "that" },
    ],
    together: false,
    warm: true,
    async handle(key, tx, { decide, payload }) {
      await decide();
      tx.put({ TableName: EFFECTS, Item: { id: `put ${key}`, payload } });
      tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
      tx.increment(SHARED, { n: 1 });
    },
  },
  // One message, whose dead letter may come back.
  { name: "redrive", options: { strategy: "commit" }, messages: ONE, together: false, redrives: 1, handle: add },
  // A caller who asks until there is an answer. What a run would answer depends on who runs, and when.
  ...([{ strategy: "commit" }, CLAIM] as const).map(
    (options): Scenario => ({
      name: options.strategy === "commit" ? "once" : "once-claim",
      options,
      messages: ONE,
      together: false,
      source: "caller",
      async handle(key, tx, means) {
        const found = await (options.strategy === "commit" ? readAndWrite : chargeAndWrite)(key, tx, means);
        return { by: means.sandbox, found };
      },
    }),
  ),
  // Two messages of one message group in a batch.
  {
    name: "fifo",
    options: { strategy: "commit" },
    messages: OF_TWO_KEYS,
    together: true,
    source: "fifo",
    async handle(key, tx, { decide, outside }) {
      outside.started(key);
      const found = await tx.get<{ n: number }>(SHARED);
      await decide();
      const n = (found?.n ?? 0) + 1;
      tx.put({ TableName: EFFECTS, Item: { id: `put ${key}`, n } });
      tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
      tx.update({ ...SHARED, UpdateExpression: "SET n = :n", ExpressionAttributeValues: { ":n": n } });
    },
  },
  // Sandboxes that are used again: what they learnt, and what an invocation left that was cut off by its deadline.
  { name: "warm", options: { strategy: "commit" }, messages: ONE, together: false, warm: true, handle: readAndWrite },
  { name: "warm-claim", options: CLAIM, messages: ONE, together: false, warm: true, handle: chargeAndWrite },
  {
    name: "warm-group",
    options: { strategy: "commit" },
    messages: OF_TWO_KEYS,
    together: true,
    warm: true,
    handle: add,
  },
  ...ORDERED_SCENARIOS,
];

/** Order is kept by positions: messages have no record of their own. */
export function isPlaced({ options }: Pick<Scenario, "options">): boolean {
  return options.strategy === "watermark";
}

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(SCENARIO_LIST.map((one) => [one.name, one]));
