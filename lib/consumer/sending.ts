// Checks what a handler passes to tx.send and tx.publish, and makes messages of it for the outbox. What a target would refuse is
// refused here, before it is committed: afterwards nobody could send it.

import {
  EVENT_DETAIL_TYPE_CHARACTERS_MAX,
  EVENT_ENTRY_BYTES_MAX,
  EVENT_SOURCE_CHARACTERS_MAX,
} from "../aws/eventbridge.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { SUBJECT_CHARACTERS_MAX, TOPIC_MESSAGE_BYTES_MAX } from "../aws/sns.ts";
import { MESSAGE_DELAY_SECONDS_MAX, type MessageAttributeValue } from "../aws/sqs.ts";
import { ENVIRONMENT } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import { aloneBytes, type DeclaredMessage, eventDetail, OUTBOX_ITEM_BYTES_MAX } from "../protocol/outbox.ts";
import { messageBytes } from "../protocol/queue-message.ts";
import {
  checkedParts,
  describe,
  fieldsOf,
  ID_ATTRIBUTE,
  jsonText,
  LONGEST_ID,
  OF_AN_ITEM,
  tooLarge,
  type Wrong,
  wrongIn,
} from "./message-parts.ts";

/** Of a message to a queue. */
export interface SendParams {
  /**
   * Message group of a FIFO queue, where it is required: its messages arrive in the order in which they were committed; from a
   * source that keeps an order, in the order of each ordering key. A standard queue takes it for fairness between groups, and keeps no
   * order.
   */
  readonly groupId?: string | undefined;
  /** Time until it can be received, 0 to 900; not of a FIFO queue. @default the queue's own delay */
  readonly delaySeconds?: number | undefined;
  /** At most 9: a text, or SQS's own shape. @default none */
  readonly attributes?: Readonly<Record<string, string | MessageAttributeValue>> | undefined;
}

/** A message to a topic of SNS. */
export interface TopicParams {
  /** A text as it is, anything else as its JSON. */
  readonly body: unknown;
  /** Line of an email, ASCII, at most 99 characters. @default none */
  readonly subject?: string | undefined;
  /** As of a queue: required where the topic is FIFO. */
  readonly groupId?: string | undefined;
  /** At most 9: a text, or the shape of SQS and SNS. @default none */
  readonly attributes?: Readonly<Record<string, string | MessageAttributeValue>> | undefined;
}

/** An event to a bus of EventBridge. */
export interface EventParams {
  /** Who it is from, 1 to 256 characters; not `aws.…`. */
  readonly source: string;
  /** What happened, 1 to 128 characters. */
  readonly detailType: string;
  /** An object; `semel-idempotency-key` is added to it. */
  readonly detail: object;
}

/** Throws a SemelError where this consumer can send nothing. */
export function refuseWithoutOutbox(
  method: "send" | "publish",
  { strategy, outbox }: { readonly strategy: string; readonly outbox: { readonly table: string } | undefined },
): void {
  if (strategy === "insert") {
    throw wrongIn(method)(
      'under strategy "insert" the one insert is all that a message does',
      'Use strategy "commit", or send from the stream of the table',
    );
  }
  if (outbox) return;
  throw new SemelError(
    `Cannot tx.${method}: no outbox table is named. Give the consumer an OutboxRelay, or set the option outbox: { table }, or the ` +
      `variable ${ENVIRONMENT.outboxTable}`,
    { code: "SEMEL_OPTIONS", retryable: false },
  );
}

const SEND_FIELDS = ["groupId", "delaySeconds", "attributes"] as const;

export function queueMessage(
  queueUrl: string | undefined,
  body: unknown,
  params: SendParams | undefined,
): DeclaredMessage {
  const wrong = wrongIn("send");
  if (typeof queueUrl !== "string" || !/^https?:\/\/[^\s/]+\/\S/.test(queueUrl)) {
    throw wrong(`the queue is ${describe(queueUrl)}`, queueUrl === undefined ? UNSET : "Use the URL of a queue");
  }
  const { delaySeconds, ...given } = fieldsOf(params, SEND_FIELDS, wrong);
  const isFifo = queueUrl.endsWith(FIFO_QUEUE_SUFFIX);
  const parts = checkedParts("send", { ...given, body, isFifo });
  return sized({ kind: "sqs", target: queueUrl, ...parts, ...delay(delaySeconds, isFifo, wrong) }, "send");
}

const UNSET = "Is the environment variable set that names it?";

function delay(delaySeconds: unknown, isFifo: boolean, wrong: Wrong): { delaySeconds?: number } {
  if (delaySeconds === undefined) return {};
  if (isFifo)
    throw wrong(`delaySeconds is ${describe(delaySeconds)}`, "A FIFO queue has one delay for all: set it there");
  const whole = Number.isInteger(delaySeconds) && (delaySeconds as number) >= 0;
  if (whole && (delaySeconds as number) <= MESSAGE_DELAY_SECONDS_MAX) return { delaySeconds: delaySeconds as number };
  throw wrong(`delaySeconds is ${describe(delaySeconds)}`, `Use a whole number from 0 to ${MESSAGE_DELAY_SECONDS_MAX}`);
}

const TOPIC_ARN = /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$/;
const BUS = /^(arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus\/)?[/.\-_A-Za-z0-9]{1,256}$/;

/** The target's kind shows in its shape. */
export function publishedMessage(target: string | undefined, params: TopicParams | EventParams): DeclaredMessage {
  const wrong = wrongIn("publish");
  if (typeof params !== "object" || params === null) {
    throw wrong(
      `its message is ${describe(params)}`,
      "Pass { source, detailType, detail } for a bus, { body } for a topic",
    );
  }
  if (typeof target === "string" && TOPIC_ARN.test(target)) return topicMessage(target, params as TopicParams, wrong);
  if (typeof target === "string" && BUS.test(target)) return busMessage(target, params as EventParams, wrong);
  const remedy = "Use the ARN of a topic, or the name or ARN of an event bus; a queue is for tx.send";
  throw wrong(`the target is ${describe(target)}`, target === undefined ? UNSET : remedy);
}

const TOPIC_FIELDS = ["body", "subject", "groupId", "attributes"] as const;
const SUBJECT = /^[\x21-\x7E][\x20-\x7E]*$/;

function topicMessage(target: string, params: TopicParams, wrong: Wrong): DeclaredMessage {
  const { body, subject, ...given } = fieldsOf(params, TOPIC_FIELDS, wrong);
  if (
    subject !== undefined &&
    !(typeof subject === "string" && SUBJECT.test(subject) && subject.length <= SUBJECT_CHARACTERS_MAX)
  ) {
    throw wrong(
      `subject is ${describe(subject)}`,
      `Use 1 to ${SUBJECT_CHARACTERS_MAX} characters of ASCII, no line breaks, no space in front`,
    );
  }
  const isFifo = target.endsWith(FIFO_QUEUE_SUFFIX);
  const parts = checkedParts("publish", { ...given, body, isFifo });
  const bytes = messageBytes(parts.body, { ...parts.attributes, ...ID_ATTRIBUTE });
  const message = { kind: "sns", target, ...parts, ...(subject === undefined ? {} : { subject }) } as const;
  return sized(message, "publish", { bytes, bytesMax: TOPIC_MESSAGE_BYTES_MAX, what: "SNS takes" });
}

const EVENT_FIELDS = ["source", "detailType", "detail"] as const;

function busMessage(target: string, params: EventParams, wrong: Wrong): DeclaredMessage {
  const { source, detailType, detail } = fieldsOf(params, EVENT_FIELDS, wrong);
  if (!isText(source, EVENT_SOURCE_CHARACTERS_MAX) || /^aws\./i.test(source)) {
    throw wrong(
      `source is ${describe(source)}`,
      `Use 1 to ${EVENT_SOURCE_CHARACTERS_MAX} characters, not aws. in front`,
    );
  }
  if (!isText(detailType, EVENT_DETAIL_TYPE_CHARACTERS_MAX)) {
    throw wrong(`detailType is ${describe(detailType)}`, `Use 1 to ${EVENT_DETAIL_TYPE_CHARACTERS_MAX} characters`);
  }
  if (typeof detail !== "object" || detail === null || Object.hasOwn(detail, KEY_ATTRIBUTE)) {
    throw wrong(
      `detail is ${typeof detail === "object" && detail !== null ? `an object with ${KEY_ATTRIBUTE}, which is semel's own` : describe(detail)}`,
      "Pass an object, without that field",
    );
  }
  const body = jsonText("detail", detail, wrong);
  if (!body.startsWith("{"))
    throw wrong(`detail is ${body.slice(0, 20)} as JSON`, "Pass what has the JSON of an object");
  const texts = [source, detailType, eventDetail({ id: LONGEST_ID, body })];
  const bytes = texts.reduce((total, text) => total + Buffer.byteLength(text), 0);
  return sized({ kind: "eventbridge", target, source, detailType, body }, "publish", {
    bytes,
    bytesMax: EVENT_ENTRY_BYTES_MAX,
    what: "EventBridge takes",
  });
}

function isText(value: unknown, charactersMax: number): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= charactersMax;
}

/** Refuses what is too large for its target, or for an item of the outbox. */
function sized(message: DeclaredMessage, method: string, ofTarget?: Size): DeclaredMessage {
  if (ofTarget && ofTarget.bytes > ofTarget.bytesMax) {
    throw tooLarge(method, ofTarget.bytes, `${ofTarget.what} ${ofTarget.bytesMax}`);
  }
  const bytes = aloneBytes(message);
  if (bytes > OUTBOX_ITEM_BYTES_MAX) throw tooLarge(method, bytes, OF_AN_ITEM);
  return message;
}

interface Size {
  readonly bytes: number;
  readonly bytesMax: number;
  readonly what: string;
}
