// The idempotency key: names the intended effect of a message. Fails closed: no usable key, no run.
//
//   K1. A key is a non-empty string, or a list of non-empty strings. Anything else is an error of that message alone.
//   K2. Different keys never share a record: the whole SHA-256 (256 bits) is kept, and lists are encoded unambiguously.

import { SemelError } from "../errors.ts";

/** The message attribute in which a publisher stamps the idempotency key. */
export const KEY_ATTRIBUTE = "semel-idempotency-key";

export type KeyText =
  | {
      readonly ok: true;
      /** For the handler and the remote systems that it calls. */
      readonly key: string;
      /** What is hashed: JSON, so that a list and a string that looks like one stay apart, and so do lone surrogates. */
      readonly canonical: string;
    }
  | { readonly ok: false; readonly error: SemelError };

/** Hex SHA-256 of a text; the shell brings it. */
export type Sha256 = (text: string) => string;

// What a template literal makes of a value that was not there: `${invoice}/${undefined}`.
const MISSING_PART = /undefined|\[object |(?<![A-Za-z])(?:null|NaN)(?![A-Za-z])/;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

const REMEDY =
  "Return the id that the producer gave the intended effect, as a string, or its parts as a list of strings";

/** Checks what a `key` option gave for one message. */
export function keyText(value: unknown, origin: string): KeyText {
  const parts = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  if (parts.length === 0) return refused(`${origin} gave an empty list. ${REMEDY}`);
  for (const [index, part] of parts.entries()) {
    const where = Array.isArray(value) ? `part ${index + 1} of ${parts.length}` : "the key";
    if (typeof part !== "string") return refused(`${origin} gave ${describe(part)} for ${where}. ${REMEDY}`);
    if (part.trim() === "") return refused(`${origin} gave an empty string for ${where}. ${REMEDY}`);
    if (MISSING_PART.test(part) || !LETTER_OR_DIGIT.test(part)) {
      return refused(`${origin} gave ${JSON.stringify(part)}, which looks partly missing. ${REMEDY}`);
    }
  }
  const canonical = JSON.stringify(value); // K2
  return { ok: true, key: Array.isArray(value) ? canonical : (value as string), canonical };
}

function refused(message: string): KeyText {
  const error = new SemelError(`No usable idempotency key: ${message}`, { code: "SEMEL_KEY", retryable: false });
  return { ok: false, error };
}

function describe(value: unknown): string {
  return value === undefined || value === null ? String(value) : `a value of type ${typeof value}`;
}

/** Follows a dot path through a decoded body; undefined where it ends early. Own properties only. */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** Partition key of the record: the consumer's name is its scope. The hash has a fixed length, so names may hold a #. */
export function recordKey(consumer: string, canonicalKey: string, sha256: Sha256): string {
  return `${consumer}#${sha256(canonicalKey)}`; // K2
}
