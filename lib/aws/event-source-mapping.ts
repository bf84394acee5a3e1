// How event source mappings poll, as AWS documents it. Facts, no logic.

/** Batches side by side that a mapping without a maximum concurrency starts with. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
export const EVENT_SOURCE_CONCURRENCY_DEFAULT = 5;
/** Value that switches partial responses on. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html */
export const REPORT_BATCH_ITEM_FAILURES = "ReportBatchItemFailures";
/** Long polling, seconds. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html */
export const LONG_POLL_SECONDS_MAX = 20;
/** Batching window, seconds; standard queues only. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export const BATCHING_WINDOW_SECONDS_MAX = 300;
/** Visibility timeout of a queue that sets none, seconds. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html */
export const VISIBILITY_TIMEOUT_SECONDS_DEFAULT = 30;

/** Of a Kinesis or DynamoDB stream. https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html, …/services-kinesis-parameters.html */
export const STREAM_BATCH_SIZE_DEFAULT = 100;
export const STREAM_BATCH_SIZE_MAX = 10_000;
export const PARALLELIZATION_FACTOR_MAX = 10;
export const RETRY_ATTEMPTS_MAX = 10_000;
export const RECORD_AGE_SECONDS_MAX: number = 7 * 24 * 60 * 60;
/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
export const RECORD_AGE_SECONDS_MIN = 60;
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html */
export const TABLE_STREAM_RETENTION_SECONDS: number = 24 * 60 * 60;
/** Of a Kinesis stream that sets none. https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html */
export const KINESIS_RETENTION_HOURS_DEFAULT = 24;
/** Error handling of Kafka needs provisioned pollers. https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html */
export const KAFKA_POLLERS_MIN = 1;
/** Of MinimumPollers. https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedPollerConfig.html */
export const KAFKA_POLLERS_MAX = 200;
/** Retries of a mapping that sets no number of them, but an on-failure destination. Same page as for error handling. */
export const KAFKA_RETRIES_WITH_DESTINATION = 10;
/** https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html */
export const KAFKA_BATCHING_WINDOW_MS_DEFAULT = 500;

/** Of a function that Kafka feeds: a minute less than elsewhere. https://docs.aws.amazon.com/lambda/latest/dg/with-msk-configure.html */
export const KAFKA_FUNCTION_TIMEOUT_SECONDS_MAX: number = 14 * 60;
