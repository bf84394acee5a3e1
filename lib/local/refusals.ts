// Answers with which AWS refuses a request, made here in place of an engine that never gives them.
import type { EngineAnswer } from "./call.ts";
import type { JsonObject } from "./values.ts";

const DYNAMODB = "com.amazonaws.dynamodb.v20120810#";

const MESSAGES: Readonly<Record<string, string>> = {
  ThrottlingException: "Rate of requests exceeds the allowed throughput.",
  ProvisionedThroughputExceededException:
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
  RequestLimitExceeded: "Throughput exceeds the current throughput limit for your account.",
  TransactionConflictException: "Transaction is ongoing for the item",
  TransactionInProgressException: "The transaction with the given request token is already in progress.",
  InternalServerError: "Internal server error",
  InternalFailure: "The request processing has failed because of an unknown error, exception or failure.",
  ServiceUnavailable: "The service is currently unavailable. Please try again.",
  RequestThrottled: "Request is throttled.",
};

export function dynamodbRefusal(name: string, status = 400): EngineAnswer {
  return answerOf(status, { __type: DYNAMODB + name, message: MESSAGES[name] ?? name });
}

export function sqsRefusal(name: string, status = 400): EngineAnswer {
  const type = status >= 500 ? `com.amazon.coral.service#${name}` : `com.amazonaws.sqs#${name}`;
  const answer = answerOf(status, { __type: type, message: MESSAGES[name] ?? name });
  const fault = status >= 500 ? "Receiver" : "Sender";
  return { ...answer, headers: { ...answer.headers, "x-amzn-query-error": `${name};${fault}` } };
}

const REASONS: Readonly<Record<string, string>> = {
  TransactionConflict: "Transaction is ongoing for the item",
  ThrottlingError: "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling.",
};

/** One code for each action of the transaction; "None" for those that would have passed. */
export function cancellation(codes: readonly string[]): EngineAnswer {
  const reasons = codes.map((code) =>
    code === "None" ? { Code: code } : { Code: code, Message: REASONS[code] ?? code },
  );
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`;
  return answerOf(400, {
    __type: `${DYNAMODB}TransactionCanceledException`,
    Message: message,
    CancellationReasons: reasons,
  });
}

function answerOf(status: number, json: JsonObject): EngineAnswer {
  return { status, headers: { "content-type": "application/x-amz-json-1.0" }, body: Buffer.from(JSON.stringify(json)) };
}
