// Reads typed values out of parsed JSON. Pure; `where` names the place in errors.
import { localError } from "./local-error.ts";

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An absent object counts as empty. */
export function objectAt(value: unknown, where: string): JsonObject {
  if (value === undefined) return {};
  if (isObject(value)) return value;
  throw wrong(value, where, "an object");
}

/** An absent list counts as empty. */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  throw wrong(value, where, "a list");
}

export function textAt(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  // CloudFormation turns scalars into strings where a string is asked for.
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw wrong(value, where, "a string");
}

export function optionalTextAt(value: unknown, where: string): string | undefined {
  return value === undefined ? undefined : textAt(value, where);
}

/** CloudFormation takes "5" for 5. */
export function integerAt(value: unknown, where: string, fallback: number): number {
  if (value === undefined) return fallback;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number)) return number;
  throw wrong(value, where, "a whole number");
}

function wrong(value: unknown, where: string, wanted: string): Error {
  return localError(`Cannot read ${where}: it is ${JSON.stringify(value)}; it must be ${wanted}`);
}
