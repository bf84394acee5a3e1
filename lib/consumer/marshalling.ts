// Plain JavaScript values to and from DynamoDB's attribute values, by the SDK's own converter. What that converter would
// change or drop in silence is refused here, or copied.
//
//   V1. What is declared is what is stored: later changes of an object or a buffer do not count.
//   V2. Nothing but `undefined` is dropped.
//   V3. A number that JavaScript cannot hold is never rounded.

import { marshall, NumberValueImpl as NumberValue, unmarshall } from "@aws-sdk/util-dynamodb";
import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { canonicalDecimal } from "../protocol/decimal.ts";

/** `undefined` values are dropped; class instances and functions are refused. Throws what is wrong. */
export function toItem(value: object): Record<string, AttributeValue> {
  return ofTexts(value) ?? (marshall(copy(value), { removeUndefinedValues: true }) as Record<string, AttributeValue>);
}

/** Most keys are nothing but texts. Undefined for what holds anything else: it goes the long way. */
function ofTexts(value: object): Record<string, AttributeValue> | undefined {
  if (!isPlain(value)) return undefined;
  const item: Record<string, AttributeValue> = {};
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string" || name === "__proto__") return undefined;
    item[name] = { S: text };
  }
  return item;
}

// V1, V2. What is no plain value is left to the converter, which knows the SDK's own classes and refuses all others.
function copy(value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`a ${typeof value} has no attribute type`);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Set) return new Set([...value].map(copy));
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice();
  if (value instanceof ArrayBuffer) return new Uint8Array(value).slice();
  if (value instanceof Blob) throw new TypeError("a Blob has to be read first: pass its bytes");
  const entries = value instanceof Map ? [...value] : isPlain(value) ? Object.entries(value) : undefined;
  if (!entries) return value;
  if (entries.some(([name]) => name === "__proto__")) throw new TypeError('an attribute cannot be named "__proto__"');
  return Object.fromEntries(entries.map(([name, inner]) => [name, copy(inner)]));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Numbers that JavaScript cannot hold exactly become bigints, or the SDK's NumberValue where they are not whole. */
export function fromItem(item: Item): Record<string, unknown> {
  return unmarshall(item as Parameters<typeof unmarshall>[0], { wrapNumbers: exactNumber });
}

// V3
function exactNumber(text: string): number | bigint | NumberValue {
  const number = Number(text);
  const canonical = canonicalDecimal(text);
  if (canonicalDecimal(String(number)) === canonical && (!Number.isInteger(number) || Number.isSafeInteger(number)))
    return number;
  return canonical !== undefined && /^-?\d+$/.test(canonical) ? BigInt(canonical) : NumberValue.from(text);
}
