// Records to and from DynamoDB items, in raw attribute values: the document client does not decode cancellation
// reasons, so nothing here relies on it.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { RECORD_TABLE } from "../contract.ts";
import {
  type FoundRecord,
  isClaimed,
  RECORD_FORMAT_VERSION,
  type StepResults,
  type StoredRecord,
} from "../protocol/record.ts";
import { itemToWatermark } from "./watermark-items.ts";

export function recordToItem(record: StoredRecord): Item {
  return {
    [RECORD_TABLE.partitionKey]: { S: record.pk },
    formatVersion: FORMAT_VERSION,
    status: { S: record.status },
    messageId: { S: record.messageId },
    attemptId: { S: record.attemptId },
    fingerprint: { S: record.fingerprint },
    [RECORD_TABLE.timeToLive]: { N: String(record.expiresAtSeconds) },
    ...(record.fencingToken === undefined ? {} : { fencingToken: { N: String(record.fencingToken) } }),
    ...ownAttributes(record),
  };
}

const FORMAT_VERSION = { N: String(RECORD_FORMAT_VERSION) };

function ownAttributes(record: StoredRecord): Item {
  if (isClaimed(record)) {
    const { rejection } = record;
    return {
      ...(rejection && {
        rejectedMessageId: { S: rejection.messageId },
        code: { S: rejection.code },
        reason: { S: rejection.reason },
      }),
      claimedAt: { N: String(record.claimedAtMs) },
      leaseUntil: { N: String(record.leaseUntilMs) },
      ownerDeadline: { N: String(record.ownerDeadlineMs) },
      steps: { M: Object.fromEntries(Object.entries(record.steps).map(([name, json]) => [name, stepValue(json)])) },
    };
  }
  const committedAt = { N: String(record.committedAtMs) };
  if (record.status === "REJECTED") return { committedAt, code: { S: record.code }, reason: { S: record.reason } };
  const { result } = record;
  if (result === undefined) return { committedAt };
  return { committedAt, result: typeof result === "string" ? { S: result } : { B: result } };
}

export function stepValue(json: string | null): AttributeValue {
  return json === null ? { NULL: true } : { S: json };
}

/** Anything that is not a whole record of this format is unreadable, and never taken for done. */
export function itemToRecord(item: Item): FoundRecord {
  const watermark = itemToWatermark(item);
  if (watermark) return { kind: "watermark", watermark };
  const text = (name: string): string | undefined => item[name]?.S;
  const number = (name: string): number => Number(item[name]?.N ?? Number.NaN);
  const formatVersion = item["formatVersion"]?.N ?? "none";
  const status = text("status") ?? "none";
  const [pk, attemptId, fingerprint] = [text(RECORD_TABLE.partitionKey), text("attemptId"), text("fingerprint")];
  const unreadable: FoundRecord = { kind: "unreadable", formatVersion, status };
  if (formatVersion !== String(RECORD_FORMAT_VERSION)) return unreadable;
  if (pk === undefined || attemptId === undefined || fingerprint === undefined) return unreadable;
  // Records of before rejections have none; only that of a REJECTED one is ever compared.
  const messageId = text("messageId");
  const expiresAtSeconds = number(RECORD_TABLE.timeToLive);
  const base = { pk, attemptId, fingerprint, expiresAtSeconds, messageId: messageId ?? "" };
  const [fencingToken, committedAtMs] = [number("fencingToken"), number("committedAt")];
  if (status === "IN_PROGRESS" || status === "RELEASED") {
    const [claimedAtMs, leaseUntilMs, ownerDeadlineMs] = ["claimedAt", "leaseUntil", "ownerDeadline"].map(number);
    const steps = stepsOf(item["steps"]);
    if (!Number.isInteger(fencingToken) || !isNumber(claimedAtMs) || !isNumber(leaseUntilMs)) return unreadable;
    if (!isNumber(ownerDeadlineMs) || !steps) return unreadable;
    const rejectedId = text("rejectedMessageId");
    const rejection = rejectedId && { messageId: rejectedId, code: text("code") ?? "", reason: text("reason") ?? "" };
    const lease = { fencingToken, claimedAtMs, leaseUntilMs, ownerDeadlineMs };
    const claim = { ...lease, steps, ...(rejection ? { rejection } : {}) };
    return { kind: "record", record: { ...base, ...claim, status } };
  }
  if (!isNumber(committedAtMs)) return unreadable;
  const committed = { ...base, committedAtMs, ...(isNumber(fencingToken) ? { fencingToken } : {}) };
  if (status === "COMPLETED") {
    const result = item["result"]?.S ?? item["result"]?.B;
    return { kind: "record", record: { ...committed, status, ...(result === undefined ? {} : { result }) } };
  }
  if (status !== "REJECTED" || messageId === undefined) return unreadable;
  const [code, reason, steps] = [text("code") ?? "", text("reason") ?? "", stepsOf(item["steps"])];
  return { kind: "record", record: { ...committed, status, code, reason, ...(steps ? { steps } : {}) } };
}

function isNumber(value: number | undefined): value is number {
  return Number.isFinite(value);
}

/** Undefined: not as this version writes them. */
function stepsOf(value: AttributeValue | undefined): StepResults | undefined {
  if (!value?.M) return undefined;
  const steps = Object.entries(value.M).map(([name, { S, NULL }]) => [name, S ?? (NULL ? null : undefined)] as const);
  return steps.every(([, json]) => json !== undefined) ? (Object.fromEntries(steps) as StepResults) : undefined;
}
