// What Lambda sends to the on-failure destination of a stream's mapping: where the records are, not what they are. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
import type { DynamoDbRecord } from "../../aws/lambda.ts";
import type { InvocationResult } from "../worker.ts";

export interface GivenUp {
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  readonly records: readonly DynamoDbRecord[];
  readonly invocations: number;
  /** Of the last invocation; undefined where there was none. */
  readonly requestId: string | undefined;
  readonly outcome: InvocationResult["outcome"] | undefined;
  readonly functionArn: string;
  readonly shardId: string;
  readonly streamArn: string;
  readonly nowMs: number;
}

export function failureMessage(given: GivenUp): object {
  const { records, outcome, requestId = "" } = given;
  const [first, last] = [records[0]?.dynamodb, records.at(-1)?.dynamodb];
  return {
    requestContext: {
      requestId,
      functionArn: given.functionArn,
      condition: given.condition,
      approximateInvokeCount: given.invocations,
    },
    ...(outcome === undefined ? {} : { responseContext: responseContext(outcome) }),
    version: "1.0",
    timestamp: new Date(given.nowMs).toISOString(),
    DDBStreamBatchInfo: {
      shardId: given.shardId,
      startSequenceNumber: first?.SequenceNumber,
      endSequenceNumber: last?.SequenceNumber,
      approximateArrivalOfFirstRecord: secondsText(first?.ApproximateCreationDateTime),
      approximateArrivalOfLastRecord: secondsText(last?.ApproximateCreationDateTime),
      batchSize: records.length,
      streamArn: given.streamArn,
    },
  };
}

/** A partial response is no error of the function. */
function responseContext(outcome: InvocationResult["outcome"]): object {
  const context = { statusCode: 200, executedVersion: "$LATEST" };
  return outcome === "success" ? context : { ...context, functionError: "Unhandled" };
}

/** Without a fraction, as in AWS's own example. */
function secondsText(seconds = 0): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}
