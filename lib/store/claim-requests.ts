// The writes of strategy claim, as DynamoDB requests. Pure. The invariants are those of protocol/claim.ts.

import type { Item, UpdateAction } from "../aws/dynamodb.ts";
import { RECORD_TABLE } from "../contract.ts";
import {
  type ClaimedRecord,
  type IdempotencyRecord,
  isClaimed,
  RECORD_FORMAT_VERSION,
  type RejectedRecord,
} from "../protocol/record.ts";
import { recordToItem, stepValue } from "./items.ts";
import type { PutItemInput, UpdateItemInput } from "./send.ts";

const FORMAT: Item = { ":semelFormat": { N: String(RECORD_FORMAT_VERSION) } };
const STATUS = { "#semelStatus": "status" }; // a reserved word

/** CL1. The record is held by this attempt, under this token. */
const HELD =
  "#semelStatus = :semelHeld AND fencingToken = :semelToken AND attemptId = :semelAttempt AND formatVersion = :semelFormat";

function held(fencingToken: number, attemptId: string): Item {
  return {
    ...FORMAT,
    ":semelHeld": { S: "IN_PROGRESS" },
    ":semelToken": { N: String(fencingToken) },
    ":semelAttempt": { S: attemptId },
  };
}

/** The first acquisition of a key. */
export function createClaim(table: string, claim: ClaimedRecord): PutItemInput {
  return {
    TableName: table,
    Item: recordToItem(claim),
    ConditionExpression: `attribute_not_exists(${RECORD_TABLE.partitionKey})`,
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

/** Takes over a record exactly as it was seen, but for its steps: its old owner may have added to them since. CL2, CL4 */
export function takeOverClaim(
  table: string,
  claim: ClaimedRecord,
  seen: ClaimedRecord | RejectedRecord,
): UpdateItemInput {
  const { fencingToken, leaseUntilMs } = isClaimed(seen) ? seen : { ...seen, leaseUntilMs: undefined };
  const conditions = [
    "#semelStatus = :semelSeen",
    "attemptId = :semelSeenAttempt",
    "formatVersion = :semelFormat",
    fencingToken === undefined ? "attribute_not_exists(fencingToken)" : "fencingToken = :semelSeenToken",
    ...(leaseUntilMs === undefined ? [] : ["leaseUntil = :semelSeenLease"]),
    ...(seen.fingerprint === claim.fingerprint ? [] : ["(attribute_not_exists(steps) OR steps = :semelNoSteps)"]), // CL5
  ];
  const { steps: _, ...set } = recordToItem(claim); // added to, not replaced
  const { assignments, names, values } = setAll(set);
  return {
    TableName: table,
    Key: { [RECORD_TABLE.partitionKey]: { S: claim.pk } },
    UpdateExpression: `SET ${assignments}, steps = if_not_exists(steps, :semelNoSteps) REMOVE committedAt`,
    ConditionExpression: conditions.join(" AND "),
    ExpressionAttributeNames: { ...STATUS, ...names },
    ExpressionAttributeValues: {
      ...FORMAT,
      ...values,
      ":semelNoSteps": { M: {} },
      ":semelSeen": { S: seen.status },
      ":semelSeenAttempt": { S: seen.attemptId },
      ...(fencingToken === undefined ? {} : { ":semelSeenToken": { N: String(fencingToken) } }),
      ...(leaseUntilMs === undefined ? {} : { ":semelSeenLease": { N: String(leaseUntilMs) } }),
    },
    ReturnValues: "ALL_NEW", // the steps
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

export function renewLease(table: string, lease: ClaimedRecord, leaseUntilMs: number): UpdateItemInput {
  const set = {
    UpdateExpression: "SET leaseUntil = :semelLease",
    values: { ":semelLease": { N: String(leaseUntilMs) } },
  };
  return heldUpdate(table, lease, set);
}

/** Keeps the result of a step; null where it gave nothing. */
export function saveStep(table: string, lease: ClaimedRecord, name: string, json: string | null): UpdateItemInput {
  return heldUpdate(table, lease, {
    UpdateExpression: "SET steps.#semelStep = :semelResult",
    names: { "#semelStep": name },
    values: { ":semelResult": stepValue(json) },
  });
}

/** Never deletes: token and steps stay. CL4 */
export function releaseClaim(table: string, lease: ClaimedRecord): UpdateItemInput {
  const values: Item = { ":semelReleased": { S: "RELEASED" } };
  return heldUpdate(table, lease, { UpdateExpression: "SET #semelStatus = :semelReleased", values });
}

interface HeldChange {
  readonly UpdateExpression: string;
  readonly names?: Record<string, string>;
  readonly values: Item;
}

function heldUpdate(
  table: string,
  { pk, fencingToken, attemptId }: Pick<ClaimedRecord, "pk" | "fencingToken" | "attemptId">,
  { UpdateExpression, names = {}, values }: HeldChange,
): UpdateItemInput {
  return {
    TableName: table,
    Key: { [RECORD_TABLE.partitionKey]: { S: pk } },
    UpdateExpression,
    ConditionExpression: HELD,
    ExpressionAttributeNames: { ...STATUS, ...names },
    ExpressionAttributeValues: { ...held(fencingToken, attemptId), ...values },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

/** The holder's last write, in the transaction with its effects. A rejection keeps the steps, for the redrive. CL4 */
export function endClaim(table: string, record: IdempotencyRecord, fencingToken: number): UpdateAction {
  const { assignments, names, values } = setAll(recordToItem(record));
  const removed = ["leaseUntil", "ownerDeadline", "rejectedMessageId"];
  if (record.status === "COMPLETED") removed.push("steps", "code", "reason");
  return heldUpdate(
    table,
    { pk: record.pk, attemptId: record.attemptId, fencingToken },
    { UpdateExpression: `SET ${assignments} REMOVE ${removed.join(", ")}`, names, values },
  );
}

/** The attributes of a record as an update sets them: all but its key, and its format, which the condition holds. */
function setAll(item: Item): {
  readonly assignments: string;
  readonly names: Record<string, string>;
  readonly values: Item;
} {
  const { [RECORD_TABLE.partitionKey]: _, formatVersion: __, ...set } = item;
  const entries = Object.entries(set);
  return {
    assignments: entries.map((_, index) => `#semelSet${index} = :semelSet${index}`).join(", "),
    names: Object.fromEntries(entries.map(([name], index) => [`#semelSet${index}`, name])),
    values: Object.fromEntries(entries.map(([, value], index) => [`:semelSet${index}`, value])),
  };
}
