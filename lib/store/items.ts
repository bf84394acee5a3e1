// Records to and from DynamoDB items, in raw attribute values: the document client does not decode cancellation
// reasons, so nothing here relies on it.

import type { Item } from "../aws/dynamodb.ts";
import { RECORD_TABLE } from "../contract.ts";
import { type FoundRecord, type IdempotencyRecord, RECORD_FORMAT_VERSION } from "../protocol/record.ts";

export function recordToItem(record: IdempotencyRecord): Item {
  return {
    [RECORD_TABLE.partitionKey]: { S: record.pk },
    formatVersion: { N: String(RECORD_FORMAT_VERSION) },
    status: { S: record.status },
    attemptId: { S: record.attemptId },
    fingerprint: { S: record.fingerprint },
    committedAt: { N: String(record.committedAtMs) },
    [RECORD_TABLE.timeToLive]: { N: String(record.expiresAtSeconds) },
  };
}

/** Anything that is not a whole record of this format is unreadable, and never taken for done. */
export function itemToRecord(item: Item): FoundRecord {
  const [pk, attemptId, fingerprint] = [
    item[RECORD_TABLE.partitionKey]?.S,
    item["attemptId"]?.S,
    item["fingerprint"]?.S,
  ];
  const formatVersion = item["formatVersion"]?.N ?? "none";
  const status = item["status"]?.S ?? "none";
  const committedAtMs = Number(item["committedAt"]?.N ?? Number.NaN);
  const known = formatVersion === String(RECORD_FORMAT_VERSION) && status === "COMPLETED";
  const whole =
    pk !== undefined && attemptId !== undefined && fingerprint !== undefined && Number.isFinite(committedAtMs);
  if (!known || !whole) {
    return { kind: "unreadable", formatVersion, status };
  }
  return {
    kind: "record",
    record: {
      pk,
      status,
      attemptId,
      fingerprint,
      committedAtMs,
      expiresAtSeconds: Number(item[RECORD_TABLE.timeToLive]?.N),
    },
  };
}
