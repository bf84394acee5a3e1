// Attribute values: check and copy what came in, compare, order, write as canonical text. Values inside the memory store
// are canonical (numbers in DynamoDB's form) and never changed in place.

import {
  ATTRIBUTE_TYPES,
  type AttributeType,
  type AttributeValue,
  type Item,
  NESTING_LEVELS_MAX,
} from "../../aws/dynamodb.ts";
import { canonicalNumber, compareDecimal, parseDecimal } from "./decimal.ts";
import { validationError } from "./errors.ts";

const INVALID = "One or more parameter values were invalid:";

/** A checked, canonical copy; throws ValidationException. */
export function canonicalItem(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, canonicalValue(value)]));
}

/** A checked, canonical copy; throws ValidationException. */
export function canonicalValue(value: AttributeValue, level = 1): AttributeValue {
  if (level > NESTING_LEVELS_MAX) {
    throw validationError(
      "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit",
    );
  }
  onlyType(value);
  if (value.N !== undefined) return { N: canonicalNumberOf(value.N) };
  if (value.B !== undefined) return { B: Uint8Array.from(value.B) };
  if (value.NULL !== undefined && !value.NULL) {
    throw validationError(`${INVALID} Null attribute value types must have the value of true`);
  }
  if (value.L !== undefined) return { L: value.L.map((element) => canonicalValue(element, level + 1)) };
  if (value.M !== undefined) {
    const entries = Object.entries(value.M);
    return { M: Object.fromEntries(entries.map(([name, inner]) => [name, canonicalValue(inner, level + 1)])) };
  }
  return canonicalSet(value) ?? { ...value };
}

function canonicalSet(value: AttributeValue): AttributeValue | undefined {
  if (value.SS !== undefined) return { SS: distinct(value.SS, "string", (text) => text) };
  if (value.NS !== undefined) return { NS: distinct(value.NS.map(canonicalNumberOf), "number", (text) => text) };
  if (value.BS !== undefined) return { BS: distinct(value.BS, "binary", hex).map((bytes) => Uint8Array.from(bytes)) };
  return undefined;
}

function distinct<T>(members: readonly T[], kind: string, textOf: (member: T) => string): T[] {
  if (members.length === 0) throw validationError(`${INVALID} An ${kind} set  may not be empty`);
  const texts = members.map(textOf);
  if (new Set(texts).size !== texts.length) {
    throw validationError(`${INVALID} Input collection [${texts.join(", ")}] contains duplicates.`);
  }
  return [...members];
}

function canonicalNumberOf(text: string): string {
  try {
    return canonicalNumber(text);
  } catch (error) {
    throw validationError(error instanceof Error ? error.message : String(error));
  }
}

function onlyType(value: AttributeValue): void {
  const set = ATTRIBUTE_TYPES.filter((type) => value[type] !== undefined);
  if (set.length === 1) return;
  const problem = set.length === 0 ? "is empty" : "has more than one datatypes set";
  throw validationError(`Supplied AttributeValue ${problem}, must contain exactly one of the supported datatypes`);
}

/** The one type of a canonical value. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type of ATTRIBUTE_TYPES) if (value[type] !== undefined) return type;
  throw new Error("a canonical value has exactly one type");
}

/** A copy that its owner may change without changing the store. */
export function copyItem(item: Item): Item {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, copyValue(value)]));
}

export function copyValue(value: AttributeValue): AttributeValue {
  if (value.L !== undefined) return { L: value.L.map(copyValue) };
  if (value.M !== undefined) return { M: copyItem(value.M) };
  if (value.B !== undefined) return { B: Uint8Array.from(value.B) };
  if (value.SS !== undefined) return { SS: [...value.SS] };
  if (value.NS !== undefined) return { NS: [...value.NS] };
  if (value.BS !== undefined) return { BS: value.BS.map((bytes) => Uint8Array.from(bytes)) };
  return { ...value };
}

/** Canonical text: two values have the same text exactly if DynamoDB holds them equal (sets have no order). */
export function valueText(value: AttributeValue): string {
  if (value.S !== undefined) return JSON.stringify(value.S);
  if (value.N !== undefined) return `N${value.N}`;
  if (value.B !== undefined) return `B${hex(value.B)}`;
  if (value.BOOL !== undefined) return String(value.BOOL);
  if (value.NULL !== undefined) return "null";
  if (value.L !== undefined) return `[${value.L.map(valueText).join()}]`;
  if (value.M !== undefined) return itemText(value.M);
  if (value.SS !== undefined)
    return `SS(${value.SS.map((text) => JSON.stringify(text))
      .sort()
      .join()})`;
  if (value.NS !== undefined) return `NS(${[...value.NS].sort().join()})`;
  return `BS(${(value.BS ?? []).map(hex).sort().join()})`;
}

export function itemText(item: Item): string {
  const names = Object.keys(item).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${valueText(own(item, name) ?? { NULL: true })}`).join()}}`;
}

export function equal(a: AttributeValue, b: AttributeValue): boolean {
  return valueText(a) === valueText(b);
}

/** Order of two values of one scalar type S, N or B; undefined for all others, which have none. */
export function compare(a: AttributeValue, b: AttributeValue): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S));
  if (a.N !== undefined && b.N !== undefined) return compareDecimal(parseDecimal(a.N), parseDecimal(b.N));
  if (a.B !== undefined && b.B !== undefined) return Buffer.compare(a.B, b.B);
  return undefined;
}

/** A property of the object's own: attribute names like "constructor" are names like any other. */
export function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
