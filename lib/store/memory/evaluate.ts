// Evaluates conditions on an item, and projects one. Pure; an absent item has no attributes.

import type { AttributeValue, Item } from "../../aws/dynamodb.ts";
import type { Comparator, Condition, Operand, Path } from "./expressions.ts";
import { compare, equal, hex, own, typeOf, valueText } from "./values.ts";

export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case "and":
      return holds(condition.left, item) && holds(condition.right, item);
    case "or":
      return holds(condition.left, item) || holds(condition.right, item);
    case "not":
      return !holds(condition.condition, item);
    case "exists":
      return (valueAt(condition.path, item) !== undefined) === condition.expected;
    case "comparison":
      return compares(condition.comparator, read(condition.left, item), read(condition.right, item));
    case "between": {
      const value = read(condition.operand, item);
      const [lower, upper] = [read(condition.lower, item), read(condition.upper, item)];
      return compares(">=", value, lower) && compares("<=", value, upper);
    }
    case "in": {
      const value = read(condition.operand, item);
      return condition.candidates.some((candidate) => compares("=", value, read(candidate, item)));
    }
    case "type": {
      const value = read(condition.operand, item);
      return value !== undefined && typeOf(value) === condition.type;
    }
    case "begins-with":
      return beginsWith(read(condition.operand, item), read(condition.prefix, item));
    case "contains":
      return contains(read(condition.operand, item), read(condition.element, item));
  }
}

/** An absent operand is unequal to everything, another absent one included; it has no order. */
function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (left === undefined || right === undefined) return comparator === "<>";
  if (comparator === "=") return equal(left, right);
  if (comparator === "<>") return !equal(left, right);
  const order = compare(left, right);
  if (order === undefined) return false;
  if (comparator === "<") return order < 0;
  if (comparator === "<=") return order <= 0;
  return comparator === ">" ? order > 0 : order >= 0;
}

function read(operand: Operand, item: Item): AttributeValue | undefined {
  switch (operand.kind) {
    case "value":
      return operand.value;
    case "path":
      return valueAt(operand.path, item);
    case "size":
      return sizeOf(read(operand.operand, item));
  }
}

function sizeOf(value: AttributeValue | undefined): AttributeValue | undefined {
  if (value === undefined) return undefined;
  // UTF-16 code units, measured against AWS: github.com/ExtendDB/extenddb, pull 67.
  if (value.S !== undefined) return { N: String(value.S.length) };
  if (value.M !== undefined) return { N: String(Object.keys(value.M).length) };
  const counted = value.B ?? value.L ?? value.SS ?? value.NS ?? value.BS;
  return counted === undefined ? undefined : { N: String(counted.length) };
}

function beginsWith(value: AttributeValue | undefined, prefix: AttributeValue | undefined): boolean {
  if (value?.S !== undefined && prefix?.S !== undefined) return value.S.startsWith(prefix.S);
  if (value?.B !== undefined && prefix?.B !== undefined) return hex(value.B).startsWith(hex(prefix.B));
  return false;
}

function contains(value: AttributeValue | undefined, element: AttributeValue | undefined): boolean {
  if (value === undefined || element === undefined) return false;
  if (value.S !== undefined) return element.S !== undefined && value.S.includes(element.S);
  if (value.B !== undefined) return element.B !== undefined && Buffer.from(value.B).includes(Buffer.from(element.B));
  if (value.L !== undefined) return value.L.some((one) => equal(one, element));
  return membersOf(value).has(valueText(element));
}

function membersOf(value: AttributeValue): ReadonlySet<string> {
  const members: AttributeValue[] = [
    ...(value.SS ?? []).map((S) => ({ S })),
    ...(value.NS ?? []).map((N) => ({ N })),
    ...(value.BS ?? []).map((B) => ({ B })),
  ];
  return new Set(members.map(valueText));
}

/** The value at a document path, or undefined. */
export function valueAt(path: Path, item: Item): AttributeValue | undefined {
  let current: AttributeValue | undefined = { M: item };
  for (const step of path) {
    if (current === undefined) return undefined;
    current = typeof step === "number" ? current.L?.[step] : current.M && own(current.M, step);
  }
  return current;
}

/** Only what the paths name; elements of a list close up, in their order. */
export function project(item: Item, paths: readonly Path[]): Item {
  const projected = projectValue({ M: item }, paths);
  return projected?.M ?? {};
}

function projectValue(value: AttributeValue, paths: readonly Path[]): AttributeValue | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  const inner = (step: string | number): Path[] =>
    paths.filter((path) => path[0] === step).map((path) => path.slice(1));
  const steps = new Set(paths.map((path) => path[0] ?? ""));
  if (value.M !== undefined) {
    const entries = Object.entries(value.M).filter(([name]) => steps.has(name));
    const kept = entries.flatMap(([name, one]) => {
      const projected = projectValue(one, inner(name));
      return projected === undefined ? [] : [[name, projected] as const];
    });
    return kept.length === 0 ? undefined : { M: Object.fromEntries(kept) };
  }
  const kept = (value.L ?? []).flatMap((one, index) => {
    const projected = steps.has(index) ? projectValue(one, inner(index)) : undefined;
    return projected === undefined ? [] : [projected];
  });
  return kept.length === 0 ? undefined : { L: kept };
}
