// How an SQS event source mapping polls, as AWS documents it. Facts, no logic.

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
