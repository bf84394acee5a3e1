// What all drivers do to an event before they take it apart: checks, with errors that say what was seen. Pure.

import { SemelError } from "../errors.ts";

/** For errors: what the consumer can be called by. */
export const KNOWN_SOURCES =
  '"aws:sqs" (standard and FIFO queues), "aws:kinesis", "aws:dynamodb" (streams), "aws:kafka" and "SelfManagedKafka"';

export function unusable(what: string): SemelError {
  return new SemelError(`Cannot take the event: ${what}`, { code: "SEMEL_EVENT", retryable: false });
}

/** The records of an event whose list is called Records, none of them of another source than `source`. */
export function recordsOf(event: unknown, source: string): readonly Partial<Record<string, unknown>>[] {
  const list = listOf(event);
  return list.map((record, index) => {
    const found = sourceAt(list, index);
    if (found === source) return record as Record<string, unknown>;
    throw unusable(
      `record ${index} is of source ${JSON.stringify(found)}, not "${source}" as the first one. Known sources: ` +
        `${KNOWN_SOURCES}. Use a consumer for each source`,
    );
  });
}

/** What the first record says that it comes from. */
export function firstSource(event: unknown): unknown {
  return sourceAt(listOf(event), 0);
}

function listOf(event: unknown): readonly unknown[] {
  if (typeof event !== "object" || event === null) {
    throw unusable(`it is ${event === null ? "null" : typeof event}. Pass the event on as Lambda gave it`);
  }
  if ((event as { window?: unknown }).window !== undefined) {
    throw unusable(
      "it is of a tumbling window, whose answer would have to carry a state that semel does not keep. Leave " +
        "TumblingWindowInSeconds of the event source mapping out",
    );
  }
  const list = (event as { Records?: unknown }).Records;
  if (!Array.isArray(list)) {
    const fields = Object.keys(event).slice(0, 5).join(", ") || "none";
    throw unusable(
      `it has no Records (its fields: ${fields}). Known sources: ${KNOWN_SOURCES}. ` +
        "Call the function through an event source mapping",
    );
  }
  if (list.length === 0) throw unusable("its Records are empty. Lambda never sends that; look at what changed it");
  return list;
}

function sourceAt(list: readonly unknown[], index: number): unknown {
  const record = list[index] as { eventSource?: unknown; EventSource?: unknown } | null | undefined;
  return record?.eventSource ?? record?.EventSource; // SNS writes it large
}

/** A field that has to be a text; else `record ${where}` and `missing` say what is wrong. */
export function textOf(value: unknown, where: number | string, missing: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw unusable(`record ${where} ${missing}`);
}

/**
 * A payload that has to be base64, as Lambda gives it: what another middleware decoded would be decoded twice. It is given decoded, a
 * character a byte: `atob` takes a tenth of the time of a regular expression and a Buffer.
 */
export function binaryOf(value: unknown, what: string, where: number | string): string {
  const binary = typeof value === "string" ? decoded(value) : undefined;
  if (binary !== undefined) return binary;
  const seen = typeof value === "string" ? "not base64" : `of type ${value === null ? "null" : typeof value}`;
  throw unusable(
    `the ${what} of record ${where} is ${seen}: another middleware has already decoded it, most likely ` +
      "@middy/event-normalizer or Powertools' parser. Remove it: semel decodes the payload itself, and gives it to your schema",
  );
}

function decoded(base64: string): string | undefined {
  const padding = base64.endsWith("==") ? 2 : Number(base64.endsWith("="));
  try {
    const binary = atob(base64);
    return binary.length === (base64.length / 4) * 3 - padding ? binary : undefined; // shorter: there was white space
  } catch {
    return undefined;
  }
}

/** Positions of a source: decimal digits, zero-padded to a fixed width, so that texts compare as numbers do. */
export function positionsOf(name: string, width: number): (digits: unknown, where: number | string) => string {
  return (digits, where) => {
    if (typeof digits === "string" && digits.length <= width && DIGITS.test(digits)) return digits.padStart(width, "0");
    throw unusable(
      `the ${name} of record ${where} is ${JSON.stringify(digits)}, not a number of at most ${width} digits`,
    );
  };
}

const DIGITS = /^\d+$/;
