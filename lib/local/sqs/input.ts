// Reads typed parameters of a request. A value of another type is malformed, as for SQS.
import { isObject, type JsonObject } from "../values.ts";
import { invalidParameter, missingParameter, SqsError } from "./errors.ts";

/** Absent, or null, which SDKs of other languages send. */
export function optionalText(input: JsonObject, name: string): string | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined || typeof value === "string") return value;
  throw malformed(name, value, "a string");
}

/** Empty counts as missing. */
export function requiredText(input: JsonObject, name: string): string {
  const value = optionalText(input, name);
  if (value === undefined || value === "") throw missingParameter(name);
  return value;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

export function optionalInteger(input: JsonObject, name: string, range: Range): number | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw malformed(name, value, "a whole number");
  if (value >= range.min && value <= range.max) return value;
  throw invalidParameter(name, value, `Must be between ${range.min} and ${range.max}, if provided.`);
}

export function textList(input: JsonObject, name: string): readonly string[] {
  const value = input[name] ?? [];
  if (Array.isArray(value) && value.every((one): one is string => typeof one === "string")) return value;
  throw malformed(name, value, "a list of strings");
}

export function objectList(input: JsonObject, name: string): readonly JsonObject[] {
  const value = input[name] ?? [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw malformed(name, value, "a list of objects");
}

export function optionalMap(input: JsonObject, name: string): JsonObject | undefined {
  const value = input[name] ?? undefined;
  if (value === undefined || isObject(value)) return value;
  throw malformed(name, value, "an object");
}

export function textMap(input: JsonObject, name: string): Readonly<Record<string, string>> {
  const entries = Object.entries(optionalMap(input, name) ?? {});
  return Object.fromEntries(
    entries.map(([key, value]): [string, string] => {
      if (typeof value !== "string") throw malformed(`${name}.${key}`, value, "a string");
      return [key, value];
    }),
  );
}

function malformed(name: string, value: unknown, wanted: string): SqsError {
  return new SqsError("MalformedInput", `${name} is ${JSON.stringify(value)}; it must be ${wanted}.`);
}
