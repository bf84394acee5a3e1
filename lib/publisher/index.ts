// The entry semel/publisher. Re-exports only.

export type { S3Client } from "../aws/s3.ts";
export type { MessageAttributeValue, SqsClient } from "../aws/sqs.ts";
export { SemelError, type SemelErrorCode } from "../errors.ts";
export { KEY_ATTRIBUTE } from "../protocol/key.ts";
export type { CompressOptions, PublisherClaimCheckOptions } from "./body-options.ts";
export type { OutgoingMessage } from "./message.ts";
export type { PublisherOptions } from "./options.ts";
export { createPublisher, type Publisher, type SendOptions } from "./publisher.ts";
export type { SendResult, SentMessage } from "./results.ts";
export { SNOWFLAKE_EPOCH_MS } from "./snowflake.ts";
