// What is in a queue, without taking it: the embedded engine shows it. From another engine it has to be received, and made
// visible again, which counts as a receive of each message, and hides it for a moment;
// of a FIFO queue it gives no more of a message group than one receive does.
import {
  ChangeMessageVisibilityCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import type { Foundation } from "./foundation.ts";
import { localError } from "./local-error.ts";
import type { SqsEngine } from "./sqs/engine.ts";
import { viewOf } from "./sqs/message.ts";
import { advance } from "./sqs/queue.ts";
import { toAttribute } from "./sqs-record.ts";
import type { LocalQueue, QueuedMessage } from "./types.ts";

/** Longer than it takes to receive all of a test's messages. */
const HIDDEN_SECONDS = 20;

export async function readMessages({ name, url }: LocalQueue, foundation: Foundation): Promise<QueuedMessage[]> {
  const { sqs, sqsClient } = foundation;
  const seen = "engine" in sqs ? look(sqs.engine, name) : await receiveAll(url, sqsClient);
  return seen.map(toQueued);
}

function look(engine: SqsEngine, name: string): Message[] {
  const queue = engine.queues.get(name);
  if (queue === undefined) throw localError(`Cannot read queue "${name}": it was deleted`);
  advance(queue, engine.clock.nowMs());
  const all = { systemNames: ["All"], attributeNames: ["All"] };
  // Binary values travel in base64.
  return [...queue.messages.values()].map((message) => bytesOf(viewOf(message, "", all) as Message));
}

function bytesOf(message: Message): Message {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => {
    const { BinaryValue: binary } = value as { BinaryValue?: unknown };
    return [
      name,
      typeof binary === "string" ? { ...value, BinaryValue: Buffer.from(binary, "base64") } : value,
    ] as const;
  });
  return { ...message, MessageAttributes: Object.fromEntries(attributes) };
}

async function receiveAll(url: string, client: SQSClient): Promise<Message[]> {
  const all = new Map<string, Message>();
  const receive = new ReceiveMessageCommand({
    QueueUrl: url,
    MaxNumberOfMessages: QUEUE_BATCH_MESSAGES_MAX,
    VisibilityTimeout: HIDDEN_SECONDS,
    MessageSystemAttributeNames: ["All"],
    MessageAttributeNames: ["All"],
  });
  for (;;) {
    const { Messages: messages = [] } = await client.send(receive);
    for (const message of messages) all.set(message.MessageId ?? "", message);
    if (messages.length === 0) break;
  }
  for (const { ReceiptHandle: handle } of all.values()) {
    const change = { QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: 0 };
    await client.send(new ChangeMessageVisibilityCommand(change)).catch(() => {}); // somebody else has it
  }
  return [...all.values()];
}

function toQueued({ MessageId, Body, Attributes = {}, MessageAttributes = {} }: Message): QueuedMessage {
  const attributes = Object.entries(MessageAttributes).map(([name, value]) => [name, toAttribute(value)]);
  return {
    messageId: MessageId ?? "",
    body: Body ?? "",
    messageAttributes: Object.fromEntries(attributes),
    attributes: { ...Attributes },
  };
}
