// The append-only table of strategy insert, over the store's one `send`: writes new items, one or many in a call, and reads
// what was in their way.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import { itemId, tableOf } from "../protocol/effects.ts";
import { type Insertion, type InsertTarget, insertionOf, primaryKeyOf } from "../protocol/insert.ts";
import {
  callAnswer,
  type InsertAnswer,
  insertStatement,
  isUnknownOperation,
  putAnswer,
  putRequest,
  statementAnswers,
} from "./insert-requests.ts";
import { type CallControl, READ_TRIES_MAX, type RecordStore } from "./record-store.ts";
import type { BatchStatementRequest } from "./send.ts";
import type { RecordTransaction } from "./transaction.ts";

export interface InsertTableOptions {
  readonly store: RecordStore;
  readonly host: Host;
  readonly target: InsertTarget;
  readonly control: CallControl;
  /** Told that the engine has no PartiQL. */
  readonly onUnknownOperation: () => void;
}

export interface InsertTable {
  /** Rejects with a SemelError that says why the message cannot be one insert. */
  plan(message: RecordTransaction): Promise<Insertion>;
  /** The primary key of the message's item. Rejects with a SemelError. */
  keyOf(message: RecordTransaction): Promise<Item>;
  /** One try of each, in one request. None is done twice, whatever the answers were. Never rejects. */
  insert(insertions: readonly Insertion[]): Promise<readonly InsertAnswer[]>;
  /** Strongly consistent, in the order of the keys, at most 100. Rejects with DynamoDB's error. */
  read(keys: readonly Item[]): Promise<readonly (Item | undefined)[]>;
}

export function insertTable({ store, host, target, control, onUnknownOperation }: InsertTableOptions): InsertTable {
  const { appendOnlyTable } = target;

  async function keyOf({ key }: RecordTransaction): Promise<Item> {
    const name = tableOf(appendOnlyTable);
    await store.learnKeys([name], control);
    const keyNames = store.keyNames(name);
    if (keyNames && key !== undefined) return primaryKeyOf(key, target, keyNames);
    throw new SemelError(
      key === undefined
        ? "Cannot insert: the message has no idempotency key, which names its item"
        : `Cannot insert: the key of table ${appendOnlyTable} cannot be looked up, which tells that insert.primaryKey is ` +
            "whole. Name the table as it is, and grant dynamodb:DescribeTable on it (grantInserts does)",
      { code: "SEMEL_REFUSED", retryable: true },
    );
  }

  async function insert(insertions: readonly Insertion[]): Promise<readonly InsertAnswer[]> {
    const [only] = insertions;
    if (insertions.length === 1 && only) return [await put(only)];
    const statements = insertions.map(insertStatement);
    if (!statements.every((statement) => statement !== undefined)) return insertions.map(() => ({ kind: "suspect" }));
    return execute(statements);
  }

  async function put(insertion: Insertion): Promise<InsertAnswer> {
    try {
      await store.sendInTime({ operation: "PutItem", input: putRequest(insertion) }, control);
      return { kind: "applied" };
    } catch (error) {
      return putAnswer(error);
    }
  }

  async function execute(Statements: BatchStatementRequest[]): Promise<readonly InsertAnswer[]> {
    try {
      const request = { operation: "BatchExecuteStatement", input: { Statements } } as const;
      return statementAnswers(await store.sendInTime(request, control), Statements.length);
    } catch (error) {
      if (isUnknownOperation(error)) onUnknownOperation();
      const answer = callAnswer(error);
      return Statements.map(() => answer);
    }
  }

  async function read(keys: readonly Item[]): Promise<readonly (Item | undefined)[]> {
    const names = Object.keys(keys[0] ?? {});
    const found = new Map<string, Item>();
    let Keys: Item[] = [...keys];
    for (let tries = 1; Keys.length > 0; tries++) {
      if (tries > READ_TRIES_MAX || control.timeLeftMs() <= 0) throw new Error("the items could not be read in time");
      if (tries > 1) await sleep(host, fullJitterMs(THROTTLE_BACKOFF, tries, host.random()), control.signal);
      const input = { RequestItems: { [appendOnlyTable]: { Keys, ConsistentRead: true } } };
      const { Responses = {}, UnprocessedKeys = {} } = await store.read({ operation: "BatchGetItem", input }, control);
      // Whatever the table is called in the answer: by its name, or by the ARN that was asked for.
      for (const item of Object.values(Responses).flat()) found.set(itemId("", pick(item, names)), item);
      Keys = Object.values(UnprocessedKeys).flatMap((left) => left.Keys ?? []);
    }
    return keys.map((key) => found.get(itemId("", key)));
  }

  return {
    async plan(message) {
      return insertionOf(message, await keyOf(message), target);
    },
    keyOf,
    insert,
    read,
  };
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.map((name): [string, AttributeValue] => [name, item[name] ?? { NULL: true }]));
}
