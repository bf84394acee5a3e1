// The publisher's one seam to SQS. The SDK's client is loaded with the first request.

import type { SendMessageBatchInput, SendMessageBatchOutput, SqsClient } from "../aws/sqs.ts";

/** What the SDK tells beside the answer. */
export interface AnswerMetadata {
  readonly $metadata?: { readonly attempts?: number | undefined };
}

/** Sends one request; rejects with what the SDK throws. */
export type SendBatch = (
  input: SendMessageBatchInput,
  options: { readonly signal: AbortSignal },
) => Promise<SendMessageBatchOutput & AnswerMetadata>;

/** The SDK's own retries are off: the publisher knows which entries to send again, and what an answer leaves open. */
export function sdkSendBatch(given: SqsClient | undefined): SendBatch {
  let own: SqsClient | undefined;
  return async (input, { signal }) => {
    const { SendMessageBatchCommand, SQSClient } = await import("./sqs-sdk.ts");
    // Requests go to the configured endpoint: a queue's URL may name a host that cannot be reached from here.
    own ??= given ?? asClient(new SQSClient({ maxAttempts: 1, useQueueUrlAsEndpoint: false }));
    const answer = await own.send(new SendMessageBatchCommand(input), { abortSignal: signal });
    return answer as SendMessageBatchOutput & AnswerMetadata;
  };
}

/** The SDK's overloads are narrower than what is needed of them. */
function asClient(client: object): SqsClient {
  return client as SqsClient;
}
