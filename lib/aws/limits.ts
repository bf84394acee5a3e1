// Limits of AWS that semel's code relies on, each with its source. Facts, no logic.

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html */
export const TRANSACTION_ACTIONS_MAX = 100;
/** Aggregate size of the items of a transaction, bytes. Same page; 1 MB is 1024 x 1024 bytes. */
export const TRANSACTION_BYTES_MAX: number = 4 * 1024 * 1024;
/** Size of an item with its attribute names, bytes. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
export const ITEM_BYTES_MAX: number = 400 * 1024;
/** Length of an expression string, bytes. Same page. */
export const EXPRESSION_BYTES_MAX = 4096;
/** Significant digits of a DynamoDB number. Same page. */
export const NUMBER_DIGITS_MAX = 38;
/** Partition key value, bytes. Same page. */
export const PARTITION_KEY_BYTES_MAX = 2048;
/** Keys of one BatchGetItem. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export const BATCH_GET_ITEMS_MAX = 100;
/** Writes of one BatchWriteItem. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html */
export const BATCH_WRITE_ITEMS_MAX = 25;
/** A standard write of an item up to this is 1 write unit, in a transaction 2. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html */
export const WRITE_UNIT_BYTES = 1024;
/** Statements of one BatchExecuteStatement. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html */
export const BATCH_STATEMENTS_MAX = 25;
/** Characters of one PartiQL statement. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchStatementRequest.html */
export const STATEMENT_CHARACTERS_MAX = 8_192;

/** Visibility timeout of an SQS message, seconds. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html */
export const VISIBILITY_TIMEOUT_SECONDS_MAX: number = 12 * 60 * 60;
/** Retention of an SQS message, seconds: 4 days unless set, 14 days at most. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export const QUEUE_RETENTION_SECONDS_DEFAULT: number = 4 * 24 * 60 * 60;
export const QUEUE_RETENTION_SECONDS_MAX: number = 14 * 24 * 60 * 60;
/** Messages of one SQS call. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html */
export const QUEUE_BATCH_MESSAGES_MAX = 10;

/** Visibility timeout >= this x function timeout + batch window. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
export const VISIBILITY_TO_TIMEOUT_RATIO_MIN = 6;
/** maxReceiveCount of a queue that feeds a function. Same page. */
export const MAX_RECEIVE_COUNT_MIN = 5;
/** Batch size of a standard queue's event source mapping; above 10 needs a batching window of 1 s or more. Same page. */
export const EVENT_SOURCE_BATCH_SIZE_DEFAULT = 10;
export const EVENT_SOURCE_BATCH_SIZE_MAX = 10_000;
/** Payload of a synchronous invocation, bytes. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const INVOCATION_PAYLOAD_BYTES_MAX: number = 6 * 1024 * 1024;
/** Function timeout, seconds: 3 unless set. Same page. */
export const FUNCTION_TIMEOUT_SECONDS_DEFAULT = 3;
export const FUNCTION_TIMEOUT_SECONDS_MAX = 900;
