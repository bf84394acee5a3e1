// The one seam to DynamoDB: every request that semel makes goes through a Send, so that a test, a simulator or the SDK can
// stand behind it. The shapes are AWS's own, structurally assignable to the SDK's inputs.

import type { AttributeValue, Item, PutAction, TransactWriteItem, UpdateAction } from "../aws/dynamodb.ts";

export type DynamoDbRequest =
  | { readonly operation: "TransactWriteItems"; readonly input: TransactWriteItemsInput }
  | { readonly operation: "PutItem"; readonly input: PutItemInput }
  | { readonly operation: "UpdateItem"; readonly input: UpdateItemInput }
  | { readonly operation: "GetItem"; readonly input: GetItemInput }
  | { readonly operation: "BatchGetItem"; readonly input: BatchGetItemInput }
  | { readonly operation: "Query"; readonly input: QueryInput }
  | { readonly operation: "BatchWriteItem"; readonly input: BatchWriteItemInput }
  | { readonly operation: "BatchExecuteStatement"; readonly input: BatchExecuteStatementInput }
  | { readonly operation: "DescribeTable"; readonly input: DescribeTableInput };

interface Answers {
  TransactWriteItems: TransactWriteItemsOutput;
  PutItem: WriteOutput;
  UpdateItem: WriteOutput;
  GetItem: GetItemOutput;
  BatchGetItem: BatchGetItemOutput;
  Query: QueryOutput;
  BatchWriteItem: BatchWriteItemOutput;
  BatchExecuteStatement: BatchExecuteStatementOutput;
  DescribeTable: DescribeTableOutput;
}
export type DynamoDbAnswer = Answers[keyof Answers];
/** What the operation of this request answers. */
export type AnswerOf<R extends DynamoDbRequest> = Answers[R["operation"]];

export interface SendOptions {
  readonly signal?: AbortSignal;
}
/** Sends one request; throws what the SDK throws: errors told apart by their `name`. */
export type Send = <R extends DynamoDbRequest>(request: R, options: SendOptions) => Promise<AnswerOf<R>>;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
export interface TransactWriteItemsInput {
  readonly TransactItems: TransactWriteItem[];
  readonly ClientRequestToken?: string;
}
/** Nothing: a transaction returns no values when it succeeds. */
export type TransactWriteItemsOutput = Record<never, never>;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html */
export type PutItemInput = PutAction;
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html */
export interface UpdateItemInput extends UpdateAction {
  readonly ReturnValues?: "ALL_NEW";
}
/** A failed condition throws ConditionalCheckFailedException, with the old Item if asked. */
export interface WriteOutput {
  /** The item as it is now, where ReturnValues asks for it. */
  Attributes?: Item | undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html */
export interface GetItemInput {
  readonly TableName: string;
  readonly Key: Item;
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
}
export interface GetItemOutput {
  Item?: Item | undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export interface BatchGetItemInput {
  readonly RequestItems: Record<string, KeysAndAttributes>;
}
export interface KeysAndAttributes extends Pick<GetItemInput, "ConsistentRead"> {
  readonly Keys: Item[];
}
export interface BatchGetItemOutput {
  /** By table, in no order; items that are not there are left out. */
  Responses?: Record<string, Item[]> | undefined;
  /** What was not read this time, to be asked for again. */
  UnprocessedKeys?: Record<string, { Keys?: Item[] | undefined }> | undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html */
export interface QueryInput {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly KeyConditionExpression: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, AttributeValue>;
  /** Never of a global index. */
  readonly ConsistentRead?: boolean;
  /** Items of one answer. */
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
}
export interface QueryOutput {
  /** By the sort key. */
  Items?: Item[] | undefined;
  /** There may be more behind it. */
  LastEvaluatedKey?: Item | undefined;
}

/**
 * Deletes, each applied alone. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
 */
export interface BatchWriteItemInput {
  readonly RequestItems: Record<string, DeleteRequestEntry[]>;
}
export interface DeleteRequestEntry {
  readonly DeleteRequest: { readonly Key: Item };
}
export interface BatchWriteItemOutput {
  /** What was not done this time, to be asked for again. */
  UnprocessedItems?: Record<string, { DeleteRequest?: { Key: Item | undefined } | undefined }[]> | undefined;
}

/**
 * PartiQL statements, each judged and applied alone: not a transaction.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
 */
export interface BatchExecuteStatementInput {
  readonly Statements: BatchStatementRequest[];
}
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementRequest.html */
export interface BatchStatementRequest {
  readonly Statement: string;
  readonly Parameters: AttributeValue[];
  readonly ReturnValuesOnConditionCheckFailure?: "ALL_OLD" | "NONE";
}
export interface BatchExecuteStatementOutput {
  /** One per statement, in the request's order. Without an Error the statement is done. */
  Responses?: BatchStatementResponse[] | undefined;
}
export interface BatchStatementResponse {
  Error?: BatchStatementError | undefined;
  TableName?: string | undefined;
}
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html */
export interface BatchStatementError {
  Code?: string | undefined;
  Message?: string | undefined;
  /** The item that is there; the service may leave it out. */
  Item?: Item | undefined;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html */
export interface DescribeTableInput {
  readonly TableName: string;
}
export interface DescribeTableOutput {
  Table: { KeySchema: KeySchemaElement[] };
}
export interface KeySchemaElement {
  AttributeName: string;
  KeyType: "HASH" | "RANGE";
}
