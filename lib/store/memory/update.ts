// Applies an UpdateExpression to an item and returns the new item; the old one is not touched. Every value on the right
// side, and every list index, means the item as it was before.

import type { AttributeValue, Item } from "../../aws/dynamodb.ts";
import { addDecimal, formatDecimal, negateDecimal, parseDecimal } from "./decimal.ts";
import { ActionRefusedError } from "./errors.ts";
import { valueAt } from "./evaluate.ts";
import type { Path, SetValue, UpdateClause } from "./expressions.ts";
import { copyValue, own, typeOf, valueText } from "./values.ts";

const WRONG_TYPE = "An operand in the update expression has an incorrect data type";
const BAD_PATH = "The document path provided in the update expression is invalid for update";
const NO_ATTRIBUTE = "The provided expression refers to an attribute that does not exist in the item";

/** Removals and additions of one list, put into effect together, so that indexes keep their meaning until then. */
interface ListEdit {
  readonly removed: Set<number>;
  readonly added: { readonly index: number; readonly value: AttributeValue }[];
}

/** `exists`: AWS ignores REMOVE of a nested path on an item that is not there, but refuses it on one that is. */
export function applyUpdate(clauses: readonly UpdateClause[], item: Item, exists: boolean): Item {
  const results = clauses.map((clause) => ({ path: clause.path, value: resultOf(clause, item) }));
  const updated: Item = { ...item };
  const copied = new Set<string | number>();
  const edits = new Map<AttributeValue[], ListEdit>();
  for (const { path, value } of results) {
    const [root = ""] = path;
    const current = own(updated, String(root));
    if (path.length > 1 && current !== undefined && !copied.has(root)) {
      define(updated, String(root), copyValue(current));
      copied.add(root);
    }
    if (path.length > 1 && value === undefined && !exists) continue;
    write(updated, path, value, edits);
  }
  for (const [list, edit] of edits) editList(list, edit);
  return updated;
}

/** The new value at the clause's path; undefined removes it. */
function resultOf(clause: UpdateClause, item: Item): AttributeValue | undefined {
  const old = valueAt(clause.path, item);
  switch (clause.kind) {
    case "set":
      return evaluate(clause.value, item);
    case "remove":
      return undefined;
    case "add":
      if (old === undefined) return clause.value;
      return clause.value.N === undefined ? union(old, clause.value) : sum(old, clause.value);
    case "delete":
      return old === undefined ? undefined : difference(old, clause.value);
  }
}

function evaluate(value: SetValue, item: Item): AttributeValue {
  switch (value.kind) {
    case "value":
      return value.value;
    case "path": {
      const found = valueAt(value.path, item);
      if (found === undefined) throw new ActionRefusedError(NO_ATTRIBUTE);
      return found;
    }
    case "if-not-exists":
      return valueAt(value.path, item) ?? evaluate(value.otherwise, item);
    case "plus":
      return sum(evaluate(value.left, item), evaluate(value.right, item));
    case "minus":
      return sum(evaluate(value.left, item), negative(evaluate(value.right, item)));
    case "list-append": {
      const [left, right] = [evaluate(value.left, item), evaluate(value.right, item)];
      if (left.L === undefined || right.L === undefined) throw new ActionRefusedError(WRONG_TYPE);
      return { L: [...left.L, ...right.L] };
    }
  }
}

function sum(left: AttributeValue, right: AttributeValue): AttributeValue {
  if (left.N === undefined || right.N === undefined) throw new ActionRefusedError(WRONG_TYPE);
  try {
    return { N: formatDecimal(addDecimal(parseDecimal(left.N), parseDecimal(right.N))) };
  } catch (error) {
    throw new ActionRefusedError(error instanceof Error ? error.message : String(error));
  }
}

function negative(value: AttributeValue): AttributeValue {
  return value.N === undefined ? value : { N: formatDecimal(negateDecimal(parseDecimal(value.N))) };
}

function union(old: AttributeValue, more: AttributeValue): AttributeValue {
  sameType(old, more);
  const rest = difference(more, old);
  if (old.SS !== undefined) return { SS: [...old.SS, ...(rest?.SS ?? [])] };
  if (old.NS !== undefined) return { NS: [...old.NS, ...(rest?.NS ?? [])] };
  return { BS: [...(old.BS ?? []), ...(rest?.BS ?? [])] };
}

/** Undefined when no member is left: DynamoDB has no empty sets. */
function difference(old: AttributeValue, less: AttributeValue): AttributeValue | undefined {
  sameType(old, less);
  if (old.SS !== undefined) {
    const SS = old.SS.filter((member) => !less.SS?.includes(member));
    return SS.length === 0 ? undefined : { SS };
  }
  if (old.NS !== undefined) {
    const NS = old.NS.filter((member) => !less.NS?.includes(member));
    return NS.length === 0 ? undefined : { NS };
  }
  const gone = new Set((less.BS ?? []).map((B) => valueText({ B })));
  const BS = (old.BS ?? []).filter((B) => !gone.has(valueText({ B })));
  return BS.length === 0 ? undefined : { BS };
}

function sameType(a: AttributeValue, b: AttributeValue): void {
  if (typeOf(a) !== typeOf(b)) throw new ActionRefusedError(WRONG_TYPE);
}

function write(
  item: Item,
  path: Path,
  value: AttributeValue | undefined,
  edits: Map<AttributeValue[], ListEdit>,
): void {
  const parent = valueAt(path.slice(0, -1), item);
  const last = path.at(-1);
  if (typeof last === "string" && parent?.M !== undefined) {
    if (value === undefined) delete parent.M[last];
    else define(parent.M, last, value);
  } else if (typeof last === "number" && parent?.L !== undefined) {
    writeElement(parent.L, last, value, edits);
  } else {
    throw new ActionRefusedError(BAD_PATH);
  }
}

function writeElement(
  list: AttributeValue[],
  index: number,
  value: AttributeValue | undefined,
  edits: Map<AttributeValue[], ListEdit>,
): void {
  const edit = edits.get(list) ?? { removed: new Set<number>(), added: [] };
  edits.set(list, edit);
  if (value === undefined) edit.removed.add(index);
  else if (index < list.length) list[index] = value;
  else edit.added.push({ index, value });
}

/** An index past the end appends: no holes. */
function editList(list: AttributeValue[], edit: ListEdit): void {
  const kept = list.filter((_, index) => !edit.removed.has(index));
  const added = edit.added.sort((a, b) => a.index - b.index).map((one) => one.value);
  list.splice(0, list.length, ...kept, ...added);
}

/** Also for names like "__proto__", which assignment would not store. */
function define(record: Item, name: string, value: AttributeValue): void {
  Object.defineProperty(record, name, { value, writable: true, enumerable: true, configurable: true });
}
