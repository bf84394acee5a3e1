// What a handler returned, kept with the record: JSON, deflated where that saves a write unit.

import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Item } from "../aws/dynamodb.ts";
import { ITEM_BYTES_MAX, WRITE_UNIT_BYTES } from "../aws/limits.ts";
import { SemelError } from "../errors.ts";
import { itemBytes } from "../protocol/item-size.ts";
import { keptJson } from "../protocol/kept-json.ts";
import type { CompletedRecord, StoredResult } from "../protocol/record.ts";
import { recordToItem } from "./items.ts";

/** The record with the value; without, where the handler returned nothing. Throws a SemelError. */
export function withResult(record: CompletedRecord, value: unknown): CompletedRecord {
  if (value === undefined) return record;
  const json = jsonOf(value);
  const plain: CompletedRecord = { ...record, result: json };
  const plainBytes = recordBytes(plain);
  if (plainBytes <= WRITE_UNIT_BYTES) return plain;
  const deflated: CompletedRecord = { ...record, result: new Uint8Array(deflateRawSync(json)) };
  const deflatedBytes = recordBytes(deflated);
  const saves = Math.ceil(deflatedBytes / WRITE_UNIT_BYTES) < Math.ceil(plainBytes / WRITE_UNIT_BYTES);
  const [chosen, bytes] = saves ? [deflated, deflatedBytes] : [plain, plainBytes];
  if (bytes <= ITEM_BYTES_MAX) return chosen;
  throw new SemelError(
    `Cannot keep the result of the handler: it has ${Buffer.byteLength(json)} bytes of JSON, and with it the record has ` +
      `${bytes}, compressed, but DynamoDB takes ${ITEM_BYTES_MAX} (400 KB). Return less, store large values elsewhere, or set ` +
      "storeResult to false",
    { code: "SEMEL_LIMIT", retryable: false },
  );
}

/** As it will be in the table: the end of a claim leaves the time of its acquisition, which has as many digits. */
function recordBytes(record: CompletedRecord): number {
  const claimedAt: Item = record.fencingToken === undefined ? {} : { claimedAt: { N: String(record.committedAtMs) } };
  return itemBytes({ ...recordToItem(record), ...claimedAt });
}

/** What was kept; undefined where nothing was. */
export function resultOf({ result }: { readonly result?: StoredResult | undefined }): unknown {
  if (result === undefined) return undefined;
  return JSON.parse(typeof result === "string" ? result : inflateRawSync(result).toString("utf8"));
}

// RS1 of protocol/kept-json.ts
function jsonOf(value: unknown): string {
  try {
    return keptJson(value);
  } catch (cause) {
    throw new SemelError(
      `Cannot keep the result of the handler: ${cause instanceof Error ? cause.message : String(cause)}. Return plain values: ` +
        "strings, finite numbers, booleans, null, arrays and objects of them; or set storeResult to false",
      { code: "SEMEL_RESULT", retryable: false, cause },
    );
  }
}
