// PutItem and UpdateItem on the memory store's tables: one action, judged and applied like that of a transaction, but what
// is wrong with it is an error of its own.

import type { TransactWriteItem } from "../../aws/dynamodb.ts";
import type { UpdateItemInput, WriteOutput } from "../send.ts";
import { dynamoDbError, validationError } from "./errors.ts";
import type { Table } from "./table.ts";
import { applyVerdict, checkedTargets, verdictOf } from "./transact.ts";
import { copyItem } from "./values.ts";

/** Applies the write or throws as AWS would. */
export function writeOne(tables: ReadonlyMap<string, Table>, entry: TransactWriteItem): void {
  for (const target of checkedTargets(tables, [entry])) {
    const verdict = verdictOf(target);
    applyVerdict(target, verdict);
    if (verdict.kind !== "refused") return;
    const { Code, Message = "", Item } = verdict.reason;
    if (Code !== "ConditionalCheckFailed") throw validationError(Message);
    const error = dynamoDbError("ConditionalCheckFailedException", Message);
    throw Item === undefined ? error : Object.assign(error, { Item });
  }
}

export function updateOne(
  tables: ReadonlyMap<string, Table>,
  { ReturnValues, ...update }: UpdateItemInput,
): WriteOutput {
  const [target] = checkedTargets(tables, [{ Update: update }]);
  writeOne(tables, { Update: update });
  const item = ReturnValues && target?.table.get(target.keyText);
  return item ? { Attributes: copyItem(item) } : {};
}
