// The actions that a consumer's function may use, and no others. TransactWriteItems has no action of its own: DynamoDB
// authorizes it by the actions of its parts.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html

import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";

/**
 * On the record table: the Put of a record, in a transaction or as a claim; the Update of a claim; strong reads of one record,
 * and of those of redelivered messages together.
 */
export const RECORD_ACTIONS: readonly string[] = [
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:GetItem",
  "dynamodb:BatchGetItem",
];

/** On a table of effects: the four writes of a transaction, the guarded read, and the lookup of the table's key names. */
export const EFFECT_ACTIONS: readonly string[] = [
  "dynamodb:PutItem",
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
  "dynamodb:ConditionCheckItem",
  "dynamodb:GetItem",
  "dynamodb:DescribeTable",
];

/**
 * On the append-only table of strategy insert: inserts, many as statements or one as a put, the strong read of what was in
 * their way, the check of a rejection that nothing was inserted, and the lookup of the table's key names. No update, no
 * delete: for this function the table is append-only, but for a put without a condition, which IAM cannot tell apart.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
 */
export const INSERT_ACTIONS: readonly string[] = [
  "dynamodb:PartiQLInsert",
  "dynamodb:PutItem",
  "dynamodb:BatchGetItem",
  "dynamodb:ConditionCheckItem",
  "dynamodb:DescribeTable",
];

/**
 * On the table of states of `reduce`: a state is put, or inserted or updated with others in one request, each under its condition, and
 * read where another process has moved it on.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
 */
export const STATE_ACTIONS: readonly string[] = [
  "dynamodb:PutItem",
  "dynamodb:BatchGetItem",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
];

/** What starts a redrive; denied on the dead-letter queue of a consumer with redrive "never". */
export const MOVE_TASK_ACTIONS: readonly string[] = ["sqs:StartMessageMoveTask"];

/** On the outbox table, for a function that sends: its messages, the counters of groups, and their strong reads. */
export const OUTBOX_ACTIONS: readonly string[] = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:GetItem"];

/** On the outbox table, for the relay: strong reads of groups and items, and removals. */
export const RELAY_ACTIONS: readonly string[] = ["dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem"];

/** On the index of what is unsent, for the relay. */
export const RELAY_INDEX_ACTIONS: readonly string[] = ["dynamodb:Query"];

/** On the customer managed key of a queue or topic that is sent to. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html */
export const TARGET_KEY_ACTIONS: readonly string[] = ["kms:Decrypt", "kms:GenerateDataKey"];

/** On the dead-letter queue: the send of a rejected message. */
export const DEAD_LETTER_ACTIONS: readonly string[] = ["sqs:SendMessage"];

/** On the objects of the bucket of large bodies. */
export const CLAIM_CHECK_ACTIONS: readonly string[] = ["s3:GetObject"];

/** There, too, where dead letters may be larger than SQS takes. */
export const LARGE_LETTER_ACTIONS: readonly string[] = ["s3:PutObject"];

/**
 * On the consumer's queue, for failed messages. CDK's event source grants them already, with what the poller needs;
 * a test holds it to that.
 */
export const RETRY_ACTIONS: readonly string[] = ["sqs:ChangeMessageVisibility", "sqs:GetQueueUrl"];

/**
 * On the customer managed key of a table, where it has one: DynamoDB uses the key in the caller's name.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
export const KEY_ACTIONS: readonly string[] = [
  "kms:Decrypt",
  "kms:DescribeKey",
  "kms:Encrypt",
  "kms:ReEncrypt*",
  "kms:GenerateDataKey*",
];

/** Grants the actions on the table itself (a transaction has no index targets) and the use of its key. */
export function grantOnTable(table: ITable, grantee: IGrantable, actions: readonly string[]): Grant {
  table.encryptionKey?.grant(grantee, ...KEY_ACTIONS);
  return Grant.addToPrincipal({ grantee, actions: [...actions], resourceArns: [table.tableArn] });
}

/** On a table's stream: its poller acts in the function's name. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export const TABLE_STREAM_ACTIONS: readonly string[] = [
  "dynamodb:DescribeStream",
  "dynamodb:GetRecords",
  "dynamodb:GetShardIterator",
  "dynamodb:ListStreams",
];

/** On an MSK cluster. https://docs.aws.amazon.com/lambda/latest/dg/msk-permissions.html */
export const MSK_ACTIONS: readonly string[] = [
  "kafka:DescribeCluster",
  "kafka:DescribeClusterV2",
  "kafka:GetBootstrapBrokers",
  "kafka:ListScramSecrets",
];

/** In the network of a Kafka cluster. Same page. */
export const NETWORK_ACTIONS: readonly string[] = [
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcs",
];
