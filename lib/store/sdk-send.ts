// `send` by the AWS SDK. The only file of the store that knows the SDK's client.

import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { AnswerOf, DynamoDbRequest, Send, SendOptions } from "./send.ts";

/** What semel needs of a DynamoDB client: `DynamoDBClient` and `DynamoDBDocumentClient` fit. */
export interface DynamoDbClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** The SDK's own retries are off: semel retries by itself, within the time left, and knows what an answer leaves open. */
export function defaultClient(): DynamoDbClient {
  const client = new DynamoDBClient({ maxAttempts: 1 });
  // It copies every input and output even where nothing logs.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

export function sdkSend(client: DynamoDbClient): Send {
  return async <R extends DynamoDbRequest>(request: R, { signal }: SendOptions): Promise<AnswerOf<R>> => {
    const answer = await client.send(toCommand(request), signal ? { abortSignal: signal } : {});
    // A success is DynamoDB's own, with its request id: not an empty 200 of something in between.
    const { requestId } = (answer as { $metadata?: { requestId?: string } }).$metadata ?? {};
    if (requestId === undefined)
      throw new Error(`the answer to ${request.operation} has no request id: it is not DynamoDB's`);
    return answer as AnswerOf<R>;
  };
}

function toCommand(request: DynamoDbRequest): object {
  switch (request.operation) {
    case "TransactWriteItems":
      return new TransactWriteItemsCommand({ ...request.input, TransactItems: [...request.input.TransactItems] });
    case "PutItem":
      return new PutItemCommand(request.input);
    case "UpdateItem":
      return new UpdateItemCommand(request.input);
    case "BatchGetItem":
      return new BatchGetItemCommand(request.input);
    case "BatchExecuteStatement":
      return new BatchExecuteStatementCommand(request.input);
    case "GetItem":
      return new GetItemCommand(request.input);
    case "DescribeTable":
      return new DescribeTableCommand(request.input);
  }
}
