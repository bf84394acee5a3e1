// BatchExecuteStatement on the benchmark's engine: INSERT statements, each judged, applied and billed as a put of its own.

import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { BATCH_STATEMENTS_MAX } from "../../lib/aws/limits.ts";
import { parseInsert } from "../../lib/store/memory/batch-statements.ts";
import { tableNotFoundError, validationError } from "../../lib/store/memory/errors.ts";
import type {
  BatchExecuteStatementInput,
  BatchStatementRequest,
  BatchStatementResponse,
} from "../../lib/store/send.ts";
import type { Begun } from "./fake-dynamodb.ts";
import type { Tables } from "./reads.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html */
const CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: "DuplicateItem",
  ResourceNotFoundException: "ResourceNotFound",
  TransactionConflictException: "TransactionConflict",
  ValidationException: "ValidationError",
};

export function beginStatements(
  { Statements }: BatchExecuteStatementInput,
  tables: Tables,
  beginWrite: (entry: TransactWriteItem) => Begun,
): Begun {
  if (Statements.length === 0 || Statements.length > BATCH_STATEMENTS_MAX) {
    throw validationError(`${Statements.length} statements, 1 to ${BATCH_STATEMENTS_MAX} are allowed`);
  }
  const begun = Statements.map((statement) => attempt(() => beginWrite(conditionalPut(statement, tables))));
  return {
    actions: Statements.length,
    finish: () => ({
      Responses: begun.map((one): BatchStatementResponse => {
        const done = "error" in one ? one : attempt(one.value.finish);
        return "error" in done ? { Error: { Code: CODES[done.error.name], Message: done.error.message } } : {};
      }),
    }),
  };
}

function conditionalPut(statement: BatchStatementRequest, tables: Tables): TransactWriteItem {
  const insert = parseInsert(statement);
  if (typeof insert === "string") throw validationError(insert);
  const [key] = tables.get(insert.tableName)?.keys ?? [];
  if (key === undefined) throw tableNotFoundError();
  const condition = {
    ConditionExpression: "attribute_not_exists(#key)",
    ExpressionAttributeNames: { "#key": key.name },
  };
  return { Put: { TableName: insert.tableName, Item: insert.item, ...condition } };
}

/** What the SDK would throw becomes the error of one statement. */
function attempt<T>(run: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof Error) || CODES[error.name] === undefined) throw error;
    return { error };
  }
}
