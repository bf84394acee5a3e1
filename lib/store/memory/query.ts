// Query on the memory store's tables and their indexes, as far as the relay uses it: in the order of the sort key, forwards.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
//
//   M8. Items of one partition that the key condition holds for, by sort key; of an index those that have its attributes.
//   M9. An answer that is cut by Limit says where it ended; the next one goes on behind it.

import type { Item } from "../../aws/dynamodb.ts";
import type { QueryInput, QueryOutput } from "../send.ts";
import { validationError } from "./errors.ts";
import { holds } from "./evaluate.ts";
import type { Condition } from "./expressions.ts";
import { parseCondition } from "./parse-condition.ts";
import { placeholders } from "./placeholders.ts";
import { type KeyAttribute, keyTextOf, sortItems, type Table } from "./table.ts";
import { canonicalItem, copyItem } from "./values.ts";

export function query(table: Table, input: QueryInput): QueryOutput {
  const given = placeholders(input);
  const condition = parseCondition(input.KeyConditionExpression, given);
  given.checkAllUsed();
  const keys = keysOf(table, input);
  if (!namesPartition(condition, keys)) throw validationError("Query condition missed key schema element");
  const whole = [...keys, ...table.keys.filter(({ name }) => !keys.some((key) => key.name === name))];
  const found = sortItems(
    table.sorted().filter((item) => hasKeys(item, keys)),
    whole,
  ).filter((item) => holds(condition, item)); // M8
  const start = input.ExclusiveStartKey && keyTextOf(whole, canonicalItem(input.ExclusiveStartKey));
  const from = start === undefined ? 0 : found.findIndex((item) => keyTextOf(whole, item) === start) + 1;
  const page = found.slice(from, from + (input.Limit ?? found.length));
  const last = page.at(-1);
  const more = last !== undefined && input.Limit !== undefined && page.length === input.Limit;
  return { Items: page.map(copyItem), ...(more && { LastEvaluatedKey: keyOf(last, whole) }) }; // M9
}

function keysOf(table: Table, { IndexName, ConsistentRead }: QueryInput): readonly KeyAttribute[] {
  if (IndexName === undefined) return table.keys;
  const keys = table.indexes.get(IndexName);
  if (keys === undefined) throw validationError(`The table does not have the specified index: ${IndexName}`);
  if (ConsistentRead) throw validationError("Consistent reads are not supported on global secondary indexes");
  return keys;
}

function namesPartition(condition: Condition, [partition]: readonly KeyAttribute[]): boolean {
  if (condition.kind === "and") {
    return [condition.left, condition.right].some((side) => namesPartition(side, partition ? [partition] : []));
  }
  if (condition.kind !== "comparison" || condition.comparator !== "=" || condition.left.kind !== "path") return false;
  return condition.left.path.length === 1 && condition.left.path[0] === partition?.name;
}

function hasKeys(item: Item, keys: readonly KeyAttribute[]): boolean {
  return keys.every(({ name, type }) => item[name]?.[type] !== undefined);
}

function keyOf(item: Item, keys: readonly KeyAttribute[]): Item {
  return copyItem(Object.fromEntries(Object.entries(item).filter(([name]) => keys.some((key) => key.name === name))));
}
