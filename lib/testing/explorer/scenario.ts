// The consumers that are explored: small enough that every schedule is run, each with a handler that does all that its strategy
// offers.

import type { ExactlyOnceOptions } from "../../consumer/options.ts";
import type { Tx } from "../../consumer/tx.ts";

export const RECORDS = "Records";
export const EFFECTS = "Effects";

export interface QueuedMessage {
  readonly messageId: string;
  readonly key: string;
}

/** What the handler does outside DynamoDB. */
export interface Outside {
  /** A charge, under the idempotency key of its step; gives its number. */
  charge(key: string, idempotencyKey: string): string;
}

export interface Scenario {
  readonly name: string;
  readonly options: Pick<ExactlyOnceOptions, "strategy" | "leaseSeconds">;
  readonly messages: readonly QueuedMessage[];
  /** Messages that are waiting come in one batch; else each alone. */
  readonly together: boolean;
  /** `decide` waits for the word how this run is to end. */
  handle(
    key: string,
    tx: Tx,
    means: { readonly decide: () => Promise<void>; readonly outside: Outside },
  ): Promise<void>;
}

const SHARED = { TableName: EFFECTS, Key: { id: "shared" } };

function putAndCount(key: string, tx: Tx): void {
  tx.put({ TableName: EFFECTS, Item: { id: `put ${key}` } });
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
}

/** A guarded read, a write that depends on it, a put, an increment. */
async function readAndWrite(key: string, tx: Tx, { decide }: { readonly decide: () => Promise<void> }): Promise<void> {
  const found = await tx.get<{ n: number }>(SHARED);
  await decide();
  putAndCount(key, tx);
  const ExpressionAttributeValues = { ":n": (found?.n ?? 0) + 1 };
  tx.update({ ...SHARED, UpdateExpression: "SET n = :n", ExpressionAttributeValues });
}

const SCENARIO_LIST: readonly Scenario[] = [
  // One message, which comes again.
  {
    name: "commit",
    options: { strategy: "commit" },
    messages: [{ messageId: "m1", key: "a" }],
    together: false,
    handle: readAndWrite,
  },
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
  {
    name: "contend",
    options: { strategy: "commit" },
    messages: [
      { messageId: "m1", key: "a" },
      { messageId: "m2", key: "b" },
    ],
    together: false,
    handle: readAndWrite,
  },
  // One message, whose handler does something outside DynamoDB.
  {
    name: "claim",
    options: { strategy: "claim", leaseSeconds: 15 },
    messages: [{ messageId: "m1", key: "a" }],
    together: false,
    async handle(key, tx, { decide, outside }) {
      const charged = await tx.step("charge", ({ idempotencyKey }) => outside.charge(key, idempotencyKey));
      await decide();
      putAndCount(key, tx);
      tx.put({ TableName: EFFECTS, Item: { id: `charge ${key}`, charged } });
      tx.increment(SHARED, { n: 1 });
    },
  },
  // A batch of two messages that add to one item: they go in one transaction, and their increments fold.
  {
    name: "group",
    options: { strategy: "commit" },
    messages: [
      { messageId: "m1", key: "a" },
      { messageId: "m2", key: "b" },
    ],
    together: true,
    async handle(key, tx, { decide }) {
      await decide();
      putAndCount(key, tx);
      tx.increment(SHARED, { n: 1 });
    },
  },
];

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(SCENARIO_LIST.map((one) => [one.name, one]));
