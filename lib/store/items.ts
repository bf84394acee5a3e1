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
    messageId: { S: record.messageId },
    attemptId: { S: record.attemptId },
    fingerprint: { S: record.fingerprint },
    committedAt: { N: String(record.committedAtMs) },
    [RECORD_TABLE.timeToLive]: { N: String(record.expiresAtSeconds) },
    ...(record.status === "REJECTED" ? { code: { S: record.code }, reason: { S: record.reason } } : {}),
  };
}

/** Anything that is not a whole record of this format is unreadable, and never taken for done. */
export function itemToRecord(item: Item): FoundRecord {
  const text = (name: string): string | undefined => item[name]?.S;
  const formatVersion = item["formatVersion"]?.N ?? "none";
  const status = text("status") ?? "none";
  const [pk, attemptId, fingerprint] = [text(RECORD_TABLE.partitionKey), text("attemptId"), text("fingerprint")];
  const committedAtMs = Number(item["committedAt"]?.N ?? Number.NaN);
  const unreadable: FoundRecord = { kind: "unreadable", formatVersion, status };
  if (formatVersion !== String(RECORD_FORMAT_VERSION) || !Number.isFinite(committedAtMs)) return unreadable;
  if (pk === undefined || attemptId === undefined || fingerprint === undefined) return unreadable;
  // Records of before rejections have none; only that of a REJECTED one is ever compared.
  const messageId = text("messageId");
  const expiresAtSeconds = Number(item[RECORD_TABLE.timeToLive]?.N);
  const base = { pk, attemptId, fingerprint, committedAtMs, expiresAtSeconds, messageId: messageId ?? "" };
  if (status === "COMPLETED") return { kind: "record", record: { ...base, status } };
  if (status !== "REJECTED" || messageId === undefined) return unreadable;
  const [code, reason] = [text("code") ?? "", text("reason") ?? ""];
  return { kind: "record", record: { ...base, status, code, reason } };
}
