// Checks what a handler passes to tx, in the document client's shapes, and makes effects of it. Fields are known by
// name: a foreign one is an error, so that nothing a caller means is dropped in silence.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { SemelError } from "../errors.ts";
import { canonicalDecimal } from "../protocol/decimal.ts";
import type { Expressions, Guard, GuardTerm, IncrementEffect, KeyedEffect, PutEffect } from "../protocol/effects.ts";
import { tableOf } from "../protocol/effects.ts";
import type { GetItemInput } from "../store/send.ts";
import { toItem } from "./marshalling.ts";

/** A plain object; `object`, so that values of interface types fit too. */
type Attributes = object;

/** One item of one table. `TableName` may be a name or an ARN. */
export interface ItemParams {
  readonly TableName: string | undefined;
  readonly Key: Attributes;
}

interface ConditionParams {
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Record<string, string> | undefined;
  readonly ExpressionAttributeValues?: Attributes | undefined;
  /** Taken, but without use here: on a failed condition the handler runs again and reads afresh. */
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD" | "NONE" | undefined;
}

export interface PutParams extends ConditionParams {
  readonly TableName: string | undefined;
  readonly Item: Attributes;
}

/** An insert takes no condition of its own: that no item of its key is there is its condition. */
export interface InsertParams {
  readonly TableName: string | undefined;
  readonly Item: Attributes;
}

export interface UpdateParams extends ItemParams, ConditionParams {
  readonly UpdateExpression: string | undefined;
}

export interface DeleteParams extends ItemParams, ConditionParams {}

export interface CheckParams extends ItemParams, ConditionParams {
  readonly ConditionExpression: string | undefined;
}

/** Attribute name to the amount that is added to it. */
export type IncrementAmounts = Readonly<Record<string, number | bigint>>;

export interface GetOptions {
  /** False: the commit does not depend on what was read. @default true */
  readonly guard?: boolean;
  /** The attribute that every writer of the item changes; the guard compares it alone. @default none */
  readonly version?: string;
  /** Reads and guards these top-level attributes only. @default all */
  readonly attributes?: readonly string[];
}

/** Tables that semel alone writes to: effects on them are refused. */
export interface OwnTables {
  readonly records: string;
  readonly outbox: string | undefined;
}

export type ReadInput = Omit<GetItemInput, "ConsistentRead">;

const CONDITION_FIELDS = [
  "ConditionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "ReturnValuesOnConditionCheckFailure",
];

export function putEffect(params: PutParams, own: OwnTables): PutEffect {
  const tableName = checkedTable("put", params, ["Item", ...CONDITION_FIELDS], own);
  return {
    kind: "put",
    tableName,
    item: attributes("put", "Item", params.Item),
    expressions: expressions("put", params),
  };
}

export function insertEffect(params: InsertParams, own: OwnTables): PutEffect {
  const tableName = checkedTable("insert", params, ["Item"], own);
  const expressions = { names: {}, values: {} };
  return { kind: "put", absent: true, tableName, item: attributes("insert", "Item", params.Item), expressions };
}

export function updateEffect(params: UpdateParams, own: OwnTables): KeyedEffect {
  const tableName = checkedTable("update", params, ["Key", "UpdateExpression", ...CONDITION_FIELDS], own);
  const update = requiredText("update", "UpdateExpression", params.UpdateExpression);
  return {
    kind: "update",
    tableName,
    key: keyOf("update", params),
    expressions: { ...expressions("update", params), update },
  };
}

export function deleteEffect(params: DeleteParams, own: OwnTables): KeyedEffect {
  const tableName = checkedTable("delete", params, ["Key", ...CONDITION_FIELDS], own);
  return { kind: "delete", tableName, key: keyOf("delete", params), expressions: expressions("delete", params) };
}

export function checkEffect(params: CheckParams, own: OwnTables): KeyedEffect {
  const tableName = checkedTable("check", params, ["Key", ...CONDITION_FIELDS], own);
  requiredText("check", "ConditionExpression", params.ConditionExpression);
  return { kind: "check", tableName, key: keyOf("check", params), expressions: expressions("check", params) };
}

export function incrementEffect(params: ItemParams, amounts: IncrementAmounts, own: OwnTables): IncrementEffect {
  const tableName = checkedTable("increment", params, ["Key"], own);
  const key = keyOf("increment", params);
  const decimals = Object.entries(amounts ?? {}).map(([attribute, amount]) => {
    if (Object.hasOwn(key, attribute))
      throw wrong("increment", `${attribute} is part of the key`, "Increment another attribute");
    const exact = typeof amount === "bigint" || (typeof amount === "number" && isExact(amount));
    const decimal = exact ? canonicalDecimal(String(amount)) : undefined;
    if (decimal === undefined) {
      const remedy = "Use a finite number; whole ones beyond 2^53 as a bigint";
      throw wrong("increment", `the amount of ${attribute} is ${String(amount)}`, remedy);
    }
    return [attribute, decimal] as const;
  });
  if (decimals.length === 0) throw wrong("increment", "no amounts are given", "Name an attribute and its amount");
  return { kind: "increment", tableName, key, amounts: Object.fromEntries(decimals) };
}

function isExact(amount: number): boolean {
  return !Number.isInteger(amount) || Number.isSafeInteger(amount);
}

const GET_OPTIONS = ["guard", "version", "attributes"];

export function readInput(params: ItemParams, options: GetOptions, own: OwnTables): ReadInput {
  const tableName = checkedTable("get", params, ["Key"], own);
  const unknown = Object.keys(options).filter((name) => !GET_OPTIONS.includes(name));
  if (unknown.length > 0)
    throw wrong("get", `unknown option ${unknown.join(", ")}`, `Known options: ${GET_OPTIONS.join(", ")}`);
  const Key = keyOf("get", params);
  const { attributes: names, version } = options;
  if (!names) return { TableName: tableName, Key };
  const read = [...new Set([...names, ...(version === undefined ? [] : [version])])];
  // The key comes along: it tells an item without these attributes from no item.
  const projected = [...new Set([...read, ...Object.keys(Key)])];
  return {
    TableName: tableName,
    Key,
    ProjectionExpression: projected.map((_, index) => `#semel${index}`).join(", "),
    ExpressionAttributeNames: Object.fromEntries(projected.map((name, index) => [`#semel${index}`, name])),
  };
}

/** What must be unchanged at the commit. */
export function guardOf({ TableName, Key }: ReadInput, item: Item | undefined, options: GetOptions): Guard {
  const keyNames = Object.keys(Key);
  const first = keyNames[0] ?? "";
  if (!item) return { tableName: TableName, key: Key, terms: [{ attribute: first, value: undefined }] };
  const names = options.version === undefined ? (options.attributes ?? Object.keys(item)) : [options.version];
  const terms: GuardTerm[] = names
    .filter((attribute) => !keyNames.includes(attribute))
    .map((attribute) => ({ attribute, value: item[attribute] }));
  if (terms.every(({ value }) => value === undefined)) terms.push({ attribute: first, value: "present" });
  return { tableName: TableName, key: Key, terms };
}

function checkedTable(method: string, params: object, fields: readonly string[], own: OwnTables): string {
  if (typeof params !== "object" || params === null)
    throw wrong(method, `its parameters are ${String(params)}`, "Pass an object");
  const given = params as Readonly<Record<string, unknown>>;
  const foreign = Object.keys(given).filter(
    (name) => name !== "TableName" && !fields.includes(name) && given[name] !== undefined,
  );
  if (foreign.length > 0) {
    throw wrong(method, `foreign field ${foreign.join(", ")}`, `Known fields: ${["TableName", ...fields].join(", ")}`);
  }
  const tableName = requiredText(method, "TableName", given["TableName"]);
  if (tableOf(tableName) === tableOf(own.records)) {
    throw wrong(method, `${tableName} is the table of the idempotency records`, "Keep data in a table of its own");
  }
  if (own.outbox !== undefined && tableOf(tableName) === tableOf(own.outbox)) {
    throw wrong(
      method,
      `${tableName} is the outbox table`,
      "Use tx.send or tx.publish, and keep data in a table of its own",
    );
  }
  return tableName;
}

function requiredText(method: string, field: string, value: unknown): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  const seen = typeof value === "string" ? "empty" : `${String(value)} (${typeof value})`;
  throw wrong(method, `${field} is ${seen}`, `Set ${field} to a text`);
}

function keyOf(method: string, params: ItemParams): Item {
  const key = attributes(method, "Key", params.Key);
  if (Object.keys(key).length === 0) throw wrong(method, "Key is empty", "Name every key attribute of the table");
  for (const name of Object.keys(key)) {
    const value = key[name];
    if (value?.S === undefined && value?.N === undefined && value?.B === undefined) {
      throw wrong(
        method,
        `key attribute ${name} is of type ${Object.keys(value ?? {})[0]}`,
        "Keys are strings, numbers or binary",
      );
    }
  }
  return key;
}

function expressions(method: string, params: ConditionParams): Expressions {
  const {
    ConditionExpression: condition,
    ExpressionAttributeNames: names = {},
    ExpressionAttributeValues: values = {},
  } = params;
  if (condition !== undefined) requiredText(method, "ConditionExpression", condition); // null would be no condition at all
  for (const [name, attribute] of Object.entries(names)) {
    requiredText(method, `ExpressionAttributeNames ${name}`, attribute);
  }
  const marshalled = attributes(method, "ExpressionAttributeValues", values);
  const missing = Object.keys(values).filter((name) => marshalled[name] === undefined);
  if (missing.length > 0)
    throw wrong(method, `the value of ${missing.join(", ")} is undefined`, "Set it, or leave it out");
  const reserved = [...Object.keys(names), ...Object.keys(marshalled)].filter((name) => /^[#:]semel/.test(name));
  if (reserved.length > 0) {
    throw wrong(
      method,
      `the placeholder ${reserved.join(", ")} is semel's own`,
      "Begin it with anything but #semel or :semel",
    );
  }
  return { ...(condition === undefined ? {} : { condition }), names: { ...names }, values: marshalled };
}

function attributes(method: string, field: string, value: unknown): Record<string, AttributeValue> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(method, `${field} is ${value === null ? "null" : typeof value}`, `Pass ${field} as a plain object`);
  }
  try {
    return toItem(value);
  } catch (cause) {
    throw wrong(
      method,
      `${field} cannot be stored: ${(cause as Error).message}`,
      "Use values that DynamoDB has types for",
      cause,
    );
  }
}

function wrong(method: string, what: string, remedy: string, cause?: unknown): SemelError {
  return new SemelError(`Cannot tx.${method}: ${what}. ${remedy}`, { code: "SEMEL_EFFECT", retryable: false, cause });
}
