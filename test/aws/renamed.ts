// A `send` whose tables have other names behind it: suites say Records, the account has semel-test-…-Records.

import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import type {
  AnswerOf,
  BatchGetItemOutput,
  BatchStatementRequest,
  DynamoDbRequest,
  Send,
} from "../../lib/store/send.ts";

export function withTablePrefix(send: Send, prefix: string): Send {
  return async <R extends DynamoDbRequest>(request: R, options: { signal?: AbortSignal }): Promise<AnswerOf<R>> => {
    const answer = await send(renamed(request, prefix), options);
    return (
      request.operation === "BatchGetItem" ? withoutPrefix(answer as BatchGetItemOutput, prefix) : answer
    ) as AnswerOf<R>;
  };
}

function renamed(request: DynamoDbRequest, prefix: string): DynamoDbRequest {
  const named = <T extends { readonly TableName: string }>(input: T): T => ({
    ...input,
    TableName: prefix + input.TableName,
  });
  switch (request.operation) {
    case "TransactWriteItems": {
      const TransactItems = request.input.TransactItems.map(
        (action) =>
          Object.fromEntries(Object.entries(action).map(([part, body]) => [part, named(body)])) as TransactWriteItem,
      );
      return { ...request, input: { ...request.input, TransactItems } };
    }
    case "BatchGetItem":
      return { ...request, input: { RequestItems: mapKeys(request.input.RequestItems, (name) => prefix + name) } };
    case "BatchExecuteStatement": {
      const Statements = request.input.Statements.map((statement: BatchStatementRequest) => ({
        ...statement,
        Statement: statement.Statement.replace(/^(INSERT INTO|UPDATE) "/, `$1 "${prefix}`),
      }));
      return { ...request, input: { Statements } };
    }
    case "BatchWriteItem":
      return { ...request, input: { RequestItems: mapKeys(request.input.RequestItems, (name) => prefix + name) } };
    case "Query":
      return { ...request, input: named(request.input) };
    case "PutItem":
      return { ...request, input: named(request.input) };
    case "UpdateItem":
      return { ...request, input: named(request.input) };
    case "GetItem":
      return { ...request, input: named(request.input) };
    case "DescribeTable":
      return { ...request, input: named(request.input) };
  }
}

function withoutPrefix(answer: BatchGetItemOutput, prefix: string): BatchGetItemOutput {
  const strip = (name: string): string => name.slice(prefix.length);
  return {
    ...answer,
    Responses: mapKeys(answer.Responses ?? {}, strip),
    UnprocessedKeys: mapKeys(answer.UnprocessedKeys ?? {}, strip),
  };
}

function mapKeys<V>(record: Readonly<Record<string, V>>, change: (key: string) => string): Record<string, V> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [change(key), value]));
}
