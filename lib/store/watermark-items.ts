// Watermarks to and from DynamoDB items, in raw attribute values, and the update that moves one. Pure.

import type { AttributeValue, Item, UpdateAction } from "../aws/dynamodb.ts";
import { RECORD_TABLE } from "../contract.ts";
import {
  type PassedOver,
  WATERMARK_FORMAT_VERSION,
  type Watermark,
  type WatermarkMove,
} from "../protocol/watermark.ts";

const STATUS = "WATERMARK";
const FORMAT: AttributeValue = { N: String(WATERMARK_FORMAT_VERSION) };
const NAMES = { "#semelStatus": "status", "#semelPosition": "position" }; // reserved words

/**
 * WM1. The item has no time to live: without it, all that its ordering key did would be new again.
 * WM3. The list of the run before goes, or is replaced.
 */
export function moveWatermark(
  table: string,
  { pk, first, position, attemptId, passedOver }: WatermarkMove,
): UpdateAction {
  const set =
    "formatVersion = :semelFormat, #semelStatus = :semelStatus, #semelPosition = :semelLast, attemptId = :semelAttempt";
  const listed = passedOver.length > 0;
  return {
    TableName: table,
    Key: { [RECORD_TABLE.partitionKey]: { S: pk } },
    UpdateExpression: listed ? `SET ${set}, passedOver = :semelPassedOver` : `SET ${set} REMOVE passedOver`,
    ConditionExpression:
      `attribute_not_exists(${RECORD_TABLE.partitionKey}) OR ` +
      "(formatVersion = :semelFormat AND #semelPosition < :semelFirst)", // WM1, WM4
    ExpressionAttributeNames: NAMES,
    ExpressionAttributeValues: {
      ":semelFormat": FORMAT,
      ":semelStatus": { S: STATUS },
      ":semelFirst": { S: first },
      ":semelLast": { S: position },
      ":semelAttempt": { S: attemptId },
      ...(listed ? { ":semelPassedOver": { L: passedOver.map(toValue) } } : {}),
    },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

function toValue({ position, code, reason }: PassedOver): AttributeValue {
  return { M: { position: { S: position }, code: { S: code }, reason: { S: reason } } };
}

/** Undefined: not a watermark as this version writes them. */
export function itemToWatermark(item: Item): Watermark | undefined {
  const { formatVersion, status, position, attemptId, passedOver = { L: [] } } = item;
  const pk = item[RECORD_TABLE.partitionKey]?.S;
  if (status?.S !== STATUS || formatVersion?.N !== FORMAT.N) return undefined;
  const list = passedOver.L?.map(({ M }) => toPassedOver(M ?? {}));
  if (pk === undefined || position?.S === undefined || attemptId?.S === undefined) return undefined;
  if (!list?.every((one) => one !== undefined)) return undefined;
  return { pk, position: position.S, attemptId: attemptId.S, passedOver: list };
}

function toPassedOver({ position, code, reason }: Item): PassedOver | undefined {
  if (position?.S === undefined) return undefined;
  return { position: position.S, code: code?.S ?? "", reason: reason?.S ?? "" };
}
