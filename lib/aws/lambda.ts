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

/** One record of a Kinesis data stream. https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
export interface KinesisRecord {
  /** `shardId-…:` and the sequence number. */
  eventID: string;
  eventSource: string;
  /** Of the stream, or of a consumer of it. */
  eventSourceARN: string;
  awsRegion: string;
  kinesis: {
    partitionKey: string;
    /** Decimal, up to 129 digits. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html */
    sequenceNumber: string;
    /** Base64. */
    data: string;
    /** Seconds, with a fraction. */
    approximateArrivalTimestamp: number;
  };
}

export interface KinesisEvent {
  Records: KinesisRecord[];
}

/** An attribute value in JSON: binary as base64. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html */
export interface StreamAttributeValue {
  S?: string;
  N?: string;
  B?: string;
  BOOL?: boolean;
  NULL?: boolean;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  L?: StreamAttributeValue[];
  M?: { [name: string]: StreamAttributeValue };
}
export interface StreamImage {
  [name: string]: StreamAttributeValue;
}

/** One change of an item. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export interface DynamoDbRecord {
  eventID?: string | undefined;
  eventName?: "INSERT" | "MODIFY" | "REMOVE" | undefined;
  eventSource?: string | undefined;
  /** With the stream's label. */
  eventSourceARN?: string | undefined;
  awsRegion?: string | undefined;
  dynamodb?: StreamChange | undefined;
  /** Of a deletion by time to live: its service. */
  userIdentity?: unknown;
}
/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_StreamRecord.html */
export interface StreamChange {
  /** Seconds. */
  ApproximateCreationDateTime?: number | undefined;
  Keys?: StreamImage | undefined;
  NewImage?: StreamImage | undefined;
  OldImage?: StreamImage | undefined;
  /** Decimal digits. */
  SequenceNumber?: string | undefined;
}

export interface DynamoDbEvent {
  Records: DynamoDbRecord[];
}

/** One record of a topic. https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html */
export interface KafkaRecord {
  topic: string;
  partition: number;
  offset: number;
  /** Milliseconds. */
  timestamp: number;
  timestampType: string;
  /** Base64; absent or null for a record without a key. */
  key?: string | null;
  /** Base64; absent or null for a tombstone. */
  value?: string | null;
  /** Each of one name; values are bytes, as numbers. */
  headers?: { [name: string]: number[] }[];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html, https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html */
export interface KafkaEvent {
  /** "aws:kafka" or "SelfManagedKafka". */
  eventSource: string;
  /** Of the cluster; MSK only. */
  eventSourceArn?: string;
  bootstrapServers?: string;
  /** By topic and partition: `orders-0`. */
  records: { [topicPartition: string]: KafkaRecord[] };
}

/** One sequence number: what comes after it is tried again, too. https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html */
export type StreamBatchResponse = SqsBatchResponse;

/**
 * The identifier is an object. https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html (Partial batch
 * response): { "partition": "topic-partition_number", "offset": 100 }, in the schema and in its three samples. An older copy
 * of the page had "topic-partition" as the field's name.
 */
export interface KafkaItemIdentifier {
  partition: string;
  offset: number;
}
export interface KafkaBatchResponse {
  batchItemFailures: { itemIdentifier: KafkaItemIdentifier }[];
}

export type BatchEvent = SqsEvent | KinesisEvent | DynamoDbEvent | KafkaEvent;
export type BatchResponse = SqsBatchResponse | StreamBatchResponse | KafkaBatchResponse;

/** The part of Lambda's context that semel reads. */
export interface LambdaContext {
  /** Time left until the function's timeout, ms. Zero or less is possible on Lambda Managed Instances. */
  getRemainingTimeInMillis(): number;
  readonly awsRequestId: string;
}
