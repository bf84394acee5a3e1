// Where the embedded engine differs from AWS: transactions that are left out of the comparison, each with the side that AWS
// takes and how that is known. known-differences.test.ts shows every one of them on both sides.

import type { CancellationReason, Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import { valueAt } from "../../../lib/store/memory/evaluate.ts";
import type { Path } from "../../../lib/store/memory/expressions.ts";
import type { MemoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import { parseUpdate } from "../../../lib/store/memory/parse-update.ts";
import { placeholders } from "../../../lib/store/memory/placeholders.ts";

export interface Comparison {
  readonly actions: readonly TransactWriteItem[];
  readonly before: MemoryDynamoDb;
  /** The memory store's; its outcome is AWS's. */
  readonly reasons: readonly CancellationReason[];
}
export interface Exclusion {
  readonly name: string;
  readonly aws: string;
  /** One clause of an update, on the item before, with the action's reason, and all clauses of the update. */
  applies(clause: Clause, item: Item, reason: CancellationReason | undefined, all: readonly Clause[]): boolean;
}
interface Clause {
  readonly kind: string;
  readonly path: Path;
}

const BAD_PATH = "The document path provided in the update expression is invalid for update";

export const EXCLUSIONS: readonly Exclusion[] = [
  {
    name: "removal below a missing parent",
    aws: "AWS refuses REMOVE and DELETE of a nested path whose parent is missing from an existing item (measured against AWS by ScyllaDB's alternator tests, test_nested_attribute_update_bad_path_dot); the engine ignores it",
    applies: ({ kind, path }, _, reason) =>
      (kind === "remove" || kind === "delete") && path.length > 1 && reason?.Message === BAD_PATH,
  },
  {
    name: "SET or ADD beyond the end of a list",
    aws: "AWS, by its documentation, appends the element (measured by paritysuite/dynamodb-conformance, updateItem/paths); the engine fills the gap with nulls",
    applies({ kind, path }, item) {
      const list = valueAt(path.slice(0, -1), item)?.L;
      return (kind === "set" || kind === "add") && list !== undefined && Number(path.at(-1)) > list.length;
    },
  },
  {
    name: "ADD to a list of which an element is removed",
    aws: "AWS, by its documentation, evaluates every path on the item before the update; the engine counts an ADD's index after the removals",
    applies: ({ kind, path }, _, __, all) =>
      kind === "add" &&
      typeof path.at(-1) === "number" &&
      all.some(
        (other) => other.kind === "remove" && typeof other.path.at(-1) === "number" && isSameList(other.path, path),
      ),
  },
  {
    name: "SET or ADD below a null",
    aws: "AWS, by its documentation, has document paths only into maps and lists, and refuses a path below another type (alternator, same test); the engine makes the null a map or a list",
    applies: ({ kind, path }, item) =>
      (kind === "set" || kind === "add") && valueAt(path.slice(0, -1), item)?.NULL !== undefined,
  },
];

function isSameList(one: Path, other: Path): boolean {
  return JSON.stringify(one.slice(0, -1)) === JSON.stringify(other.slice(0, -1));
}

/** The first exclusion that a transaction falls under. */
export function exclusionOf({ actions, before, reasons }: Comparison): Exclusion | undefined {
  for (const [index, { Update }] of actions.entries()) {
    if (Update === undefined) continue;
    const { TableName, Key, UpdateExpression } = Update;
    const { Item: item = {} } = before.send({ operation: "GetItem", input: { TableName, Key } });
    const clauses = parseUpdate(UpdateExpression, placeholders(Update));
    for (const clause of clauses) {
      const found = EXCLUSIONS.find((one) => one.applies(clause, item, reasons[index], clauses));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
