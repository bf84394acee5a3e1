// What a function's response does to the messages of its batch: the table of AWS. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
//
//   complete success: an empty or null response, an empty or null batchItemFailures
//   complete failure: a response that is no JSON, an empty or null itemIdentifier, another key in its place,
//                     an itemIdentifier that is not in the batch
//   otherwise the named messages stay, the others are deleted
import { isObject } from "./values.ts";

export type BatchVerdict =
  | { kind: "settled"; delete: string[] } // message ids
  | { kind: "failed"; reason: string }; // nothing is deleted

export interface Batch {
  readonly messageIds: readonly string[];
  /** FunctionResponseTypes has ReportBatchItemFailures. Without it a response is not looked at. */
  readonly reportsFailures: boolean;
}

export function judgeResponse(payload: string, batch: Batch): BatchVerdict {
  if (!batch.reportsFailures) return settled(batch, new Set());
  let response: unknown;
  try {
    response = payload === "" ? null : JSON.parse(payload);
  } catch {
    return failed("the response is not JSON");
  }
  if (isEmpty(response)) return settled(batch, new Set());
  if (!isObject(response)) return failed(`the response is ${JSON.stringify(response)}, not an object`);
  const failures = response["batchItemFailures"];
  if (isEmpty(failures)) return settled(batch, new Set());
  if (!Array.isArray(failures)) return failed("batchItemFailures is not a list");

  const kept = new Set<string>();
  for (const failure of failures) {
    const identifier: unknown = isObject(failure) ? failure["itemIdentifier"] : undefined;
    if (typeof identifier !== "string") {
      return failed(`no itemIdentifier in ${JSON.stringify(failure)}`);
    }
    if (!batch.messageIds.includes(identifier)) return failed(`itemIdentifier "${identifier}" is not in the batch`);
    kept.add(identifier);
  }
  return settled(batch, kept);
}

/** Null, "", [] and {} all say nothing. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function settled(batch: Batch, kept: ReadonlySet<string>): BatchVerdict {
  return { kind: "settled", delete: batch.messageIds.filter((id) => !kept.has(id)) };
}

function failed(reason: string): BatchVerdict {
  return { kind: "failed", reason };
}
