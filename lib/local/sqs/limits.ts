// Limits of SQS that only the engine needs, each with its source. Facts, no logic.

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export const MESSAGE_BYTES_SETTING_MIN = 1024;
export const RETENTION_SECONDS_MIN = 60;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue.html */
export const MAX_RECEIVE_COUNT_MAX = 1000;
export const REDRIVE_SOURCES_MAX = 10;
/** Messages in flight of one queue. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const IN_FLIGHT_MAX = 120_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html */
export const PURGE_INTERVAL_MS = 60_000;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html */
export const LIST_RESULTS_MAX = 1000;
/** Message move tasks of one source that are listed. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListMessageMoveTasks.html */
export const MOVE_TASKS_LISTED_MAX = 10;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html */
export const MOVES_PER_SECOND_MAX = 500;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
export const QUEUE_TAGS_MAX = 50;
