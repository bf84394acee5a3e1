// A received SQS message as a record of a Lambda event. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import type { SqsMessageAttribute, SqsRecord, SqsRecordAttributes } from "../aws/lambda.ts";

export interface RecordSource {
  readonly queueArn: string;
  readonly region: string;
}

export function toRecord(message: Message, source: RecordSource): SqsRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {});
  return {
    messageId: message.MessageId ?? "",
    receiptHandle: message.ReceiptHandle ?? "",
    body: message.Body ?? "",
    attributes: { ...message.Attributes } as unknown as SqsRecordAttributes,
    messageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, toAttribute(value)])),
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody ?? "",
    eventSource: "aws:sqs",
    eventSourceARN: source.queueArn,
    awsRegion: source.region,
  };
}

export function toAttribute(value: MessageAttributeValue): SqsMessageAttribute {
  return {
    ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
    ...(value.BinaryValue === undefined ? {} : { binaryValue: Buffer.from(value.BinaryValue).toString("base64") }),
    stringListValues: [],
    binaryListValues: [],
    dataType: value.DataType ?? "String",
  };
}
