// The payload fingerprint: tells a duplicate from another payload under the same key.

import { canonicalJson } from "./canonical-json.ts";
import type { Sha256 } from "./key.ts";

/** Prefix of every fingerprint. Raised when the canonical form changes. */
export const FINGERPRINT_VERSION = "1";

/**
 * Throws a TypeError for what JSON would flatten: a promise, a Map or a Set becomes {} whatever it holds, so that two
 * payloads would look the same.
 */
export function refuseFlattened(value: unknown): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError(`${value} has no JSON form`);
  if (typeof value === "function" || typeof value === "symbol")
    throw new TypeError(`a ${typeof value} has no JSON form`);
  if (typeof value !== "object" || value === null) return;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${Object.prototype.toString.call(value)} has no JSON form of its content`);
  }
  for (const inner of Object.values(value)) refuseFlattened(inner);
}

/**
 * SHA-256 of the canonical JSON (sorted keys) of a decoded payload, so that the order of fields and white space do not
 * matter. Throws a TypeError for a value that has no JSON form.
 */
export function fingerprint(payload: unknown, sha256: Sha256): string {
  const text = canonicalJson(payload);
  if (text === undefined) throw new TypeError(`a value of type ${typeof payload} has no JSON form`);
  return `${FINGERPRINT_VERSION}:${sha256(text)}`;
}
