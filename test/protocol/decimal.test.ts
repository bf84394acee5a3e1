import Big from "big.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addDecimals, canonicalDecimal, decimalDigits } from "../../lib/protocol/decimal.ts";

const decimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }), fc.integer({ min: -120, max: 80 }))
  .map(([coefficient, exponent]) => `${coefficient}e${exponent}`);

describe("decimals", () => {
  it("adds exactly, as big.js does", () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        expect(new Big(addDecimals(a, b)).eq(new Big(a).plus(b))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("has one text per value", () => {
    fc.assert(
      fc.property(decimal, fc.nat(5), (text, zeros) => {
        const [coefficient, exponent] = text.split("e");
        const longer = `${coefficient}${"0".repeat(zeros)}e${Number(exponent) - zeros}`;
        expect(canonicalDecimal(longer)).toBe(canonicalDecimal(text));
      }),
    );
  });

  it.each([
    ["0.1", "0.2", "0.3"],
    ["-0.0", "0", "0"],
    ["9007199254740993", "1", "9007199254740994"],
    ["1e40", "0", "1E40"],
    ["-1.50", "0.5", "-1"],
    ["1e-39", "0", "1E-39"],
    [".5", "5.", "5.5"],
  ])("%s + %s = %s", (a, b, sum) => expect(addDecimals(a, b)).toBe(sum));

  it.each(["", "-", ".", "1e", "NaN", "Infinity", "0x10", "1_000", " 1"])("%j is no decimal number", (text) => {
    expect(canonicalDecimal(text)).toBeUndefined();
    expect(() => addDecimals(text, "1")).toThrow(RangeError);
  });

  it.each([
    ["100", 1],
    ["12.30", 3],
    ["0", 1],
    ["-99", 2],
  ])("%s has %i significant digits", (text, digits) => expect(decimalDigits(text)).toBe(digits));
});
