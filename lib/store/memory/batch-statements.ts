// BatchExecuteStatement on the memory store's tables, as far as the runtime uses it: INSERT and UPDATE statements whose values
// are all parameters. What AWS's documents leave open follows the embedded engine, which the tests hold it against.
//
//   M6. Every statement is judged and applied alone, in the request's order; one that fails does not touch the others.
//   M7. An INSERT never replaces an item; an UPDATE never creates one.

import { BATCH_STATEMENTS_MAX } from "../../aws/limits.ts";
import type {
  BatchExecuteStatementInput,
  BatchExecuteStatementOutput,
  BatchStatementError,
  BatchStatementRequest,
  BatchStatementResponse,
} from "../send.ts";
import { tableNotFoundError, validationError } from "./errors.ts";
import { entryOf, parseStatement } from "./parse-statement.ts";
import type { Table } from "./table.ts";
import { applyVerdict, checkedTargets, type Target, verdictOf } from "./transact.ts";

/** A statement that can be judged, or what is wrong with it. */
type Prepared = { readonly tableName: string | undefined } & (
  | { readonly target: Target }
  | { readonly error: BatchStatementError }
);

export function batchExecute(
  tables: ReadonlyMap<string, Table>,
  { Statements }: BatchExecuteStatementInput,
): BatchExecuteStatementOutput {
  checkCount(Statements.length);
  const prepared = Statements.map((statement) => prepare(tables, statement));
  const items = prepared.flatMap((one) => ("target" in one ? wholeKey(one.target) : []));
  // The embedded engine's rule, which the documents of BatchExecuteStatement do not have: nothing of the batch is applied.
  if (new Set(items).size < items.length) throw validationError("Provided list of item keys contains duplicates");
  return { Responses: prepared.map(execute) };
}

/** Of the item among all tables; none where a key attribute is missing. */
function wholeKey({ action, table, keyText }: Target): readonly string[] {
  const whole = table.keys.every(({ name }) => action.subject[name] !== undefined);
  return whole ? [`${action.tableName} ${keyText}`] : [];
}

function checkCount(count: number): void {
  if (count > 0 && count <= BATCH_STATEMENTS_MAX) return;
  throw validationError(
    count === 0
      ? "1 validation error detected: Value '[]' at 'statements' failed to satisfy constraint: Member must have length greater than or equal to 1"
      : `Too many statements in BatchExecuteStatement; limit is ${BATCH_STATEMENTS_MAX}`,
  );
}

function prepare(tables: ReadonlyMap<string, Table>, statement: BatchStatementRequest): Prepared {
  try {
    const parsed = parseStatement(statement);
    const { tableName } = parsed;
    const table = tables.get(tableName);
    if (table === undefined)
      return { tableName, error: { Code: "ResourceNotFound", Message: tableNotFoundError().message } };
    const [target] = checkedTargets(tables, [entryOf(parsed, table.keys)]);
    return target ? { tableName, target } : { tableName, error: invalid("no action") };
  } catch (error) {
    return { tableName: undefined, error: invalid((error as Error).message) };
  }
}

/** M6, M7. */
function execute(prepared: Prepared): BatchStatementResponse {
  const { tableName } = prepared;
  if ("error" in prepared) return answer(tableName, prepared.error);
  const { target } = prepared;
  const verdict = verdictOf(target);
  applyVerdict(target, verdict);
  if (verdict.kind !== "refused") return answer(tableName, undefined);
  const { Code, Message = "" } = verdict.reason;
  if (Code !== "ConditionalCheckFailed") return answer(undefined, invalid(Message));
  // The embedded engine does not return the item, whatever the request asks for.
  if (target.action.kind === "Update") return answer(tableName, { Code, Message });
  return answer(tableName, { Code: "DuplicateItem", Message: "Duplicate primary key exists in table" });
}

function answer(tableName: string | undefined, error: BatchStatementError | undefined): BatchStatementResponse {
  return { ...(error && { Error: error }), ...(tableName === undefined ? {} : { TableName: tableName }) };
}

function invalid(message: string): BatchStatementError {
  return { Code: "ValidationError", Message: message };
}
