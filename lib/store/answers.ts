// What DynamoDB's errors mean, by name, position and code. Pure.
//
//   A1. Only ConditionalCheckFailed at the record's own index speaks of the record.
//   A2. ConditionalCheckFailed on an effect is the business's only if the record's own reason is None.
//   A3. What is not known to be a refusal is unknown.

import type { CancellationReason, Item } from "../aws/dynamodb.ts";
import type { CommitAnswer } from "../protocol/commit.ts";
import type { FoundRecord } from "../protocol/record.ts";
import { itemToRecord } from "./items.ts";
import { RECORD_INDEX } from "./transaction.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const THROTTLING_ERRORS: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
]);
const CONFLICT_ERRORS: ReadonlySet<string> = new Set([
  "TransactionConflictException",
  "ReplicatedWriteConflictException",
]);
/** Client errors: DynamoDB judged the request before doing anything. Same page, and the common errors of the API. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDeniedException",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidSignatureException",
  "ItemCollectionSizeLimitExceededException",
  "MissingAuthenticationTokenException",
  "ResourceNotFoundException",
  "SerializationException",
  "UnrecognizedClientException",
  "ValidationException",
]);

/** The answer in a TransactWriteItems' error. */
export function commitAnswer(error: unknown): CommitAnswer {
  const name = errorName(error);
  if (name === "TransactionCanceledException") return cancelled(cancellationReasons(error), error);
  if (name === "TransactionInProgressException") return { kind: "inProgress" };
  if (THROTTLING_ERRORS.has(name)) return { kind: "throttled" };
  if (CONFLICT_ERRORS.has(name)) return { kind: "conflict" };
  if (REFUSALS.has(name) && attemptsOf(error) <= 1) return { kind: "refused", cause: error };
  return { kind: "unknown", cause: error }; // A3
}

function cancelled(reasons: readonly CancellationReason[], error: unknown): CommitAnswer {
  const record = reasons[RECORD_INDEX];
  if (record?.Code === "ConditionalCheckFailed") {
    return { kind: "recordExists", found: record.Item && itemToRecord(record.Item) }; // A1
  }
  if (record?.Code === "None") {
    const actionIndex = reasons.findIndex(({ Code }) => Code === "ConditionalCheckFailed");
    if (actionIndex >= 0) return { kind: "conditionFailed", actionIndex }; // A2
  }
  const codes = new Set(reasons.map(({ Code }) => Code));
  if (codes.has("ValidationError") || codes.has("ItemCollectionSizeLimitExceeded"))
    return { kind: "refused", cause: error };
  if (codes.has("ThrottlingError") || codes.has("ProvisionedThroughputExceeded")) return { kind: "throttled" };
  return { kind: "conflict" }; // cancelled, so not applied; the reason decides only how long to wait
}

function cancellationReasons(error: unknown): readonly CancellationReason[] {
  const reasons = (error as { CancellationReasons?: unknown }).CancellationReasons;
  return Array.isArray(reasons) ? reasons : [];
}

/** What the error of one conditional write of the record alone told us. */
export type WriteAnswer =
  /** Its condition failed. The old record comes along where the engine returned it. */
  | { readonly kind: "conditionFailed"; readonly found: FoundRecord | undefined }
  | Extract<CommitAnswer, { kind: "conflict" | "throttled" | "refused" | "unknown" }>;

/** The answer in the error of a PutItem or UpdateItem. */
export function writeAnswer(error: unknown): WriteAnswer {
  if (errorName(error) === "ConditionalCheckFailedException") {
    const { Item: item } = error as { Item?: Item };
    return { kind: "conditionFailed", found: item && itemToRecord(item) };
  }
  const answer = commitAnswer(error);
  switch (answer.kind) {
    case "conflict":
    case "throttled":
    case "refused":
    case "unknown":
      return answer;
    default:
      return { kind: "unknown", cause: error }; // A3
  }
}

/** May a read that failed so be sent again? */
export function readMayBeRetried(error: unknown): boolean {
  return !REFUSALS.has(errorName(error));
}

/** Of a client that sends again by itself: its last answer says nothing of those before. */
function attemptsOf(error: unknown): number {
  return (error as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
}

export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : "";
}
