// DynamoDB's numbers: exact, in DynamoDB's form, within its range.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDecimal,
  canonicalNumber,
  compareDecimal,
  formatDecimal,
  negateDecimal,
  parseDecimal,
} from "../../../lib/store/memory/decimal.ts";

const OVERFLOW = "Number overflow";
const UNDERFLOW = "Number underflow";
const UNREADABLE = "cannot be converted";

test.each([
  ["0", "0"],
  ["-0", "0"],
  ["0e125", "0"],
  ["007", "7"],
  ["+1", "1"],
  ["1.", "1"],
  [".5", "0.5"],
  ["-1.50", "-1.5"],
  ["1e3", "1000"],
  ["1E-7", "0.0000001"],
  ["123e-2", "1.23"],
  ["-12e-5", "-0.00012"],
  ["0042.1200", "42.12"],
  ["9".repeat(38), "9".repeat(38)],
  [`${"9".repeat(38)}00`, `${"9".repeat(38)}00`],
  ["1e125", `1${"0".repeat(125)}`],
  ["1e-130", `0.${"0".repeat(129)}1`],
])("%s is stored as %s", (text, stored) => expect(canonicalNumber(text)).toBe(stored));

test.each([
  ["1e126", OVERFLOW],
  ["-10e125", OVERFLOW],
  ["1e-131", UNDERFLOW],
  ["0e126", OVERFLOW],
  ["0e-131", UNDERFLOW],
  ["1e99999999999", OVERFLOW],
  ["1e-99999999999", UNDERFLOW],
  ["1e9223372036854775808", UNREADABLE],
  ["1".repeat(39), "38 significant digits"],
  ["", UNREADABLE],
  ["abc", UNREADABLE],
  ["1e", UNREADABLE],
  [".", UNREADABLE],
  ["0x1", UNREADABLE],
  ["1 ", UNREADABLE],
  ["NaN", UNREADABLE],
  ["Infinity", UNREADABLE],
])("%j is refused: %s", (text, message) => expect(() => parseDecimal(text)).toThrow(message));

describe("arithmetic", () => {
  // Pairs of integers over one power of ten: their sums and order are those of BigInt.
  const integer = fc.bigInt({ min: -(10n ** 36n), max: 10n ** 36n });
  const exponent = fc.integer({ min: -90, max: 80 });
  const decimal = (value: bigint, power: number) => parseDecimal(`${value}e${power}`);

  test("adds exactly", () => {
    fc.assert(
      fc.property(integer, integer, exponent, (a, b, power) => {
        const sum = addDecimal(decimal(a, power), decimal(b, power));
        expect(sum).toEqual(decimal(a + b, power));
        expect(addDecimal(sum, negateDecimal(decimal(b, power)))).toEqual(decimal(a, power));
      }),
    );
  });
  test("orders exactly", () => {
    fc.assert(
      fc.property(integer, integer, exponent, (a, b, power) => {
        expect(compareDecimal(decimal(a, power), decimal(b, power))).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });
  test("the stored form reads back as the same number, and is its own stored form", () => {
    fc.assert(
      fc.property(integer, exponent, (a, power) => {
        const text = formatDecimal(decimal(a, power));
        expect(parseDecimal(text)).toEqual(decimal(a, power));
        expect(text).toMatch(/^(0|-?([1-9]\d*|(0|[1-9]\d*)\.\d*[1-9]))$/);
      }),
    );
  });
  test("a sum that needs more than 38 digits is refused", () => {
    expect(() => addDecimal(parseDecimal("1e38"), parseDecimal("1"))).toThrow("38 significant digits");
    expect(formatDecimal(addDecimal(parseDecimal("1e37"), parseDecimal("1")))).toBe(`1${"0".repeat(36)}1`);
  });
});
