// Which items a DynamoDB request writes or reads in one piece: table and primary key, in the order of its actions.
import { isObject, type JsonObject } from "../values.ts";

/** Names of a table's key attributes; undefined for a table that is not there. */
export type KeysOf = (table: string) => Promise<readonly string[] | undefined>;

/** An item's identity as text; undefined where the request does not tell. */
export type ItemId = string | undefined;

export const SINGLE_WRITES: ReadonlySet<string> = new Set(["PutItem", "UpdateItem", "DeleteItem"]);
export const TRANSACTIONS: ReadonlySet<string> = new Set(["TransactWriteItems", "TransactGetItems"]);

export async function itemsOf(operation: string, input: JsonObject, keysOf: KeysOf): Promise<readonly ItemId[]> {
  if (SINGLE_WRITES.has(operation)) return [await itemOf(input, keysOf)];
  if (!TRANSACTIONS.has(operation)) return [];
  return Promise.all(actionsOf(input).map((action) => itemOf(action, keysOf)));
}

/** The actions of a transaction, out of their wrappers: { Put: { … } } is { … }. */
export function actionsOf(input: JsonObject): readonly JsonObject[] {
  const list = input["TransactItems"];
  if (!Array.isArray(list)) return [];
  return list.map((wrapper) => {
    const action: unknown = isObject(wrapper) ? Object.values(wrapper)[0] : undefined;
    return isObject(action) ? action : {};
  });
}

/** A Put has its key among the item's attributes; all others name it. */
async function itemOf(action: JsonObject, keysOf: KeysOf): Promise<ItemId> {
  const { TableName: table, Key: key, Item: item } = action;
  if (typeof table !== "string") return undefined;
  const attributes = isObject(key) ? key : isObject(item) ? item : undefined;
  const names = attributes === undefined ? undefined : await keysOf(table);
  if (attributes === undefined || names === undefined) return undefined;
  return JSON.stringify([table, ...names.map((name) => attributes[name])]);
}
