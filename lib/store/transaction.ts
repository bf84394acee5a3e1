// Builds the one transaction of a message: its record first, then its effects and guards. Pure.
//
//   T1. The record is always action 0, put only where no record stands in its way: none is there, or the rejection of
//       another message (P4 of protocol/record.ts), or a claim that nobody works on any more; under a claim it is updated only while it is held (CL1 of
//       protocol/claim.ts). What the answer says of action 0 is the record's.
//   T2. Every limit is checked here, before anything is sent.

import type { Item, TransactWriteItem, UpdateAction } from "../aws/dynamodb.ts";
import { EXPRESSION_BYTES_MAX, ITEM_BYTES_MAX, TRANSACTION_ACTIONS_MAX, TRANSACTION_BYTES_MAX } from "../aws/limits.ts";
import { RECORD_TABLE } from "../contract.ts";
import { SemelError } from "../errors.ts";
import type { CommitOutcome } from "../protocol/commit.ts";
import {
  describeItem,
  type Effect,
  type Expressions,
  foldIncrements,
  type Guard,
  type IncrementEffect,
  isInsert,
  itemId,
  type KeyNames,
  keyNamesIn,
  keyOf,
  type PutEffect,
  refuseRepeatedItems,
} from "../protocol/effects.ts";
import { itemBytes } from "../protocol/item-size.ts";
import { type CommitHead, type IdempotencyRecord, RECORD_FORMAT_VERSION } from "../protocol/record.ts";
import { endClaim } from "./claim-requests.ts";
import { absenceOf, guardExpressions, incrementExpressions, NO_EXPRESSIONS, withCondition } from "./conditions.ts";
import { recordToItem } from "./items.ts";
import { moveWatermark } from "./watermark-items.ts";

/** Of one message; under a watermark, of a run of messages. */
export interface MessageTransaction<Head extends CommitHead = CommitHead> {
  readonly record: Head;
  readonly effects: readonly Effect[];
  readonly guards: readonly Guard[];
  /** The idempotency key itself, from which the insert strategy derives the key of the message's item. */
  readonly key?: string;
}

export type RecordTransaction = MessageTransaction<IdempotencyRecord>;

export function isOfRecord(message: MessageTransaction): message is RecordTransaction {
  return message.record.status !== "WATERMARK";
}

/** Where the record stands in the transaction. T1. */
export const RECORD_INDEX = 0;

/** The actions to send. Throws a SemelError that names the effect when they cannot be one transaction. */
export function transactionActions(
  recordTable: string,
  message: MessageTransaction,
  lookedUp: KeyNames,
): TransactWriteItem[] {
  return sizedActions(recordTable, message, lookedUp).actions;
}

export interface SizedActions {
  /** The record's; then one for each effect, in their order, folded; then checks of guards. */
  readonly actions: TransactWriteItem[];
  readonly bytes: number;
}

/** The same, with what it counts towards 4 MB. */
export function sizedActions(recordTable: string, message: MessageTransaction, lookedUp: KeyNames): SizedActions {
  const effects = foldIncrements(message.effects);
  const shown = keyNamesIn(effects, message.guards);
  const keyNames: KeyNames = (tableName) => shown.get(tableName) ?? lookedUp(tableName);
  refuseRepeatedItems(effects, keyNames);

  const guards = Map.groupBy(message.guards, ({ tableName, key }) => itemId(tableName, key));
  const actions = [recordAction(recordTable, message.record)];
  for (const effect of effects) {
    const key = keyOf(effect, keyNames);
    const id = key && guards.size > 0 ? itemId(effect.tableName, key) : undefined;
    const own = id === undefined ? undefined : guards.get(id);
    if (id !== undefined) guards.delete(id);
    actions.push(toAction(withAbsence(effect, key), own));
  }
  for (const own of guards.values()) actions.push(checkGuards(own));
  return { actions, bytes: bytesWithinLimits(actions) }; // T2
}

const NO_RECORD = `attribute_not_exists(${RECORD_TABLE.partitionKey})`;
const OTHERS_REJECTION = "#semelStatus = :semelRejected AND messageId <> :semelThis";
const NO_STEPS = "(attribute_not_exists(steps) OR steps = :semelNoSteps)";
/** Nobody works on it any more; what its owner may still send is refused by the COMPLETED record (CL1 of protocol/claim.ts). */
const FREE_CLAIM =
  "(#semelStatus = :semelReleased OR (#semelStatus = :semelInProgress AND leaseUntil <= :semelNow)) AND " +
  "(attribute_not_exists(rejectedMessageId) OR rejectedMessageId <> :semelThis)";
const CONDITIONS = {
  COMPLETED: `${NO_RECORD} OR (formatVersion = :semelFormat AND ((${OTHERS_REJECTION}) OR (${FREE_CLAIM})))`,
  REJECTED: `${NO_RECORD} OR (formatVersion = :semelFormat AND ${OTHERS_REJECTION} AND ${NO_STEPS})`, // a claim's steps are not dropped
};
const RECORD_NAMES = { "#semelStatus": "status" }; // a reserved word
const REJECTED_VALUES: Item = {
  ":semelRejected": { S: "REJECTED" },
  ":semelFormat": { N: String(RECORD_FORMAT_VERSION) },
};
const COMPLETED_VALUES: Item = {
  ...REJECTED_VALUES,
  ":semelReleased": { S: "RELEASED" },
  ":semelInProgress": { S: "IN_PROGRESS" },
};

function recordAction(recordTable: string, record: CommitHead): TransactWriteItem {
  if (record.status === "WATERMARK") return { Update: moveWatermark(recordTable, record) };
  if (record.fencingToken !== undefined) return { Update: endClaim(recordTable, record, record.fencingToken) };
  const own: Item = { ":semelThis": { S: record.messageId } };
  if (record.status === "COMPLETED") own[":semelNow"] = { N: String(record.committedAtMs) };
  return {
    Put: {
      TableName: recordTable,
      Item: recordToItem(record),
      ConditionExpression: CONDITIONS[record.status], // T1
      ExpressionAttributeNames: RECORD_NAMES,
      ExpressionAttributeValues: {
        ...(record.status === "COMPLETED" ? COMPLETED_VALUES : { ...REJECTED_VALUES, ":semelNoSteps": { M: {} } }),
        ...own,
      },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    },
  };
}

/** An insert's condition, on any key attribute: an item that is there has them all. */
function withAbsence(effect: Effect, key: Item | undefined): Effect {
  if (!isInsert(effect)) return effect;
  const [name] = Object.keys(key ?? {});
  if (name === undefined) throw new Error(`the key names of table ${effect.tableName} are not known`); // the caller looks them up
  return { ...effect, expressions: absenceOf(name) };
}

function toAction(effect: Effect, guards: readonly Guard[] | undefined): TransactWriteItem {
  const own = effect.kind === "increment" ? incrementExpressions(effect) : effect.expressions;
  const expressions = guards ? withCondition(own, guardExpressions(guards)) : own;
  const common = { TableName: effect.tableName, ...expressionFields(expressions) };
  switch (effect.kind) {
    case "put":
      return { Put: { ...common, Item: effect.item } };
    case "delete":
      return { Delete: { ...common, Key: effect.key } };
    case "check":
      return { ConditionCheck: { ...common, Key: effect.key, ConditionExpression: expressions.condition ?? "" } };
    case "update":
    case "increment":
      return { Update: { ...common, Key: effect.key, UpdateExpression: expressions.update ?? "" } };
  }
}

/** One fold, for the transaction of several messages. */
export function incrementAction(fold: IncrementEffect): TransactWriteItem {
  return toAction(fold, undefined);
}

function checkGuards(guards: readonly Guard[]): TransactWriteItem {
  const [{ tableName, key } = { tableName: "", key: {} }] = guards;
  const expressions = withCondition(NO_EXPRESSIONS, guardExpressions(guards));
  return {
    ConditionCheck: {
      TableName: tableName,
      Key: key,
      ...expressionFields(expressions),
      ConditionExpression: expressions.condition ?? "",
    },
  };
}

/** One put, for a transaction that is no message's. */
export function putAction(effect: PutEffect): TransactWriteItem {
  return toAction(effect, undefined);
}

/** Absent rather than empty: DynamoDB refuses empty maps. */
function expressionFields({ condition, names, values }: Expressions): ExpressionFields {
  const fields: ExpressionFields = {};
  if (condition !== undefined) fields.ConditionExpression = condition;
  if (Object.keys(names).length > 0) fields.ExpressionAttributeNames = names;
  if (Object.keys(values).length > 0) fields.ExpressionAttributeValues = values;
  return fields;
}

interface ExpressionFields {
  ConditionExpression?: string;
  ExpressionAttributeNames?: Record<string, string>;
  ExpressionAttributeValues?: Item;
}

/** Throws what is beyond DynamoDB's limits. */
export function bytesWithinLimits(actions: readonly TransactWriteItem[]): number {
  if (actions.length > TRANSACTION_ACTIONS_MAX) {
    throw limit(
      `${actions.length - 1} effects and guards do not fit into one transaction: with the idempotency record ` +
        `DynamoDB takes ${TRANSACTION_ACTIONS_MAX} actions, so ${TRANSACTION_ACTIONS_MAX - 1} are left. ` +
        "Split the message, or write less per message",
    );
  }
  let total = 0;
  for (const action of actions) total += actionBytes(action);
  if (total > TRANSACTION_BYTES_MAX) {
    throw limit(
      `The transaction holds ${total} bytes, but DynamoDB takes ${TRANSACTION_BYTES_MAX} (4 MB). ` +
        "Split the message, or store large values elsewhere",
    );
  }
  return total;
}

/** Says which item a failed condition was on. */
export function named(outcome: CommitOutcome, actions: readonly TransactWriteItem[]): CommitOutcome {
  if (outcome.kind !== "conditionFailed") return outcome;
  const action = actions[outcome.actionIndex];
  if (!action) return outcome;
  const keyed = action.Update ?? action.Delete ?? action.ConditionCheck;
  const item = keyed && itemId(keyed.TableName, keyed.Key);
  return { ...outcome, where: describeAction(action), ...(item === undefined ? {} : { item }) };
}

/** For people. The item of a put is named by its values, since its key is not known here. */
function describeAction({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): string {
  if (Put) return `the put of ${describeItem(Put.TableName, scalarsOf(Put.Item))}`;
  const keyed = Update ?? Delete ?? ConditionCheck;
  return keyed ? describeItem(keyed.TableName, keyed.Key) : "an empty action";
}

const SHOWN_ATTRIBUTES_MAX = 3;

function scalarsOf(item: Item): Item {
  const scalars = Object.entries(item).filter(([, { S, N }]) => S !== undefined || N !== undefined);
  return Object.fromEntries(scalars.slice(0, SHOWN_ATTRIBUTES_MAX));
}

/**
 * Bytes of an action as far as they are known here. For updates, deletes and checks AWS does not say what counts
 * towards 4 MB; the key and the values are counted.
 */
export function actionBytes(action: TransactWriteItem): number {
  const parts = action.Put ?? action.Update ?? action.Delete ?? action.ConditionCheck;
  if (!parts) return 0;
  const bytes = itemBytes(action.Put ? action.Put.Item : (parts as UpdateAction).Key);
  if (bytes > ITEM_BYTES_MAX) {
    throw limit(
      `An item for table ${parts.TableName} has ${bytes} bytes, but DynamoDB takes ${ITEM_BYTES_MAX} (400 KB). ` +
        "Store large values elsewhere",
    );
  }
  refuseLongExpression(parts.ConditionExpression, action);
  refuseLongExpression(action.Update?.UpdateExpression, action);
  return bytes + (parts.ExpressionAttributeValues ? itemBytes(parts.ExpressionAttributeValues) : 0);
}

function refuseLongExpression(expression: string | undefined, action: TransactWriteItem): void {
  const length = expression === undefined ? 0 : Buffer.byteLength(expression);
  if (length <= EXPRESSION_BYTES_MAX) return;
  throw limit(
    `An expression on ${describeAction(action)} has ${length} bytes, but DynamoDB takes ${EXPRESSION_BYTES_MAX}. ` +
      "For a guarded tx.get name the attributes that matter, or a version attribute",
  );
}

function limit(message: string): SemelError {
  return new SemelError(message, { code: "SEMEL_LIMIT", retryable: false });
}
