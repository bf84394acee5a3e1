// The one seam to SQS, beside store/send.ts for DynamoDB: every request goes through an SqsSend. The SDK's client is loaded
// with the first request, since a message that succeeds needs none.

import type {
  ChangeMessageVisibilityBatchInput,
  ChangeMessageVisibilityBatchOutput,
  GetQueueUrlInput,
  GetQueueUrlOutput,
  SendMessageInput,
  SendMessageOutput,
  SqsClient,
} from "../aws/sqs.ts";

export type { SqsClient } from "../aws/sqs.ts";

export type SqsRequest =
  | { readonly operation: "SendMessage"; readonly input: SendMessageInput }
  | { readonly operation: "ChangeMessageVisibilityBatch"; readonly input: ChangeMessageVisibilityBatchInput }
  | { readonly operation: "GetQueueUrl"; readonly input: GetQueueUrlInput };

interface Answers {
  SendMessage: SendMessageOutput;
  ChangeMessageVisibilityBatch: ChangeMessageVisibilityBatchOutput;
  GetQueueUrl: GetQueueUrlOutput;
}
/** What the operation of this request answers. */
export type SqsAnswerOf<R extends SqsRequest> = Answers[R["operation"]];

/** Sends one request; throws what the SDK throws. */
export type SqsSend = <R extends SqsRequest>(request: R, options: { signal?: AbortSignal }) => Promise<SqsAnswerOf<R>>;

/** Without a client, one of its own: with the SDK's own retries, since nothing here does harm when it is done twice. */
export function sdkSqsSend(given: SqsClient | undefined): SqsSend {
  let own: SqsClient | undefined;
  return async <R extends SqsRequest>(request: R, { signal }: { signal?: AbortSignal }): Promise<SqsAnswerOf<R>> => {
    const sdk = await import("./sqs-sdk.ts");
    // Requests go to the configured endpoint: a queue's URL may name a host that cannot be reached from here.
    own ??= given ?? asClient(new sdk.SQSClient({ useQueueUrlAsEndpoint: false }));
    const answer = await own.send(toCommand(request, sdk), signal ? { abortSignal: signal } : {});
    return answer as SqsAnswerOf<R>;
  };
}

/** The SDK's overloads are narrower than what is needed of them. */
function asClient(client: object): SqsClient {
  return client as SqsClient;
}

function toCommand(request: SqsRequest, sdk: typeof import("./sqs-sdk.ts")): object {
  switch (request.operation) {
    case "SendMessage":
      return new sdk.SendMessageCommand(request.input);
    case "ChangeMessageVisibilityBatch":
      return new sdk.ChangeMessageVisibilityBatchCommand(request.input);
    case "GetQueueUrl":
      return new sdk.GetQueueUrlCommand(request.input);
  }
}
