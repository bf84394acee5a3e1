// BatchExecuteStatement on the benchmark's engine: INSERT and UPDATE statements, each judged, applied and billed as a write of
// its own.

import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { BATCH_STATEMENTS_MAX } from "../../lib/aws/limits.ts";
import { tableNotFoundError, validationError } from "../../lib/store/memory/errors.ts";
import { entryOf, parseStatement } from "../../lib/store/memory/parse-statement.ts";
import type {
  BatchExecuteStatementInput,
  BatchStatementError,
  BatchStatementRequest,
  BatchStatementResponse,
} from "../../lib/store/send.ts";
import type { Begun } from "./fake-dynamodb.ts";
import type { Tables } from "./reads.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html */
const CODES: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: "ConditionalCheckFailed",
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
  const begun = Statements.map((statement) => {
    return attempt(statement, () => beginWrite(conditionalWrite(statement, tables)));
  });
  return {
    actions: Statements.length,
    finish: () => ({
      Responses: begun.map((one, index): BatchStatementResponse => {
        const done = "error" in one ? one : attempt(Statements[index], one.value.finish);
        return "error" in done ? { Error: done.error } : {};
      }),
    }),
  };
}

function conditionalWrite(statement: BatchStatementRequest, tables: Tables): TransactWriteItem {
  const parsed = parseStatement(statement);
  const keys = tables.get(parsed.tableName)?.keys;
  if (keys === undefined) throw tableNotFoundError();
  return entryOf(parsed, keys);
}

type Attempt<T> = { readonly value: T } | { readonly error: BatchStatementError };

/** What the SDK would throw becomes the error of one statement. */
function attempt<T>(statement: BatchStatementRequest | undefined, run: () => T): Attempt<T> {
  try {
    return { value: run() };
  } catch (error) {
    if (!(error instanceof Error) || CODES[error.name] === undefined) throw error;
    const { name, message: Message } = error;
    const isDuplicate = name === "ConditionalCheckFailedException" && statement?.Statement.startsWith("INSERT ");
    return { error: { Code: isDuplicate ? "DuplicateItem" : CODES[name], Message } };
  }
}
