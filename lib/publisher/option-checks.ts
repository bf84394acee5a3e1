// What checks of options have in common.

import { SemelError } from "../errors.ts";

export function wholeNumber(name: string, value: unknown, [min, max]: readonly [number, number]): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw invalid(`${name} is ${String(value)}. Use a whole number from ${min} to ${max}`);
}

export function invalid(what: string): SemelError {
  return new SemelError(`Cannot start the publisher: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
