// SNS topics, standard and FIFO: PublishBatch. To a queue with raw delivery the attributes go along, and with them the key; without, they
// are in the body, under MessageAttributes.

import { TOPIC_BATCH_MESSAGES_MAX, TOPIC_MESSAGE_BYTES_MAX } from "../../aws/sns.ts";
import type { TopicMessage } from "../../protocol/outbox.ts";
import type { Target } from "../targets.ts";
import { attributesOf, bytesOf, orderOf, verdictsById } from "./entries.ts";

export const SNS: Target<TopicMessage> = {
  entriesMax: TOPIC_BATCH_MESSAGES_MAX,
  bytesMax: TOPIC_MESSAGE_BYTES_MAX,
  bytesOf,
  request: (messages) => ({
    operation: "PublishBatch",
    input: {
      TopicArn: messages[0]?.target ?? "",
      PublishBatchRequestEntries: messages.map((message, index) => ({
        Id: String(index),
        Message: message.body,
        ...(message.subject !== undefined && { Subject: message.subject }),
        MessageAttributes: attributesOf(message),
        ...orderOf(message),
      })),
    },
  }),
  verdicts: verdictsById,
};
