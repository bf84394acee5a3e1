// The queue and its dead-letter queue: our own engine, on the world's time.

import type { SqsRecord } from "../../../lib/aws/lambda.ts";
import { call } from "../../../lib/local/sqs/call.ts";
import { createSqsEngine } from "../../../lib/local/sqs/engine.ts";
import { advance, type Queue, take } from "../../../lib/local/sqs/queue.ts";
import type { JsonObject } from "../../../lib/local/values.ts";
import { DEAD_LETTER_RETENTION_SECONDS, type Setup, SOURCE_RETENTION_SECONDS } from "./setup.ts";
import type { Timeline } from "./timeline.ts";

export interface Queues {
  readonly sourceUrl: string;
  readonly deadUrl: string;
  /** Messages by id, in the order in which they came. */
  source(): Queue["messages"];
  dead(): Queue["messages"];
  /** Throws what SQS answers. */
  act(action: string, input: JsonObject): JsonObject;
  send(body: string): string;
  receive(max: number): SqsRecord[];
  delete(receiptHandle: string): void;
  /** Takes a message out of the dead-letter queue, as a person does. */
  discard(id: string): void;
  /** Moves all of the dead-letter queue back, under new ids, as time passes. */
  redrive(): void;
  /** From now on messages come again as often as it takes. */
  keepReceiving(): void;
}

const REGION = "eu-west-1";
const NAME = "simulated";
const DEAD_NAME = "simulated-dlq";
/** Most that SQS gives in one receive, and most that it takes for a queue's maxReceiveCount. */
const RECEIVED_MAX = 10;
const RECEIVES_MAX = 1000;

export function createQueues(setup: Setup, timeline: Timeline): Queues {
  let ids = 0;
  const newId = (): string => `m${++ids}`;
  const engine = createSqsEngine({ region: REGION, clock: timeline, newId });
  const caller = { onGone: () => {} };
  const act = (action: string, input: JsonObject): JsonObject => call(engine, { action, input }, caller) as JsonObject;
  const arnOf = (name: string): string => `arn:aws:sqs:${REGION}:000000000000:${name}`;
  const redrivePolicy = (maxReceiveCount: number): string =>
    JSON.stringify({ deadLetterTargetArn: arnOf(DEAD_NAME), maxReceiveCount });
  const create = (QueueName: string, Attributes: Record<string, string>): string =>
    String(act("CreateQueue", { QueueName, Attributes })["QueueUrl"]);
  const deadUrl = create(DEAD_NAME, { MessageRetentionPeriod: String(DEAD_LETTER_RETENTION_SECONDS) });
  const sourceUrl = create(NAME, {
    MessageRetentionPeriod: String(SOURCE_RETENTION_SECONDS),
    VisibilityTimeout: String(setup.visibilitySeconds),
    RedrivePolicy: redrivePolicy(setup.maxReceiveCount),
  });
  const queueNamed = (name: string): Queue => {
    const queue = engine.queues.get(name);
    if (!queue) throw new Error(`There is no queue ${name}`);
    advance(queue, timeline.nowMs());
    return queue;
  };
  const received = (MaxNumberOfMessages: number): JsonObject[] => {
    const names = { MessageSystemAttributeNames: ["All"], MessageAttributeNames: ["All"] };
    const { Messages = [] } = act("ReceiveMessage", { QueueUrl: sourceUrl, MaxNumberOfMessages, ...names });
    return Messages as JsonObject[];
  };

  return {
    sourceUrl,
    deadUrl,
    source: () => queueNamed(NAME).messages,
    dead: () => queueNamed(DEAD_NAME).messages,
    act,
    send: (body) => String(act("SendMessage", { QueueUrl: sourceUrl, MessageBody: body })["MessageId"]),
    receive(max) {
      const all: JsonObject[] = [];
      while (all.length < max) {
        const some = received(Math.min(RECEIVED_MAX, max - all.length));
        if (some.length === 0) break;
        all.push(...some);
      }
      return all.map((message) => recordOf(message, arnOf(NAME)));
    },
    delete: (ReceiptHandle) => void act("DeleteMessage", { QueueUrl: sourceUrl, ReceiptHandle }),
    discard(id) {
      const queue = queueNamed(DEAD_NAME);
      const message = queue.messages.get(id);
      if (message) take(queue, message);
    },
    redrive: () => void act("StartMessageMoveTask", { SourceArn: arnOf(DEAD_NAME), DestinationArn: arnOf(NAME) }),
    keepReceiving: () =>
      void act("SetQueueAttributes", {
        QueueUrl: sourceUrl,
        Attributes: { RedrivePolicy: redrivePolicy(RECEIVES_MAX) },
      }),
  };
}

interface ReceivedMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes: SqsRecord["attributes"];
  readonly MessageAttributes?: Readonly<Record<string, { DataType: string; StringValue: string }>>;
}

/** As Lambda's poller gives it. */
function recordOf(message: JsonObject, eventSourceARN: string): SqsRecord {
  const { MessageId, ReceiptHandle, Body, Attributes, MessageAttributes = {} } = message as unknown as ReceivedMessage;
  const attributes = Object.entries(MessageAttributes).map(
    ([name, { DataType, StringValue }]) => [name, { dataType: DataType, stringValue: StringValue }] as const,
  );
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion: REGION,
  };
}
