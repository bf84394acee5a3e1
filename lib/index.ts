// The public API of the runtime. Re-exports only.

export type {
  BatchEvent,
  BatchResponse,
  DynamoDbEvent,
  DynamoDbRecord,
  KafkaBatchResponse,
  KafkaEvent,
  KafkaRecord,
  KinesisEvent,
  KinesisRecord,
  LambdaContext,
  SqsBatchResponse,
  SqsEvent,
  SqsMessageAttribute,
  SqsRecord,
  StreamBatchResponse,
} from "./aws/lambda.ts";
export type { S3Client } from "./aws/s3.ts";
export type {
  CheckParams,
  DeleteParams,
  GetOptions,
  IncrementAmounts,
  InsertParams,
  ItemParams,
  PutParams,
  UpdateParams,
} from "./consumer/declarations.ts";
export type { Message, SourceRecord } from "./consumer/message.ts";
export type { Logger, Metrics } from "./consumer/observe.ts";
export type { ExactlyOnceOptions } from "./consumer/options.ts";
export type { Outbox } from "./consumer/outbox-collector.ts";
export type { OutboxOptions } from "./consumer/outbox-options.ts";
export type { BackoffOptions, ClaimCheckOptions } from "./consumer/queue-options.ts";
export type { Handler } from "./consumer/run.ts";
export type { EventParams, SendParams, TopicParams } from "./consumer/sending.ts";
export type { SqsClient } from "./consumer/sqs-send.ts";
export type { Reduction } from "./consumer/state-store.ts";
export type { StepContext, StepFunction } from "./consumer/steps.ts";
export type { InsertOptions, PrimaryKey, Strategy } from "./consumer/strategy-options.ts";
export type { Tx } from "./consumer/tx.ts";
export {
  KeyInUseError,
  PermanentError,
  RetryLater,
  type RetryLaterOptions,
  SemelError,
  type SemelErrorCode,
} from "./errors.ts";
export {
  type BatchHandler,
  type DirectHandler,
  type DirectMessage,
  type ExactlyOnce,
  exactlyOnce,
  type OnceHandler,
  type RecordOf,
  type ResponseTo,
} from "./middleware/exactly-once.ts";
export { KEY_ATTRIBUTE } from "./protocol/key.ts";
export {
  BODY_ENCODING_ATTRIBUTE,
  FAILURE_ATTRIBUTE,
  type Failure,
  ORIGIN_ATTRIBUTE,
  POSITION_ATTRIBUTE,
} from "./protocol/rejection.ts";
export type { ItemChange } from "./sources/dynamodb-streams.ts";
export type { DynamoDbClient } from "./store/sdk-send.ts";
