// The seam to what the relay sends to: every request goes through a TargetSend. The shapes are AWS's own, structurally assignable to the
// SDK's inputs.

import type { MessageAttributeValue } from "../aws/sqs.ts";

export type TargetRequest =
  | { readonly operation: "SendMessageBatch"; readonly input: SendMessageBatchInput }
  | { readonly operation: "PublishBatch"; readonly input: PublishBatchInput }
  | { readonly operation: "PutEvents"; readonly input: PutEventsInput };

/** Sends one request; throws what the SDK throws. */
export type TargetSend = (request: TargetRequest, options: { readonly signal: AbortSignal }) => Promise<TargetAnswer>;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
export interface SendMessageBatchInput {
  readonly QueueUrl: string;
  readonly Entries: SendMessageBatchEntry[];
}
export interface SendMessageBatchEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: Record<string, MessageAttributeValue>;
  readonly DelaySeconds?: number;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
export interface PublishBatchInput {
  readonly TopicArn: string;
  readonly PublishBatchRequestEntries: PublishBatchEntry[];
}
export interface PublishBatchEntry {
  readonly Id: string;
  readonly Message: string;
  readonly Subject?: string;
  readonly MessageAttributes?: Record<string, MessageAttributeValue>;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export interface PutEventsInput {
  readonly Entries: PutEventsEntry[];
}
export interface PutEventsEntry {
  readonly EventBusName: string;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
}

/** What the answers have: lists of entries by id (SQS, SNS), or one entry for each of the request, in its order (EventBridge). */
export interface TargetAnswer {
  readonly Successful?: readonly { Id?: string | undefined; MessageId?: string | undefined }[] | undefined;
  readonly Failed?: readonly FailedEntry[] | undefined;
  readonly Entries?:
    | readonly { EventId?: string | undefined; ErrorCode?: string | undefined; ErrorMessage?: string | undefined }[]
    | undefined;
}
export interface FailedEntry {
  Id?: string | undefined;
  Code?: string | undefined;
  Message?: string | undefined;
  SenderFault?: boolean | undefined;
}
