// The payload fingerprint: tells a duplicate from another payload under the same key.

import { configure } from "safe-stable-stringify";
import type { Sha256 } from "./key.ts";

/** Prefix of every fingerprint. Raised when the canonical form changes. */
export const FINGERPRINT_VERSION = "1";

// Sorted keys; a circular value throws rather than becoming a text that others share.
const canonicalJson = configure({ deterministic: true, circularValue: Error });

/**
 * SHA-256 of the canonical JSON (sorted keys) of a decoded payload, so that the order of fields and white space do not
 * matter. Throws a TypeError for a value that has no JSON form.
 */
export function fingerprint(payload: unknown, sha256: Sha256): string {
  const text = canonicalJson(payload);
  if (text === undefined) throw new TypeError(`a value of type ${typeof payload} has no JSON form`);
  return `${FINGERPRINT_VERSION}:${sha256(text)}`;
}
