// Makes Lambda events of SQS messages, as an event source mapping sends them.

import type { SqsEvent, SqsMessageAttribute, SqsRecord } from "../../lib/aws/lambda.ts";

export interface TestMessage {
  readonly messageId?: string;
  /** Objects are sent as JSON, strings as they are. */
  readonly body: unknown;
  readonly receiveCount?: number;
  readonly messageAttributes?: Record<string, SqsMessageAttribute>;
}

export function sqsRecord({
  messageId = "m-1",
  body,
  receiveCount = 1,
  messageAttributes = {},
}: TestMessage): SqsRecord {
  return {
    messageId,
    receiptHandle: `handle of ${messageId}`,
    body: typeof body === "string" ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: "1767600000000",
      SenderId: "AIDAEXAMPLE",
      ApproximateFirstReceiveTimestamp: "1767600000100",
    },
    messageAttributes,
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:orders",
    awsRegion: "eu-west-1",
  };
}

export function sqsEvent(...messages: readonly TestMessage[]): SqsEvent {
  return { Records: messages.map((message, index) => sqsRecord({ messageId: `m-${index + 1}`, ...message })) };
}
