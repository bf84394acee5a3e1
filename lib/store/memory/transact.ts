// TransactWriteItems on the memory store's tables: read and check the whole request, judge every action on the state
// before, then write all or nothing.
//
//   M1. Every condition and update sees the state before the transaction.
//   M2. A cancelled transaction changes nothing, and gives one reason per action, in the request's order.
//   M3. What AWS refuses without looking at the items (ValidationException, ResourceNotFoundException) comes first:
//       syntax and placeholders of every action, then tables, then empty keys, repeated items and sizes.

import type { CancellationReason, Item, TransactWriteItem } from "../../aws/dynamodb.ts";
import { ITEM_BYTES_MAX, TRANSACTION_ACTIONS_MAX, TRANSACTION_BYTES_MAX } from "../../aws/limits.ts";
import { itemBytes } from "../../protocol/item-size.ts";
import { type Action, actionKeyFault, invalid, judge, readAction, type Verdict } from "./action.ts";
import { cancelledError, tableNotFoundError, validationError } from "./errors.ts";
import { refuseEmptyKeys } from "./keys.ts";
import { keyTextOf, type Table } from "./table.ts";

export interface Target {
  readonly action: Action;
  readonly table: Table;
  readonly keyText: string;
}

/** Applies the transaction or throws as AWS would. */
export function transactWrite(tables: ReadonlyMap<string, Table>, entries: readonly TransactWriteItem[]): void {
  checkCount(entries.length);
  const targets = checkedTargets(tables, entries);
  const verdicts = targets.map(verdictOf); // M1: nothing is written yet
  const reasons = verdicts.map(reasonOf);
  if (reasons.some((reason) => reason.Code !== "None")) throw cancelledError(reasons); // M2
  for (const [index, target] of targets.entries()) {
    const verdict = verdicts[index];
    if (verdict) applyVerdict(target, verdict);
  }
}

/** M3 */
export function checkedTargets(tables: ReadonlyMap<string, Table>, entries: readonly TransactWriteItem[]): Target[] {
  const actions = entries.map(readAction);
  const targets = actions.map((action) => findTarget(tables, action));
  checkTargets(targets);
  return targets;
}

export function applyVerdict({ table, keyText }: Target, verdict: Verdict): void {
  if (verdict.kind === "write") table.set(keyText, verdict.item);
}

function checkCount(count: number): void {
  const bound = count === 0 ? "greater than or equal to 1" : `less than or equal to ${TRANSACTION_ACTIONS_MAX}`;
  if (count > 0 && count <= TRANSACTION_ACTIONS_MAX) return;
  throw validationError(
    `1 validation error detected: Value at 'TransactItems' failed to satisfy constraint: Member must have length ${bound}`,
  );
}

function findTarget(tables: ReadonlyMap<string, Table>, action: Action): Target {
  const table = tables.get(action.tableName);
  if (table === undefined) throw tableNotFoundError();
  return { action, table, keyText: keyTextOf(table.keys, action.subject) };
}

function checkTargets(targets: readonly Target[]): void {
  for (const { action, table } of targets) refuseEmptyKeys(table.keys, action.subject);
  const items = new Set(targets.map(({ action, keyText }) => `${action.tableName} ${keyText}`));
  if (items.size < targets.length) {
    throw validationError("Transaction request cannot include multiple operations on one item");
  }
  for (const { action } of targets) {
    if (action.kind === "Put" && itemBytes(action.subject) > ITEM_BYTES_MAX) {
      throw validationError("Item size has exceeded the maximum allowed size");
    }
  }
  // How updates and checks count is not documented; here by what the request carries: key and values.
  const bytes = targets.reduce((total, { action }) => total + action.requestBytes, 0);
  if (bytes > TRANSACTION_BYTES_MAX) {
    throw validationError("Member must have aggregate size less than or equal to 4 MB: transaction is too large");
  }
}

export function verdictOf({ action, table, keyText }: Target): Verdict {
  const fault = actionKeyFault(action, table.keys);
  if (fault !== undefined) return invalid(fault);
  const before: Item | undefined = table.get(keyText);
  return judge(action, table.keys, before);
}

function reasonOf(verdict: Verdict): CancellationReason {
  return verdict.kind === "refused" ? verdict.reason : { Code: "None" };
}
