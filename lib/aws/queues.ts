// Facts about SQS queues that the constructs set. Facts, no logic.

/**
 * Size of a message, bytes. Set explicitly: CloudFormation's documentation still gives the old 256 KiB as its default.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const MESSAGE_BYTES_MAX: number = 1024 * 1024;
/** Messages that a Lambda function reads in one batch without a batching window. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export const EVENT_SOURCE_BATCH_SIZE_WITHOUT_WINDOW_MAX = 10;
