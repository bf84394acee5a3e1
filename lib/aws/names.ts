// Lengths of resource names. Facts, no logic.

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
export const QUEUE_NAME_LENGTH_MAX = 80;
/** Counts in the length. Same page. */
export const FIFO_QUEUE_SUFFIX = ".fifo";
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
export const TABLE_NAME_LENGTH_MAX = 255;
/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
export const FUNCTION_NAME_LENGTH_MAX = 64;
/** https://docs.aws.amazon.com/msk/1.0/apireference/clusters.html (ClusterName) */
export const MSK_CLUSTER_NAME_LENGTH_MAX = 64;
