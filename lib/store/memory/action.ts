// One action of a transaction: read from the request, then judged and applied to the item that is there.

import type { AttributeValue, CancellationReason, Item, TransactWriteItem } from "../../aws/dynamodb.ts";
import { ITEM_BYTES_MAX } from "../../aws/limits.ts";
import { attributeValueBytes, itemBytes } from "../../protocol/item-size.ts";
import { ActionRefusedError, validationError } from "./errors.ts";
import { holds } from "./evaluate.ts";
import type { Condition, UpdateClause } from "./expressions.ts";
import { itemKeyFault, keyFault } from "./keys.ts";
import { parseCondition } from "./parse-condition.ts";
import { parseUpdate } from "./parse-update.ts";
import { type PlaceholderInput, placeholders } from "./placeholders.ts";
import type { KeyAttribute } from "./table.ts";
import { applyUpdate } from "./update.ts";
import { canonicalItem, copyItem } from "./values.ts";

export interface Action {
  readonly kind: "Put" | "Update" | "Delete" | "ConditionCheck";
  readonly tableName: string;
  /** The item of a Put, the Key of the others; canonical. */
  readonly subject: Item;
  readonly condition: Condition | undefined;
  readonly clauses: readonly UpdateClause[];
  readonly returnsOld: boolean;
  /** Of what the request carries, for the limit of a transaction. */
  readonly requestBytes: number;
}

/** What an action does: leave the item, or make it this (undefined = gone); or the reason why it can't. */
export type Verdict =
  | { readonly kind: "unchanged" }
  | { readonly kind: "write"; readonly item: Item | undefined }
  | { readonly kind: "refused"; readonly reason: CancellationReason };

/** Reads one action; throws ValidationException for what AWS refuses without looking at a table. */
export function readAction(entry: TransactWriteItem): Action {
  const given = (["ConditionCheck", "Put", "Update", "Delete"] as const).filter((kind) => entry[kind] !== undefined);
  const [kind] = given;
  const body = kind && entry[kind];
  if (kind === undefined || body === undefined || given.length > 1) {
    throw validationError("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  const subject = canonicalItem("Item" in body ? body.Item : body.Key);
  return {
    kind,
    tableName: body.TableName,
    subject,
    ...readExpressions(body, entry.Update?.UpdateExpression),
    returnsOld: body.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
    requestBytes: itemBytes(subject) + valuesBytes(body.ExpressionAttributeValues),
  };
}

function readExpressions(
  body: PlaceholderInput & { readonly ConditionExpression?: string },
  updateExpression: string | undefined,
): Pick<Action, "condition" | "clauses"> {
  const given = placeholders(body);
  const clauses = updateExpression === undefined ? [] : parseUpdate(updateExpression, given);
  const condition =
    body.ConditionExpression === undefined ? undefined : parseCondition(body.ConditionExpression, given);
  // Measured (github.com/ExtendDB/extenddb, pull 169): without any expression, AWS lets placeholders pass in transactions.
  if (condition !== undefined || updateExpression !== undefined) given.checkAllUsed();
  return { clauses, condition };
}

function valuesBytes(values: Record<string, AttributeValue> | undefined): number {
  return Object.values(values ?? {}).reduce((total, value) => total + attributeValueBytes(value), 0);
}

/** What is wrong with the action's key attributes, found only while the transaction runs. */
export function actionKeyFault(action: Action, keys: readonly KeyAttribute[]): string | undefined {
  return action.kind === "Put" ? itemKeyFault(keys, action.subject) : keyFault(keys, action.subject);
}

/** Judges the action on the item before the transaction. The key is already known to fit the schema. */
export function judge(action: Action, keys: readonly KeyAttribute[], before: Item | undefined): Verdict {
  if (action.condition !== undefined && !holds(action.condition, before ?? {})) {
    const reason = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
    const withItem = action.returnsOld && before !== undefined;
    return { kind: "refused", reason: withItem ? { ...reason, Item: copyItem(before) } : reason };
  }
  switch (action.kind) {
    case "ConditionCheck":
      return { kind: "unchanged" };
    case "Delete":
      return { kind: "write", item: undefined };
    case "Put":
      return { kind: "write", item: action.subject };
    case "Update":
      return update(action, keys, before);
  }
}

function update(action: Action, keys: readonly KeyAttribute[], before: Item | undefined): Verdict {
  const changedKey = keys.find(({ name }) => action.clauses.some((clause) => clause.path[0] === name));
  if (changedKey !== undefined) {
    return invalid(
      `One or more parameter values were invalid: Cannot update attribute ${changedKey.name}. This attribute is part of the key`,
    );
  }
  try {
    const item = applyUpdate(action.clauses, before ?? action.subject, before !== undefined);
    if (itemBytes(item) > ITEM_BYTES_MAX) return invalid("Item size to update has exceeded the maximum allowed size");
    return { kind: "write", item };
  } catch (error) {
    if (error instanceof ActionRefusedError) return invalid(error.message);
    throw error;
  }
}

export function invalid(message: string): Verdict {
  return { kind: "refused", reason: { Code: "ValidationError", Message: message } };
}
