// The #names and :values of one action or read: looked up by its expressions, and none may be left over.

import type { AttributeValue } from "../../aws/dynamodb.ts";
import { validationError } from "./errors.ts";
import { canonicalValue, own } from "./values.ts";

export interface Placeholders {
  /** The attribute name behind `#name`, or undefined. */
  name(placeholder: string): string | undefined;
  /** The canonical value behind `:value`, or undefined. */
  value(placeholder: string): AttributeValue | undefined;
  /** Throws if something was given that no expression used. */
  checkAllUsed(): void;
}

export interface PlaceholderInput {
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

export function placeholders(input: PlaceholderInput): Placeholders {
  const names = input.ExpressionAttributeNames;
  const values = input.ExpressionAttributeValues;
  checkKeys("ExpressionAttributeNames", names, "#");
  checkKeys("ExpressionAttributeValues", values, ":");
  const canonical = Object.fromEntries(
    Object.entries(values ?? {}).map(([placeholder, value]) => [placeholder, canonicalValue(value)]),
  );
  const used = new Set<string>();
  return {
    name(placeholder) {
      used.add(placeholder);
      return own(names ?? {}, placeholder);
    },
    value(placeholder) {
      used.add(placeholder);
      return own(canonical, placeholder);
    },
    checkAllUsed() {
      checkUsed("ExpressionAttributeNames", names, used);
      checkUsed("ExpressionAttributeValues", values, used);
    },
  };
}

function checkKeys(parameter: string, map: object | undefined, sign: string): void {
  if (map === undefined) return;
  const keys = Object.keys(map);
  if (keys.length === 0) throw validationError(`${parameter} must not be empty`);
  for (const key of keys) {
    if (/^[#:][A-Za-z0-9_]+$/.test(key) && key.startsWith(sign)) continue;
    throw validationError(`${parameter} contains invalid key: Syntax error; key: "${key}"`);
  }
}

function checkUsed(parameter: string, map: object | undefined, used: ReadonlySet<string>): void {
  const unused = Object.keys(map ?? {}).filter((key) => !used.has(key));
  if (unused.length === 0) return;
  throw validationError(`Value provided in ${parameter} unused in expressions: keys: {${unused.join(", ")}}`);
}
