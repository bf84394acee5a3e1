// What a function's response does to the records of its batch, on a stream. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
//
//   SR1. Of several failures the lowest sequence number counts: it and everything after it comes again.
//   SR2. An empty or null itemIdentifier, another key in its place, or one that is not in the batch: the whole batch comes again.
import { isEmpty } from "../partial-response.ts";
import { isObject } from "../values.ts";
import type { RecordKind } from "./record.ts";

/** How many of the batch's records are done. */
export type StreamVerdict = { kind: "done"; count: number } | { kind: "failed"; reason: string };

export interface StreamBatch {
  /** Of its records, in the order of the stream. */
  readonly ids: readonly string[];
  /** Of the record that an itemIdentifier means; undefined for what can't be one. */
  readonly idOf: RecordKind<unknown>["idOf"];
  /** FunctionResponseTypes has ReportBatchItemFailures. Without it a response is not looked at. */
  readonly reportsFailures: boolean;
}

export function judgeStreamResponse(payload: string, { ids, idOf, reportsFailures }: StreamBatch): StreamVerdict {
  const all: StreamVerdict = { kind: "done", count: ids.length };
  if (!reportsFailures) return all;
  let response: unknown;
  try {
    response = payload === "" ? null : JSON.parse(payload);
  } catch {
    return failed("the response is not JSON");
  }
  if (isEmpty(response)) return all;
  const failures = isObject(response) ? response["batchItemFailures"] : undefined;
  if (!isObject(response)) return failed(`the response is ${JSON.stringify(response)}, not an object`);
  if (isEmpty(failures)) return all;
  if (!Array.isArray(failures)) return failed("batchItemFailures is not a list");
  let count = ids.length;
  for (const failure of failures) {
    const identifier: unknown = isObject(failure) ? failure["itemIdentifier"] : undefined;
    const id = idOf(identifier);
    const index = id === undefined ? -1 : ids.indexOf(id);
    if (index < 0) return failed(`${JSON.stringify(failure)} names no record of the batch`); // SR2
    count = Math.min(count, index); // SR1
  }
  return { kind: "done", count };
}

/** Of a stream with sequence numbers: they are the identifiers. */
export function sequenceNumberOf(identifier: unknown): string | undefined {
  return typeof identifier === "string" ? identifier : undefined;
}

function failed(reason: string): StreamVerdict {
  return { kind: "failed", reason };
}
