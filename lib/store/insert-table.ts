// The append-only table of strategy insert, over the store's one `send`: writes new items, one or many in a call, and reads
// what was in their way.

import type { Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { tableOf } from "../protocol/effects.ts";
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
import { readItems } from "./read-items.ts";
import type { CallControl, RecordStore } from "./record-store.ts";
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

  return {
    async plan(message) {
      return insertionOf(message, await keyOf(message), target);
    },
    keyOf,
    insert,
    read: (keys) => readItems(keys, { store, host, control, tableName: appendOnlyTable }),
  };
}
