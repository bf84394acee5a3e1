// What a function's response does to the records of its batch, on a stream. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html, …/kafka-retry-configurations.html
//
//   SR1. Of several failures the lowest sequence number counts: it and everything after it comes again.
//        Kafka's page has it otherwise: "retry just those specific items". What is named comes again, in its order; the rest is done.
//   SR2. An empty or null itemIdentifier, another key in its place, or one that is not in the batch: the whole batch comes again.
import { isEmpty } from "../partial-response.ts";
import { isObject } from "../values.ts";
import type { RecordKind } from "./record.ts";

/** Ids of the records that come again, in the order of the batch. */
export type StreamVerdict = { kind: "judged"; left: readonly string[] } | { kind: "failed"; reason: string };

export interface StreamBatch {
  /** Of its records, in the order of the stream. */
  readonly ids: readonly string[];
  /** Of the record that an itemIdentifier means; undefined for what can't be one. */
  readonly idOf: RecordKind<unknown>["idOf"];
  readonly retriesNamed?: RecordKind<unknown>["retriesNamed"];
  /** FunctionResponseTypes has ReportBatchItemFailures. Without it a response is not looked at. */
  readonly reportsFailures: boolean;
}

export function judgeStreamResponse(payload: string, batch: StreamBatch): StreamVerdict {
  const { ids, idOf, retriesNamed = false } = batch;
  const all: StreamVerdict = { kind: "judged", left: [] };
  if (!batch.reportsFailures) return all;
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
  const known = new Set(ids);
  const named = new Set<string>();
  for (const failure of failures) {
    const identifier: unknown = isObject(failure) ? failure["itemIdentifier"] : undefined;
    const id = idOf(identifier);
    if (id === undefined || !known.has(id)) {
      return failed(`${JSON.stringify(failure)} names no record of the batch`); // SR2
    }
    named.add(id);
  }
  const isNamed = (id: string): boolean => named.has(id);
  return { kind: "judged", left: retriesNamed ? ids.filter(isNamed) : ids.slice(ids.findIndex(isNamed)) }; // SR1
}

/** Of a stream with sequence numbers: they are the identifiers. */
export function sequenceNumberOf(identifier: unknown): string | undefined {
  return typeof identifier === "string" ? identifier : undefined;
}

function failed(reason: string): StreamVerdict {
  return { kind: "failed", reason };
}
