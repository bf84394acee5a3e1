// DynamoDB's numbers: decimals of up to 38 significant digits, exact, compared and added as such. The memory store's own,
// on purpose not shared with the code that it is the oracle of.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number

import { NUMBER_EXPONENT_MAX, NUMBER_EXPONENT_MIN } from "../../aws/dynamodb.ts";
import { NUMBER_DIGITS_MAX } from "../../aws/limits.ts";

/** coefficient x 10^exponent, with no trailing zero in the coefficient; zero is 0 x 10^0. */
export interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const NUMBER = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d+))?$/;
const INT64_MAX = 2n ** 63n - 1n;
/** Beyond every exponent that passes the range check, and small enough for arithmetic. */
const EXPONENT_CLAMP = 1_000_000n;

const OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range";
const UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const TOO_MANY_DIGITS = "Attempting to store more than 38 significant digits in a Number";

/** Throws AWS's message as an Error; callers give it the fitting name. */
export function parseDecimal(text: string): Decimal {
  const parts = NUMBER.exec(text);
  const writtenExponent = BigInt(parts?.[3] ?? "0");
  if (parts === null || writtenExponent > INT64_MAX || writtenExponent < -INT64_MAX) {
    throw new Error(`The parameter cannot be converted to a numeric value${text === "" ? "" : `: ${text}`}`);
  }
  const [, sign, digits = "0"] = parts;
  const fractionDigits = digits.includes(".") ? digits.length - digits.indexOf(".") - 1 : 0;
  const magnitude = BigInt(digits.replace(".", ""));
  const exponent = Number(clamp(writtenExponent)) - fractionDigits;
  // AWS checks a zero by the exponent that it was written with.
  if (magnitude === 0n) return checkRange(Number(clamp(writtenExponent)), { coefficient: 0n, exponent: 0 });
  return checked(sign === "-" ? -magnitude : magnitude, exponent);
}

export function addDecimal(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return checked(scaled(a, exponent) + scaled(b, exponent), exponent);
}

export function negateDecimal(a: Decimal): Decimal {
  return { coefficient: -a.coefficient, exponent: a.exponent };
}

/** Negative, zero or positive. */
export function compareDecimal(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const difference = scaled(a, exponent) - scaled(b, exponent);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** As DynamoDB returns it: no exponent, no leading or trailing zeros. */
export function formatDecimal({ coefficient, exponent }: Decimal): string {
  if (exponent >= 0) return `${coefficient}${"0".repeat(exponent)}`;
  const sign = coefficient < 0n ? "-" : "";
  const digits = `${coefficient < 0n ? -coefficient : coefficient}`.padStart(1 - exponent, "0");
  return `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
}

/** The number in DynamoDB's form. */
export function canonicalNumber(text: string): string {
  return formatDecimal(parseDecimal(text));
}

function checked(coefficient: bigint, exponent: number): Decimal {
  if (coefficient === 0n) return { coefficient: 0n, exponent: 0 };
  const text = `${coefficient < 0n ? -coefficient : coefficient}`;
  const digits = text.replace(/0+$/, "");
  const trimmed = text.length - digits.length;
  const result = { coefficient: coefficient / 10n ** BigInt(trimmed), exponent: exponent + trimmed };
  checkRange(exponent + text.length - 1, result);
  if (digits.length > NUMBER_DIGITS_MAX) throw new Error(TOO_MANY_DIGITS);
  return result;
}

function checkRange(magnitude: number, value: Decimal): Decimal {
  if (magnitude > NUMBER_EXPONENT_MAX) throw new Error(OVERFLOW);
  if (magnitude < NUMBER_EXPONENT_MIN) throw new Error(UNDERFLOW);
  return value;
}

function scaled(value: Decimal, exponent: number): bigint {
  return value.coefficient * 10n ** BigInt(value.exponent - exponent);
}

function clamp(exponent: bigint): bigint {
  if (exponent > EXPONENT_CLAMP) return EXPONENT_CLAMP;
  return exponent < -EXPONENT_CLAMP ? -EXPONENT_CLAMP : exponent;
}
