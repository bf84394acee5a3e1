// The requests that write keyed states. Pure. What their answers mean is as in insert-requests.ts.
//
//   SQ1. Whichever request it is, the write is under one condition: there is no item, or it is the one that was folded on, of
//        this consumer. An INSERT never replaces an item, an UPDATE never creates one.

import type { CancellationReason, PutAction, TransactWriteItem } from "../aws/dynamodb.ts";
import { STATEMENT_CHARACTERS_MAX } from "../aws/limits.ts";
import { MARK, STATE, type StateItem, type StateKey } from "../protocol/keyed-state.ts";
import { commitAnswer, errorName } from "./answers.ts";
import { type InsertAnswer, insertStatement, TABLE_NAME } from "./insert-requests.ts";
import type { BatchStatementRequest } from "./send.ts";

/** A state as it is to be, and what it was folded on. */
export interface StateWrite {
  readonly key: StateKey;
  /** The whole item, under its condition. */
  readonly put: PutAction;
  readonly before: StateItem | undefined;
  /** Written with it, or not at all. */
  readonly also?: readonly TransactWriteItem[];
}

/** KW1 of state-writer.ts. The state stands first: what its reason says is said of the state. */
export function stateActions({ put, also = [] }: StateWrite): TransactWriteItem[] {
  return [{ Put: put }, ...also];
}

/** The answer in the error of such a transaction. */
export function transactionAnswer(error: unknown): InsertAnswer {
  const [ofState] = (error as { CancellationReasons?: readonly CancellationReason[] }).CancellationReasons ?? [];
  const cancelled = errorName(error) === "TransactionCanceledException";
  if (cancelled && ofState?.Code === "ConditionalCheckFailed") return { kind: "exists", found: ofState.Item };
  const answer = commitAnswer(error);
  switch (answer.kind) {
    case "conditionFailed": // of an item beside the state, which is of a commit that is forgotten: nothing was applied
      return { kind: "refused", cause: error };
    case "recordExists":
    case "applied":
      return { kind: "unknown", cause: error };
    default:
      return answer;
  }
}

/** Without quotes, whose form in a name is not documented, and without dots, which the embedded engine takes for paths. */
const PLAIN_NAME = /^[ !#-&(--/-[\]-~]+$/;

/**
 * SQ1. Undefined where PartiQL has no safe or short enough form for it. The page has several attributes as `SET a = 1 SET b = 2`,
 * PartiQL itself and the embedded engine have a comma; an engine that refuses it gets each write as a PutItem.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.update.html
 */
export function stateStatement({ key, put, before }: StateWrite): BatchStatementRequest | undefined {
  const { tableName, partitionKey, orderingKey, consumer } = key;
  if (!before) return insertStatement({ tableName, item: put.Item });
  const [state, mark] = [put.Item[STATE], put.Item[MARK]];
  if (!TABLE_NAME.test(tableName) || !PLAIN_NAME.test(partitionKey) || !state || !mark) return undefined;
  const Statement =
    `UPDATE "${tableName}" SET "${STATE}" = ?, "${MARK}" = ? ` +
    `WHERE "${partitionKey}" = ? AND "${MARK}"."attemptId" = ? AND "${MARK}"."consumer" = ?`;
  if (Statement.length > STATEMENT_CHARACTERS_MAX) return undefined;
  const Parameters = [state, mark, { S: orderingKey }, { S: before.attemptId }, { S: consumer }];
  return { Statement, Parameters, ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
}
