// Sizes by AWS's rules; numbers as measured against AWS.

import { expect, test } from "vitest";
import type { AttributeValue } from "../../lib/aws/dynamodb.ts";
import { attributeValueBytes, itemBytes } from "../../lib/protocol/item-size.ts";

test.each<[AttributeValue, number]>([
  [{ S: "" }, 0],
  [{ S: "é\u{1F600}" }, 6],
  [{ B: Uint8Array.of(1, 2, 3) }, 3],
  [{ BOOL: false }, 1],
  [{ NULL: true }, 1],
  [{ L: [] }, 3],
  [{ M: {} }, 3],
  [{ L: [{ S: "ab" }, { BOOL: true }] }, 3 + 1 + 2 + 1 + 1],
  [{ M: { key: { S: "ab" } } }, 3 + 1 + 3 + 2],
  [{ SS: ["a", "bc"] }, 3],
  [{ NS: ["1", "100"] }, 4],
  [{ BS: [Uint8Array.of(1), Uint8Array.of(2, 3)] }, 3],
])("%j has %i bytes", (value, bytes) => expect(attributeValueBytes(value)).toBe(bytes));

test.each([
  ["0", 1],
  ["-0.00", 1],
  ["1", 2],
  ["12", 2],
  ["123", 3],
  ["-1", 3],
  ["123456", 4],
  ["3.14159", 5],
  ["0.001", 2],
  ["0.0015", 2],
  ["100", 2],
  ["100.5", 4],
  ["1E125", 2],
  ["1e-130", 2],
  ["0042.1200", 3],
  ["9".repeat(38), 20],
  [`-${"9".repeat(38)}`, 21],
])("the number %s has %i bytes", (N, bytes) => expect(attributeValueBytes({ N })).toBe(bytes));

test("an item has its names and values", () => {
  expect(itemBytes({ pk: { S: "a" }, naïve: { N: "1" } })).toBe(2 + 1 + 6 + 2);
});
