// Shapes of what Lambda hands to a function, as far as semel reads them. Structural, so that @types/aws-lambda's fit.

/** One SQS message in a Lambda event. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export interface SqsRecord {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: SqsRecordAttributes;
  messageAttributes: Record<string, SqsMessageAttribute>;
  md5OfBody: string;
  md5OfMessageAttributes?: string;
  eventSource: string;
  eventSourceARN: string;
  awsRegion: string;
}

/** Values are strings, numbers too. */
export interface SqsRecordAttributes {
  ApproximateReceiveCount: string;
  SentTimestamp: string;
  SenderId: string;
  ApproximateFirstReceiveTimestamp: string;
  SequenceNumber?: string;
  MessageGroupId?: string;
  MessageDeduplicationId?: string;
  AWSTraceHeader?: string;
  DeadLetterQueueSourceArn?: string;
}

export interface SqsMessageAttribute {
  stringValue?: string;
  binaryValue?: string;
  stringListValues?: string[];
  binaryListValues?: string[];
  dataType: string;
}

export interface SqsEvent {
  Records: SqsRecord[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
export interface SqsBatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The part of Lambda's context that semel reads. */
export interface LambdaContext {
  /** Time left until the function's timeout, ms. Zero or less is possible on Lambda Managed Instances. */
  getRemainingTimeInMillis(): number;
  readonly awsRequestId: string;
}
