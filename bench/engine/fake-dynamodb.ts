// An in-memory DynamoDB for the benchmark: conditions, updates, cancellation reasons, and what they cost. It judges with
// the memory store's evaluator, which the tests hold against a real engine. A request begins when it arrives and finishes
// when it is answered:
//
//   N1. A transaction holds its items from its begin to its finish; whatever would write one of them meanwhile conflicts.
//   N2. Every condition is judged at the finish, on the state of that moment, and nothing comes between judging and writing.
//   N3. Nothing that was refused or cancelled changes an item, and it is billed all the same.
//
// Left out: binary values, limits of sizes, request tokens, return values, indexes, queries, scans.

import type { CancellationReason, Item, TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { TRANSACTION_ACTIONS_MAX } from "../../lib/aws/limits.ts";
import { type Action, actionKeyFault, invalid, judge, type Verdict } from "../../lib/store/memory/action.ts";
import { cancelledError, dynamoDbError, tableNotFoundError, validationError } from "../../lib/store/memory/errors.ts";
import { refuseEmptyKeys } from "../../lib/store/memory/keys.ts";
import { keyTextOf, type Table } from "../../lib/store/memory/table.ts";
import type { BatchExecuteStatementInput } from "../../lib/store/send.ts";
import { actionReader } from "./actions.ts";
import { writeUnits } from "./capacity.ts";
import { bill, type Counters } from "./counters.ts";
import { batchGetItem, describeTable, getItem, type ReadInput, type Tables } from "./reads.ts";
import { beginStatements } from "./statements.ts";

/** A request that has arrived. */
export interface Begun {
  /** Items that it names: what a delay may depend on. */
  readonly actions: number;
  /** The answer's body. Throws what the SDK would throw. Called once. */
  finish(): object;
}

export interface FakeDynamoDb {
  /** Never throws: what is wrong with the request comes at the finish. */
  begin(operation: string, input: unknown): Begun;
}

interface Target {
  readonly action: Action;
  readonly table: Table;
  readonly keyText: string;
  /** Of the item among all tables. */
  readonly id: string;
}

const CONFLICT = "Transaction is ongoing for the item";

export function fakeDynamoDb(tables: Tables, counters: Counters): FakeDynamoDb {
  const held = new Set<string>(); // N1
  const readAction = actionReader();

  function target(entry: TransactWriteItem): Target {
    const action = readAction(entry);
    const table = tables.get(action.tableName);
    if (table === undefined) throw tableNotFoundError();
    refuseEmptyKeys(table.keys, action.subject);
    const keyText = keyTextOf(table.keys, action.subject);
    return { action, table, keyText, id: `${action.tableName} ${keyText}` };
  }

  function beginWrite(entry: TransactWriteItem): Begun {
    const one = target(entry);
    const locked = held.has(one.id); // N1
    return {
      actions: 1,
      finish() {
        if (locked) {
          counters.conflicts++;
          bill(counters, writeUnits(one.table.get(one.keyText), one.action.subject), true);
          throw dynamoDbError("TransactionConflictException", CONFLICT);
        }
        const verdict = verdictOf(one); // N2
        bill(counters, unitsOf(one, verdict), verdict.kind === "refused");
        if (verdict.kind === "refused") throw refusal(verdict.reason);
        write(one, verdict);
        return {};
      },
    };
  }

  function beginTransaction(entries: readonly TransactWriteItem[]): Begun {
    if (entries.length === 0 || entries.length > TRANSACTION_ACTIONS_MAX) {
      throw validationError(`TransactItems has ${entries.length} members, 1 to ${TRANSACTION_ACTIONS_MAX} are allowed`);
    }
    const targets = entries.map(target);
    if (new Set(targets.map(({ id }) => id)).size < targets.length) {
      throw validationError("Transaction request cannot include multiple operations on one item");
    }
    const conflicts = targets.map(({ id }): CancellationReason => {
      return held.has(id) ? { Code: "TransactionConflict", Message: CONFLICT } : { Code: "None" };
    });
    if (conflicts.some(({ Code }) => Code !== "None")) {
      return { actions: targets.length, finish: () => cancel(targets, conflicts) };
    }
    for (const { id } of targets) held.add(id); // N1
    return { actions: targets.length, finish: () => finishTransaction(targets) };
  }

  function finishTransaction(targets: readonly Target[]): object {
    for (const { id } of targets) held.delete(id);
    const verdicts = targets.map(verdictOf); // N2
    const reasons = verdicts.map((verdict): CancellationReason => {
      return verdict.kind === "refused" ? verdict.reason : { Code: "None" };
    });
    if (reasons.some(({ Code }) => Code !== "None")) return cancel(targets, reasons);
    for (const [index, verdict] of verdicts.entries()) {
      const one = targets[index];
      if (one === undefined) continue;
      bill(counters, 2 * unitsOf(one, verdict), false);
      write(one, verdict);
    }
    return {};
  }

  /** N3 */
  function cancel(targets: readonly Target[], reasons: CancellationReason[]): never {
    if (reasons.some(({ Code }) => Code === "TransactionConflict")) counters.conflicts++;
    for (const { action, table, keyText } of targets) {
      bill(counters, 2 * writeUnits(table.get(keyText), action.subject), true);
    }
    throw cancelledError(reasons);
  }

  function route(operation: string, input: unknown): Begun {
    switch (operation) {
      case "TransactWriteItems":
        return beginTransaction((input as { TransactItems: TransactWriteItem[] }).TransactItems);
      case "PutItem":
        return beginWrite({ Put: input as NonNullable<TransactWriteItem["Put"]> });
      case "UpdateItem":
        return beginWrite({ Update: input as NonNullable<TransactWriteItem["Update"]> });
      case "DeleteItem":
        return beginWrite({ Delete: input as NonNullable<TransactWriteItem["Delete"]> });
      case "GetItem":
        return { actions: 1, finish: () => getItem(tables, input as ReadInput & { Key: Item }, counters) };
      case "BatchGetItem":
        return batchGetItem(tables, input, counters);
      case "BatchExecuteStatement":
        return beginStatements(input as BatchExecuteStatementInput, tables, beginWrite);
      case "DescribeTable":
        return { actions: 1, finish: () => describeTable(tables, input as { TableName: string }) };
      default:
        throw dynamoDbError("UnknownOperationException", `the benchmark's engine has no ${operation}`);
    }
  }

  return {
    begin(operation, input) {
      counters.requests++;
      try {
        return route(operation, input);
      } catch (error) {
        return {
          actions: 1,
          finish() {
            throw error;
          },
        };
      }
    },
  };
}

function verdictOf({ action, table, keyText }: Target): Verdict {
  const fault = actionKeyFault(action, table.keys);
  return fault === undefined ? judge(action, table.keys, table.get(keyText)) : invalid(fault);
}

function unitsOf({ action, table, keyText }: Target, verdict: Verdict): number {
  return writeUnits(table.get(keyText), verdict.kind === "write" ? verdict.item : action.subject);
}

function write({ table, keyText }: Target, verdict: Verdict): void {
  if (verdict.kind === "write") table.set(keyText, verdict.item);
}

/** The reason of a transaction's action as the error of a single write. */
function refusal({ Code, Message = "", Item: item }: CancellationReason): Error {
  if (Code !== "ConditionalCheckFailed") return validationError(Message);
  const error = dynamoDbError("ConditionalCheckFailedException", Message);
  return item === undefined ? error : Object.assign(error, { Item: item });
}
