// DynamoDB as the SDK clients of a handler meet it: the memory store, and the operations that semel itself never asks for.

import type { CancellationReason, Item, TransactWriteItem } from "../../aws/dynamodb.ts";
import { SemelError } from "../../errors.ts";
import { dynamoDbError, validationError } from "../../store/memory/errors.ts";
import { holds, project } from "../../store/memory/evaluate.ts";
import type { MemoryDynamoDb } from "../../store/memory/memory-dynamodb.ts";
import { parseCondition } from "../../store/memory/parse-condition.ts";
import { parseProjection, parseUpdate } from "../../store/memory/parse-update.ts";
import { type PlaceholderInput, placeholders } from "../../store/memory/placeholders.ts";
import type { MemoryTable } from "../../store/memory/table.ts";
import type { DynamoDbRequest } from "../../store/send.ts";
import type { OtherInput, OtherRequest } from "./requests.ts";

export type Tables = Readonly<Record<string, MemoryTable>>;

/** One write or read of an SDK client, as it comes. */
interface Input extends PlaceholderInput {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ReturnValues?: string;
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ScanIndexForward?: boolean;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
  readonly Select?: string;
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD" | "NONE";
}

/** Parameters of an older API, and of things that the memory store does not have. */
const UNKNOWN_PARAMETERS = [
  "IndexName",
  "AttributeUpdates",
  "Expected",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
  "ConditionalOperator",
  "AttributesToGet",
  "Segment",
];

/** Applies the request and gives its answer, or throws its error. */
export function applyToStore(memory: MemoryDynamoDb, tables: Tables, request: DynamoDbRequest | OtherRequest): unknown {
  const input = request.input as unknown as Input;
  const unknown = UNKNOWN_PARAMETERS.filter((name) => (input as object as Record<string, unknown>)[name] !== undefined);
  if (unknown.length > 0) throw unknownToStore(`${request.operation} with ${unknown.join(", ")}`);
  switch (request.operation) {
    case "PutItem":
    case "UpdateItem":
    case "DeleteItem":
      return writeOne(memory, tables, request.operation, input);
    case "Query":
    case "Scan":
      return list(memory, tables, request.operation, input);
    case "TransactGetItems": {
      const { TransactItems } = request.input as unknown as { readonly TransactItems: { readonly Get: Input }[] };
      return { Responses: TransactItems.map(({ Get }) => memory.send({ operation: "GetItem", input: getOf(Get) })) };
    }
    case "BatchWriteItem":
      return batchWrite(memory, tables, request.input as unknown as OtherInput);
    case "ChangeMessageVisibility":
    case "SendMessageBatch":
      throw new Error(`${request.operation} is not DynamoDB's`);
    default:
      return memory.send(request);
  }
}

export function unknownToStore(what: string): SemelError {
  const known =
    "GetItem, BatchGetItem, TransactGetItems, PutItem, UpdateItem, DeleteItem, BatchWriteItem, TransactWriteItems, Query and Scan " +
    "(without indexes), BatchExecuteStatement (inserts), DescribeTable, SendMessage, SendMessageBatch, ChangeMessageVisibility";
  return new SemelError(`Cannot explore: the handler asked for ${what}. Known: ${known}. Make other calls by a stub`, {
    code: "SEMEL_FOREIGN_IO",
    retryable: false,
  });
}

function getOf({ TableName, Key = {}, ...rest }: Input): Extract<DynamoDbRequest, { operation: "GetItem" }>["input"] {
  const { ProjectionExpression, ExpressionAttributeNames } = rest;
  return {
    TableName,
    Key,
    ...(ProjectionExpression === undefined ? {} : { ProjectionExpression }),
    ...(ExpressionAttributeNames === undefined ? {} : { ExpressionAttributeNames }),
  };
}

type Write = "PutItem" | "UpdateItem" | "DeleteItem";
const ACTIONS = { PutItem: "Put", UpdateItem: "Update", DeleteItem: "Delete" } as const;

function writeOne(memory: MemoryDynamoDb, tables: Tables, operation: Write, input: Input): object {
  const { ReturnValues = "NONE", ...action } = input;
  const before = itemAt(memory, tables, input);
  try {
    // One action of a transaction is judged as the write alone.
    const TransactItems = [{ [ACTIONS[operation]]: action } as TransactWriteItem];
    memory.send({ operation: "TransactWriteItems", input: { TransactItems } });
  } catch (error) {
    throw ofOneWrite(error);
  }
  const attributes = returned(ReturnValues, input, { before, after: itemAt(memory, tables, input) });
  return attributes ? { Attributes: attributes } : {};
}

/** The error of one action, as that of a write alone. */
function ofOneWrite(error: unknown): unknown {
  const { CancellationReasons = [] } = error as { readonly CancellationReasons?: readonly CancellationReason[] };
  const [reason] = CancellationReasons;
  if (!reason) return error;
  if (reason.Code !== "ConditionalCheckFailed") return validationError(reason.Message ?? "");
  const failed = dynamoDbError("ConditionalCheckFailedException", reason.Message ?? "");
  return reason.Item ? Object.assign(failed, { Item: reason.Item }) : failed;
}

function itemAt(memory: MemoryDynamoDb, tables: Tables, { TableName, Key, Item = {} }: Input): Item | undefined {
  const schema = tables[TableName];
  if (!schema) return undefined;
  const own = Key ?? keyOf(schema, Item);
  try {
    return memory.send({ operation: "GetItem", input: { TableName, Key: own } }).Item;
  } catch {
    return undefined; // the write says what is wrong with it
  }
}

function keyOf({ partitionKey, sortKey }: MemoryTable, item: Item): Item {
  const names = sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
  return Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : [])));
}

interface Change {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

function returned(wanted: string, input: Input, { before, after }: Change): Item | undefined {
  if (wanted === "ALL_OLD") return before;
  if (wanted === "ALL_NEW") return after;
  const item = wanted === "UPDATED_NEW" ? after : wanted === "UPDATED_OLD" ? before : undefined;
  if (!item || input.UpdateExpression === undefined) return undefined;
  const touched = new Set(parseUpdate(input.UpdateExpression, placeholders(input)).map(({ path }) => path[0]));
  return Object.fromEntries(Object.entries(item).filter(([name]) => touched.has(name)));
}

function list(memory: MemoryDynamoDb, tables: Tables, operation: "Query" | "Scan", input: Input): object {
  const schema = tables[input.TableName];
  const given = placeholders(input);
  const conditionOf = (text: string | undefined): ((item: Item) => boolean) => {
    if (text === undefined) return () => true;
    const condition = parseCondition(text, given);
    return (item) => holds(condition, item);
  };
  if (operation === "Query" && input.KeyConditionExpression === undefined) {
    throw validationError(
      "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
    );
  }
  const [keyed, wanted] = [conditionOf(input.KeyConditionExpression), conditionOf(input.FilterExpression)];
  const paths =
    input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression, given);
  given.checkAllUsed();
  const all = memory.items(input.TableName).filter(keyed);
  if (input.ScanIndexForward === false) all.reverse();
  const start = input.ExclusiveStartKey && JSON.stringify(input.ExclusiveStartKey);
  const textOf = (item: Item): string => JSON.stringify(schema ? keyOf(schema, item) : {});
  const from = start === undefined ? 0 : all.findIndex((item) => textOf(item) === start) + 1;
  const read = all.slice(from, input.Limit === undefined ? undefined : from + input.Limit);
  const items = read.filter(wanted);
  const last = from + read.length < all.length ? read.at(-1) : undefined;
  return {
    ...(input.Select === "COUNT" ? {} : { Items: paths ? items.map((item) => project(item, paths)) : items }),
    Count: items.length,
    ScannedCount: read.length,
    ...(last && schema ? { LastEvaluatedKey: keyOf(schema, last) } : {}),
  };
}

/** Each write by itself, at one moment: others see all of them or none, which is kinder than AWS. */
function batchWrite(memory: MemoryDynamoDb, tables: Tables, input: OtherInput): object {
  const items = (input as unknown as { readonly RequestItems: Record<string, BatchWrite[]> }).RequestItems;
  for (const [TableName, writes] of Object.entries(items)) {
    for (const { PutRequest, DeleteRequest } of writes) {
      if (PutRequest) writeOne(memory, tables, "PutItem", { TableName, Item: PutRequest.Item });
      if (DeleteRequest) writeOne(memory, tables, "DeleteItem", { TableName, Key: DeleteRequest.Key });
    }
  }
  return { UnprocessedItems: {} };
}

interface BatchWrite {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}
