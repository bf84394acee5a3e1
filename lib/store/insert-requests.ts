// The requests of strategy insert, and what their answers mean. Pure.
//
//   IQ1. Every write refuses an item that is there: an INSERT by itself, a PutItem by its condition.
//   IQ2. A statement is done only where its own answer is there and has no error. Answers are positional: where their
//        number is not that of the statements, nothing is known of any.
//   IQ3. What is not known to be a refusal is unknown.

import type { Item, PutAction } from "../aws/dynamodb.ts";
import { STATEMENT_CHARACTERS_MAX } from "../aws/limits.ts";
import type { CommitAnswer } from "../protocol/commit.ts";
import type { Insertion } from "../protocol/insert.ts";
import { commitAnswer, errorName } from "./answers.ts";
import { absenceOf } from "./conditions.ts";
import type { BatchExecuteStatementOutput, BatchStatementError, BatchStatementRequest } from "./send.ts";

export type InsertAnswer =
  | Extract<CommitAnswer, { kind: "applied" | "conflict" | "throttled" | "inProgress" | "refused" | "unknown" }>
  /** An item of this key is there. It comes along where the engine returned it. */
  | { readonly kind: "exists"; readonly found: Item | undefined }
  /** The call was refused as a whole: alone each shows whether it is to blame. */
  | { readonly kind: "suspect" };

/** IQ1. */
export function putRequest({ tableName, key, item }: Insertion): PutAction {
  const { condition = "", names } = absenceOf(Object.keys(key)[0] ?? "");
  return {
    TableName: tableName,
    Item: item,
    ConditionExpression: condition,
    ExpressionAttributeNames: { ...names },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html; no ARN. */
export const TABLE_NAME: RegExp = /^[A-Za-z0-9_.-]{3,255}$/;
/** How a quote is written in a name of a statement is not documented; such an item goes by PutItem. */
const PLAIN_NAME = /^[ !#-&(-[\]-~]+$/;

/**
 * IQ1. `INSERT INTO "table" VALUE {'name':?,…}`, which never replaces an item: it fails with DuplicateItem. Undefined where
 * PartiQL has no safe or short enough form for it.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.insert.html
 */
export function insertStatement({
  tableName,
  item,
}: Pick<Insertion, "tableName" | "item">): BatchStatementRequest | undefined {
  const names = Object.keys(item);
  if (!TABLE_NAME.test(tableName) || !names.every((name) => PLAIN_NAME.test(name))) return undefined;
  const Statement = `INSERT INTO "${tableName}" VALUE {${names.map((name) => `'${name}':?`).join(",")}}`;
  if (Statement.length > STATEMENT_CHARACTERS_MAX) return undefined;
  // A duplicate's item may come with the error, and saves the read; the service need not return it.
  return { Statement, Parameters: Object.values(item), ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
}

/** Names under which engines say that they do not know an operation. */
const UNKNOWN_OPERATION: ReadonlySet<string> = new Set(["UnknownOperationException", "UnknownOperation"]);

export function isUnknownOperation(error: unknown): boolean {
  return UNKNOWN_OPERATION.has(errorName(error));
}

/** The answer in the error of a PutItem. */
export function putAnswer(error: unknown): InsertAnswer {
  if (errorName(error) === "ConditionalCheckFailedException") {
    return { kind: "exists", found: (error as { Item?: Item }).Item };
  }
  const answer = commitAnswer(error);
  const ofTransactions = answer.kind === "recordExists" || answer.kind === "conditionFailed";
  return ofTransactions || answer.kind === "applied" ? { kind: "unknown", cause: error } : answer; // IQ3
}

/** The answer of each statement in the error of the whole call. */
export function callAnswer(error: unknown): InsertAnswer {
  if (isUnknownOperation(error)) return { kind: "suspect" };
  const answer = putAnswer(error);
  if (answer.kind === "exists") return { kind: "unknown", cause: error }; // IQ3: no call as a whole has a condition
  return answer.kind === "refused" ? { kind: "suspect" } : answer;
}

export function statementAnswers({ Responses }: BatchExecuteStatementOutput, statements: number): InsertAnswer[] {
  if (Responses?.length !== statements) {
    const cause = new Error(`BatchExecuteStatement gave ${Responses?.length ?? 0} answers to ${statements} statements`);
    return Array.from({ length: statements }, () => ({ kind: "unknown", cause })); // IQ2
  }
  return Responses.map(({ Error: error }) => (error === undefined ? { kind: "applied" } : statementAnswer(error))); // IQ2
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementError.html has all codes. */
function statementAnswer({ Code: code = "", Message: message = "", Item: found }: BatchStatementError): InsertAnswer {
  switch (code) {
    case "DuplicateItem":
    case "ConditionalCheckFailed":
      return { kind: "exists", found };
    case "TransactionConflict":
      return { kind: "conflict" };
    case "ThrottlingError":
    case "ProvisionedThroughputExceeded":
    case "RequestLimitExceeded":
      return { kind: "throttled" };
    case "ValidationError":
    case "AccessDenied":
    case "ResourceNotFound":
    case "ItemCollectionSizeLimitExceeded":
      return { kind: "refused", cause: named(code, message) };
    default: // InternalServerError, and what the service may add
      return { kind: "unknown", cause: named(code, message) }; // IQ3
  }
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}
