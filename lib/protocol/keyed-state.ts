// Keyed state: one item holds the state of an ordering key together with how far it is folded. Pure.
//
//   KS1. State and positions are one item, written together, under the condition that it is as it was read: what was folded is
//        folded once.
//   KS2. Positions are kept for each origin: those of different origins are never compared.
//   KS3. An item without our mark, or with that of another consumer, is never overwritten; one of a newer version means retry.

import type { AttributeValue, Item, PutAction } from "../aws/dynamodb.ts";
import { ITEM_BYTES_MAX } from "../aws/limits.ts";
import { SemelError } from "../errors.ts";
import { itemBytes } from "./item-size.ts";
import type { PassedOver, Watermark, WatermarkMove } from "./watermark.ts";

/** The attribute that makes an item of state its own watermark. */
export const MARK = "semel";
/** The attribute that holds what `apply` returned. */
export const STATE = "state";
/** Raised when the meaning of a mark changes. Readers refuse versions above theirs. */
const MARK_FORMAT_VERSION = "1";

/** Of one consumer's state. */
export interface StateKey {
  readonly tableName: string;
  readonly partitionKey: string;
  readonly orderingKey: string;
  readonly consumer: string;
  /** Hash of the origin of the messages that are folded now. */
  readonly origin: string;
}

/** An item of state as it was read or written. */
export interface StateItem {
  readonly state: AttributeValue;
  /** Of the write that made it so. KS1 */
  readonly attemptId: string;
  /** Of each origin, in the item's own form. KS2 */
  readonly origins: Item;
}

export type FoundState =
  | { readonly kind: "state"; readonly item: StateItem }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string }
  /** KS3 */
  | { readonly kind: "foreign" };

export function itemToState(item: Item, { consumer }: StateKey): FoundState {
  const mark = item[MARK]?.M;
  if (mark?.["consumer"]?.S !== consumer) return { kind: "foreign" }; // KS3
  const formatVersion = mark["formatVersion"]?.N ?? "none";
  const [attemptId, origins, state] = [mark["attemptId"]?.S, mark["origins"]?.M, item[STATE]];
  const isWhole = formatVersion === MARK_FORMAT_VERSION && attemptId !== undefined && origins && state;
  if (!isWhole) return { kind: "unreadable", formatVersion, status: "of a state" };
  return { kind: "state", item: { state, attemptId, origins } };
}

/** How far the messages of one origin are folded; undefined: none of them is. KS2 */
export function watermarkOf(
  pk: string,
  { origin }: StateKey,
  { attemptId, origins }: StateItem,
): Watermark | undefined {
  const found = origins[origin]?.M;
  if (found?.["position"]?.S === undefined) return undefined;
  const passedOver = (found["passedOver"]?.L ?? []).map(
    ({ M }): PassedOver => ({
      position: M?.["position"]?.S ?? "",
      code: M?.["code"]?.S ?? "",
      reason: M?.["reason"]?.S ?? "",
    }),
  );
  return { pk, position: found["position"].S, attemptId, passedOver };
}

export function movedState(
  state: AttributeValue,
  before: StateItem | undefined,
  { origin, move }: { readonly origin: string; readonly move: WatermarkMove },
): StateItem {
  const passedOver = move.passedOver.map(({ position, code, reason }) => ({
    M: { position: { S: position }, code: { S: code }, reason: { S: reason } },
  }));
  const own = { position: { S: move.position }, ...(passedOver.length > 0 ? { passedOver: { L: passedOver } } : {}) };
  return { state, attemptId: move.attemptId, origins: { ...before?.origins, [origin]: { M: own } } };
}

/** KS1. Throws a SemelError for an item beyond DynamoDB's limit. */
export function stateWrite(key: StateKey, item: StateItem, before: StateItem | undefined): PutAction {
  const mark: Item = {
    formatVersion: { N: MARK_FORMAT_VERSION },
    consumer: { S: key.consumer },
    attemptId: { S: item.attemptId },
    origins: { M: item.origins },
  };
  const whole: Item = { [key.partitionKey]: { S: key.orderingKey }, [STATE]: item.state, [MARK]: { M: mark } };
  refuseLarge(whole, key);
  const common = { TableName: key.tableName, Item: whole, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const };
  if (!before) {
    return {
      ...common,
      ConditionExpression: "attribute_not_exists(#semelKey)",
      ExpressionAttributeNames: { "#semelKey": key.partitionKey },
    };
  }
  return {
    ...common,
    ConditionExpression: "#semelMark.attemptId = :semelSeen AND #semelMark.consumer = :semelConsumer",
    ExpressionAttributeNames: { "#semelMark": MARK },
    ExpressionAttributeValues: { ":semelSeen": { S: before.attemptId }, ":semelConsumer": { S: key.consumer } },
  };
}

/** Room for what a rejection adds, bytes. */
const SPARE_BYTES = 8 * 1024;

/** Not the message's fault: it is not rejected, since every later one would be, too. */
function refuseLarge(item: Item, { tableName, orderingKey }: StateKey): void {
  const bytes = itemBytes(item);
  if (bytes <= ITEM_BYTES_MAX - SPARE_BYTES) return;
  throw new SemelError(
    `Cannot keep the state of ordering key ${JSON.stringify(orderingKey)} in table ${tableName}: its item would have ${bytes} bytes, but ` +
      `semel writes ${ITEM_BYTES_MAX - SPARE_BYTES} at most (DynamoDB takes ${ITEM_BYTES_MAX}, 400 KB). Keep less in the state, or use a ` +
      "finer ordering key",
    { code: "SEMEL_LIMIT", retryable: true },
  );
}
