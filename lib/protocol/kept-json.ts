// The JSON of a value that is kept on a record, to be given again. Pure.
//
//   RS1. What cannot come back as it went is an error before anything is written, never a different value.

import { refuseFlattened } from "./fingerprint.ts";

/** Throws a TypeError, or what a toJSON throws, for a value that JSON would change or drop. */
export function keptJson(value: unknown): string {
  refuseFlattened(value);
  const json: string | undefined = JSON.stringify(value, refuseChanged);
  if (json === undefined) throw new TypeError("its toJSON gives nothing");
  return json;
}

/** What a toJSON made of a value may be none, either. */
function refuseChanged(this: unknown, name: string, value: unknown): unknown {
  const given = (this as Record<string, unknown>)[name];
  if (value === given) return value;
  if (value === null && given instanceof Date) throw new TypeError("an invalid Date has no JSON form");
  refuseFlattened(value);
  return value;
}
