// SQS, standard and FIFO: SendMessageBatch.

import { QUEUE_BATCH_MESSAGES_MAX } from "../../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../../aws/queues.ts";
import type { QueueMessage } from "../../protocol/outbox.ts";
import type { Target } from "../targets.ts";
import { attributesOf, bytesOf, orderOf, verdictsById } from "./entries.ts";

export const SQS: Target<QueueMessage> = {
  entriesMax: QUEUE_BATCH_MESSAGES_MAX,
  bytesMax: MESSAGE_BYTES_MAX,
  bytesOf,
  request: (messages) => ({
    operation: "SendMessageBatch",
    input: {
      QueueUrl: messages[0]?.target ?? "",
      Entries: messages.map((message, index) => ({
        Id: String(index),
        MessageBody: message.body,
        MessageAttributes: attributesOf(message),
        ...(message.delaySeconds !== undefined && { DelaySeconds: message.delaySeconds }),
        ...orderOf(message),
      })),
    },
  }),
  verdicts: verdictsById,
};
