// The one seam to DynamoDB: every request that semel makes goes through a Send, so that a test, a simulator or the SDK can
// stand behind it. The shapes are AWS's own, structurally assignable to the SDK's inputs.

import type { Item, TransactWriteItem } from "../aws/dynamodb.ts";

export type DynamoDbRequest =
  | { readonly operation: "TransactWriteItems"; readonly input: TransactWriteItemsInput }
  | { readonly operation: "GetItem"; readonly input: GetItemInput }
  | { readonly operation: "DescribeTable"; readonly input: DescribeTableInput };

interface Answers {
  TransactWriteItems: TransactWriteItemsOutput;
  GetItem: GetItemOutput;
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
