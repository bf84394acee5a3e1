// Sizes of items in bytes, as DynamoDB counts them against its limits of 400 KB an item and 4 MB a transaction. Pure.
//
// The rules: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
// For numbers that page says "approximately" 1 byte per two significant digits and 1 byte. Measured against AWS to the byte
// (github.com/paritysuite/dynamodb-conformance, limits/numberByteSize, eu-west-2, 2026-08) it is the formula below, never
// less than the page's. A value too many here is a refused commit in production, so the measured one is used.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";

/** A list or map, whatever is in it. */
const DOCUMENT_BYTES = 3;
/** Each element of a list or map. */
const ELEMENT_BYTES = 1;

/** Names and values of an item, bytes. */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) bytes += utf8Bytes(name) + attributeValueBytes(value);
  }
  return bytes;
}

/** One value without its name, bytes. */
export function attributeValueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return utf8Bytes(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return value.B.byteLength;
  if (value.SS !== undefined) return sum(value.SS, utf8Bytes);
  if (value.NS !== undefined) return sum(value.NS, numberBytes);
  if (value.BS !== undefined) return sum(value.BS, (bytes) => bytes.byteLength);
  if (value.L !== undefined) return DOCUMENT_BYTES + sum(value.L, (one) => ELEMENT_BYTES + attributeValueBytes(one));
  if (value.M !== undefined) {
    return DOCUMENT_BYTES + Object.keys(value.M).length * ELEMENT_BYTES + itemBytes(value.M);
  }
  return 1; // BOOL and NULL
}

/** Without a sign and outer zeros. */
const WHOLE_NUMBER = /^[1-9](?:\d*[1-9])?$/;

/** 1 + half the digits before the point + half those after it, each rounded up, + 1 if negative; outer zeros don't count. */
function numberBytes(text: string): number {
  if (WHOLE_NUMBER.test(text)) return 1 + Math.ceil(text.length / 2);
  const parts = /^\s*([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?\s*$/.exec(text);
  if (parts === null) return 1 + Math.ceil(text.length / 2); // not a number: DynamoDB refuses it anyway
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const padded = whole + fraction;
  const leadingZeros = padded.length - padded.replace(/^0+/, "").length;
  const digits = padded.replace(/^0+/, "").replace(/0+$/, "");
  if (digits === "") return 1;
  // Significant digits that stand before the decimal point: negative when zeros follow the point first.
  const before = whole.length + Number(exponent) - leadingZeros;
  const beforeDigits = Math.min(Math.max(before, 0), digits.length);
  const afterDigits = digits.length - beforeDigits;
  return 1 + Math.ceil(beforeDigits / 2) + Math.ceil(afterDigits / 2) + (sign === "-" ? 1 : 0);
}

function utf8Bytes(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

function sum<T>(values: readonly T[], bytesOf: (value: T) => number): number {
  return values.reduce((total, value) => total + bytesOf(value), 0);
}
