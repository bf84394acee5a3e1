// PutItem and UpdateItem on the memory store's tables: one action, judged and applied like that of a transaction, but what
// is wrong with it is an error of its own.

import type { TransactWriteItem } from "../../aws/dynamodb.ts";
import { dynamoDbError, validationError } from "./errors.ts";
import type { Table } from "./table.ts";
import { applyVerdict, checkedTargets, verdictOf } from "./transact.ts";

/** Applies the write or throws as AWS would. */
export function writeOne(tables: ReadonlyMap<string, Table>, entry: TransactWriteItem): void {
  for (const target of checkedTargets(tables, [entry])) {
    const verdict = verdictOf(target);
    if (verdict.kind !== "refused") return applyVerdict(target, verdict);
    const { Code, Message = "", Item } = verdict.reason;
    if (Code !== "ConditionalCheckFailed") throw validationError(Message);
    const error = dynamoDbError("ConditionalCheckFailedException", Message);
    throw Item === undefined ? error : Object.assign(error, { Item });
  }
}
