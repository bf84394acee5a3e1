// DynamoDB's raw shapes and facts, as semel reads and writes them. No logic.

/**
 * One raw attribute value: exactly one member is set. Assignable to the SDK's type and back, hence `$unknown`, which the
 * SDK uses for a data type that a newer service invented.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
 */
export type AttributeValue =
  | StringValue
  | NumberValue
  | BinaryValue
  | BooleanValue
  | NullValue
  | MapValue
  | ListValue
  | StringSetValue
  | NumberSetValue
  | BinarySetValue
  | UnknownValue;

interface NoValue {
  S?: never;
  N?: never;
  B?: never;
  BOOL?: never;
  NULL?: never;
  M?: never;
  L?: never;
  SS?: never;
  NS?: never;
  BS?: never;
  $unknown?: never;
}
/** Every member but one is absent. */
type Only<Member extends keyof NoValue, Content> = Omit<NoValue, Member> & { [Name in Member]: Content };

export type StringValue = Only<"S", string>;
/** Numbers travel as decimal strings: JavaScript's numbers are too short for their 38 digits. */
export type NumberValue = Only<"N", string>;
export type BinaryValue = Only<"B", Uint8Array>;
export type BooleanValue = Only<"BOOL", boolean>;
export type NullValue = Only<"NULL", boolean>;
// Interfaces, because a recursive type alias would be circular here.
export interface MapValue extends Omit<NoValue, "M"> {
  M: Record<string, AttributeValue>;
}
export interface ListValue extends Omit<NoValue, "L"> {
  L: AttributeValue[];
}
export type StringSetValue = Only<"SS", string[]>;
export type NumberSetValue = Only<"NS", string[]>;
export type BinarySetValue = Only<"BS", Uint8Array[]>;
export type UnknownValue = Only<"$unknown", [string, unknown]>;

export type AttributeType = "S" | "N" | "B" | "BOOL" | "NULL" | "M" | "L" | "SS" | "NS" | "BS";
export const ATTRIBUTE_TYPES: readonly AttributeType[] = ["S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"];
/** Types that a key attribute may have. */
export type KeyAttributeType = "S" | "N" | "B";

export type Item = Record<string, AttributeValue>;

/** One action of a transaction: exactly one member is set. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItem.html */
export interface TransactWriteItem {
  readonly Put?: PutAction;
  readonly Update?: UpdateAction;
  readonly Delete?: DeleteAction;
  readonly ConditionCheck?: ConditionCheckAction;
}
interface ActionBase {
  readonly TableName: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
  /** ALL_OLD puts the item as it was into the cancellation reason. */
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD" | "NONE";
}
export interface PutAction extends ActionBase {
  readonly Item: Item;
  readonly ConditionExpression?: string;
}
export interface UpdateAction extends ActionBase {
  readonly Key: Item;
  readonly UpdateExpression: string;
  readonly ConditionExpression?: string;
}
export interface DeleteAction extends ActionBase {
  readonly Key: Item;
  readonly ConditionExpression?: string;
}
export interface ConditionCheckAction extends ActionBase {
  readonly Key: Item;
  readonly ConditionExpression: string;
}
/**
 * Codes of a cancellation reason, in the API's words; an action that is not to blame has the literal "None".
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors
 */
export const CANCELLATION_CODES = [
  "None",
  "ConditionalCheckFailed",
  "ItemCollectionSizeLimitExceeded",
  "TransactionConflict",
  "ProvisionedThroughputExceeded",
  "ThrottlingError",
  "ValidationError",
] as const;
export type CancellationCode = (typeof CANCELLATION_CODES)[number];

/**
 * One per action of the cancelled transaction, in the request's order. Code is a string because the service may add one.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CancellationReason.html
 */
export interface CancellationReason {
  Code?: CancellationCode | (string & {}) | undefined;
  Message?: string | undefined;
  /** The item before the transaction; only with ReturnValuesOnConditionCheckFailure ALL_OLD. */
  Item?: Item | undefined;
}

/** Magnitude of a number, as the exponent of its first digit. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
export const NUMBER_EXPONENT_MIN = -130;
export const NUMBER_EXPONENT_MAX = 125;
/** Levels of maps and lists, the innermost value counted. Same page. */
export const NESTING_LEVELS_MAX = 32;
/** Sort key value, bytes. Same page. */
export const SORT_KEY_BYTES_MAX = 1024;
/** Characters of a ClientRequestToken. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
export const CLIENT_REQUEST_TOKEN_CHARACTERS_MAX = 36;
