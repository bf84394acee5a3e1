// Shapes and limits of SQS's API, as far as semel uses them. Structural, so that the SDK's fit. Facts, no logic.

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html */
export interface MessageAttributeValue {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}

/** Attributes of one message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const MESSAGE_ATTRIBUTES_MAX = 10;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export interface SendMessageInput {
  readonly QueueUrl: string;
  readonly MessageBody: string;
  readonly MessageAttributes?: Record<string, MessageAttributeValue>;
  /** Required by FIFO queues. */
  readonly MessageGroupId?: string;
  /** Required by FIFO queues without content-based deduplication. */
  readonly MessageDeduplicationId?: string;
}
export interface SendMessageOutput {
  MessageId?: string | undefined;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html */
export interface ChangeMessageVisibilityBatchInput {
  readonly QueueUrl: string;
  readonly Entries: VisibilityEntry[];
}
export interface VisibilityEntry {
  readonly Id: string;
  readonly ReceiptHandle: string;
  /** Seconds. */
  readonly VisibilityTimeout: number;
}
/** Answers 200 also when every entry failed. */
export interface ChangeMessageVisibilityBatchOutput {
  Failed?: { Id?: string | undefined; Code?: string | undefined; Message?: string | undefined }[] | undefined;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html */
export interface GetQueueUrlInput {
  readonly QueueName: string;
  readonly QueueOwnerAWSAccountId?: string;
}
export interface GetQueueUrlOutput {
  QueueUrl?: string | undefined;
}
