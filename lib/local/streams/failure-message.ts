// What Lambda sends to the on-failure destination of a stream's mapping: where the records are, not what they are. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html, …/kinesis-on-failure-destination.html
import type { InvocationResult } from "../worker.ts";
import type { Taken } from "./record.ts";

export interface GivenUp<R> {
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  readonly records: readonly Taken<R>[];
  readonly invocations: number;
  /** Of the last invocation; undefined where there was none. */
  readonly requestId: string | undefined;
  readonly outcome: InvocationResult["outcome"] | undefined;
}

export interface FailureContext {
  readonly functionArn: string;
  /** Where the records are, as this kind of stream says it. */
  readonly batchInfo: object;
  readonly nowMs: number;
}

export function failureMessage(given: Omit<GivenUp<unknown>, "records">, context: FailureContext): object {
  const { outcome, requestId = "" } = given;
  return {
    requestContext: {
      requestId,
      functionArn: context.functionArn,
      condition: given.condition,
      approximateInvokeCount: given.invocations,
    },
    ...(outcome === undefined ? {} : { responseContext: responseContext(outcome) }),
    version: "1.0",
    timestamp: new Date(context.nowMs).toISOString(),
    ...context.batchInfo,
  };
}

/** A partial response is no error of the function. */
function responseContext(outcome: InvocationResult["outcome"]): object {
  const context = { statusCode: 200, executedVersion: "$LATEST" };
  return outcome === "success" ? context : { ...context, functionError: "Unhandled" };
}
