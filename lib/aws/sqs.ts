// Shapes and limits of SQS's API, as far as semel uses them. Structural, so that the SDK's fit. Facts, no logic.

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_MessageAttributeValue.html */
export interface MessageAttributeValue {
  DataType: string;
  StringValue?: string;
  BinaryValue?: Uint8Array;
}

/** Attributes of one message. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const MESSAGE_ATTRIBUTES_MAX = 10;
/** Characters of an attribute's name and of its type. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html */
export const MESSAGE_ATTRIBUTE_NAME_CHARACTERS_MAX = 256;
/** Seconds that a message of a standard queue can be delayed. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export const MESSAGE_DELAY_SECONDS_MAX = 900;
/** Characters of a group id and of a deduplication id. Same page. */
export const MESSAGE_ID_CHARACTERS_MAX = 128;
/** Time in which a FIFO queue remembers a deduplication id. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html */
export const DEDUPLICATION_WINDOW_MS: number = 5 * 60 * 1000;

/** What semel needs of an SQS client: `SQSClient` fits. */
export interface SqsClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

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

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
export interface SendMessageBatchInput {
  readonly QueueUrl: string;
  readonly Entries: SendMessageBatchEntry[];
}
export interface SendMessageBatchEntry extends Omit<SendMessageInput, "QueueUrl"> {
  /** Tells the entries of one request apart. */
  readonly Id: string;
  readonly DelaySeconds?: number;
}
/** Answers 200 also when every entry failed. */
export interface SendMessageBatchOutput {
  Successful?:
    | { Id?: string | undefined; MessageId?: string | undefined; SequenceNumber?: string | undefined }[]
    | undefined;
  Failed?: BatchFailure[] | undefined;
}
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_BatchResultErrorEntry.html */
export interface BatchFailure {
  Id?: string | undefined;
  Code?: string | undefined;
  Message?: string | undefined;
  SenderFault?: boolean | undefined;
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
