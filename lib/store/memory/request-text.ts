// Canonical text of a request, to tell whether a request token comes with the same parameters. AWS compares them by
// meaning, not by the order of their keys (github.com/localstack/localstack, pull 6596, measured against AWS).

import { hex } from "./values.ts";

/** Absent and undefined members are the same; the order of an object's keys does not count, that of a list does. */
export function requestText(value: unknown): string {
  if (value instanceof Uint8Array) return `binary ${hex(value)}`;
  if (Array.isArray(value)) return `[${value.map(requestText).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${requestText(member)}`).join()}}`;
}
