// QueueCalls by the AWS SDK. The only file of the redrive that knows SQS's client.
//
//   SC1. A message is sent only where SQS gave it an id. What an answer does not name at all is not served.

import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListDeadLetterSourceQueuesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import type { MessageAttributeValue } from "../aws/sqs.ts";
import type { Letter, Outgoing } from "./letter.ts";
import type { EntryFailure, QueueCalls } from "./queue-calls.ts";

export function sdkQueueCalls(sqs: SQSClient): QueueCalls {
  return {
    async urlOf(QueueName, accountId) {
      const owner = accountId === undefined ? {} : { QueueOwnerAWSAccountId: accountId };
      const { QueueUrl = "" } = await sqs.send(new GetQueueUrlCommand({ QueueName, ...owner }));
      return QueueUrl;
    },
    async attributesOf(QueueUrl) {
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      return Attributes;
    },
    async sourcesOf(QueueUrl) {
      const urls: string[] = [];
      let NextToken: string | undefined;
      do {
        const page: { NextToken?: string } = NextToken === undefined ? {} : { NextToken };
        const answer = await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl, ...page, MaxResults: 1_000 }));
        urls.push(...(answer.queueUrls ?? []));
        NextToken = answer.NextToken;
      } while (NextToken !== undefined);
      return urls;
    },
    async receive(QueueUrl, { waitSeconds, hideSeconds }) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: QUEUE_BATCH_MESSAGES_MAX,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: hideSeconds,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      });
      const { Messages = [] } = await sqs.send(command);
      return Messages.map(letterOf);
    },
    async send(QueueUrl, messages) {
      const Entries = messages.map((message, index) => ({ Id: String(index), ...entryOf(message) }));
      const { Successful = [], Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      return messages.map((_, index) => {
        const { MessageId: messageId } = Successful.find(({ Id }) => Id === String(index)) ?? {};
        return messageId ? { messageId } : failureAt(Failed, index); // SC1
      });
    },
    async remove(QueueUrl, handles) {
      const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
      const { Successful = [], Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      return notServed(handles, Successful, Failed);
    },
    async hide(QueueUrl, handles, VisibilityTimeout) {
      const Entries = handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle, VisibilityTimeout }));
      const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries });
      const { Successful = [], Failed = [] } = await sqs.send(command);
      return notServed(handles, Successful, Failed);
    },
  };
}

function notServed(
  handles: readonly string[],
  served: readonly { readonly Id?: string | undefined }[],
  failed: readonly BatchResultErrorEntry[],
): (EntryFailure | undefined)[] {
  const ids = new Set(served.map(({ Id }) => Id));
  return handles.map((_, index) => (ids.has(String(index)) ? undefined : failureAt(failed, index))); // SC1
}

function failureAt(failed: readonly BatchResultErrorEntry[], index: number): EntryFailure {
  const {
    Code = "no answer",
    Message = "SQS did not say what became of it",
    SenderFault = false,
  } = failed.find(({ Id }) => Id === String(index)) ?? {};
  return { code: Code, reason: Message, isFinal: SenderFault && !/Throttl/.test(Code) };
}

function letterOf(message: Message): Letter {
  const { MessageId = "", ReceiptHandle = "", Body = "", Attributes = {}, MessageAttributes = {} } = message;
  const attributes = Object.entries(MessageAttributes).map(([name, { DataType = "", StringValue, BinaryValue }]) => {
    const value: MessageAttributeValue = { DataType };
    if (StringValue !== undefined) value.StringValue = StringValue;
    if (BinaryValue !== undefined) value.BinaryValue = BinaryValue;
    return [name, value] as const;
  });
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Object.fromEntries(attributes),
    system: Attributes as Record<string, string>,
  };
}

function entryOf({ attributes, body, deduplicationId, groupId }: Outgoing) {
  return {
    MessageBody: body,
    MessageAttributes: { ...attributes },
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
  };
}
