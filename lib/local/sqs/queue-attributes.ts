// The attributes of a queue that can be set: their values, defaults, and which queues have them.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
import { LONG_POLL_SECONDS_MAX, VISIBILITY_TIMEOUT_SECONDS_DEFAULT } from "../../aws/event-source-mapping.ts";
import {
  QUEUE_RETENTION_SECONDS_DEFAULT,
  QUEUE_RETENTION_SECONDS_MAX,
  VISIBILITY_TIMEOUT_SECONDS_MAX,
} from "../../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../../aws/queues.ts";
import { MESSAGE_DELAY_SECONDS_MAX } from "../../aws/sqs.ts";
import { SqsError } from "./errors.ts";
import { MESSAGE_BYTES_SETTING_MIN, RETENTION_SECONDS_MIN } from "./limits.ts";
import {
  parseRedriveAllowPolicy,
  parseRedrivePolicy,
  type RedriveAllowPolicy,
  type RedrivePolicy,
} from "./redrive-policy.ts";

export interface QueueAttributes {
  readonly DelaySeconds: number;
  readonly MaximumMessageSize: number;
  readonly MessageRetentionPeriod: number;
  readonly ReceiveMessageWaitTimeSeconds: number;
  readonly VisibilityTimeout: number;
  readonly ContentBasedDeduplication: boolean;
  readonly DeduplicationScope: "queue" | "messageGroup";
  readonly FifoThroughputLimit: "perQueue" | "perMessageGroupId";
  readonly SqsManagedSseEnabled: boolean;
  readonly RedrivePolicy?: RedrivePolicy | undefined;
  readonly RedriveAllowPolicy?: RedriveAllowPolicy | undefined;
  /** Kept and shown, without effect: nothing is encrypted or authorised here. */
  readonly Policy?: string | undefined;
  readonly KmsMasterKeyId?: string | undefined;
  readonly KmsDataKeyReusePeriodSeconds?: string | undefined;
}

/** As SQS takes and gives them: text by name. */
export type AttributeTexts = Readonly<Record<string, string>>;

export const DEFAULT_ATTRIBUTES: QueueAttributes = {
  DelaySeconds: 0,
  MaximumMessageSize: MESSAGE_BYTES_MAX,
  MessageRetentionPeriod: QUEUE_RETENTION_SECONDS_DEFAULT,
  ReceiveMessageWaitTimeSeconds: 0,
  VisibilityTimeout: VISIBILITY_TIMEOUT_SECONDS_DEFAULT,
  ContentBasedDeduplication: false,
  DeduplicationScope: "queue",
  FifoThroughputLimit: "perQueue",
  SqsManagedSseEnabled: true,
};

type Reader = (text: string, name: string) => unknown;

const between =
  (min: number, max: number): Reader =>
  (text, name) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw invalidValue(name);
  };
const oneOf =
  (...allowed: readonly string[]): Reader =>
  (text, name) => {
    if (allowed.includes(text)) return text;
    throw invalidValue(name);
  };
const truth: Reader = (text, name) => {
  if (text === "true" || text === "false") return text === "true";
  throw invalidValue(name);
};
const asItIs: Reader = (text) => (text === "" ? undefined : text);

const READERS: Readonly<Record<keyof QueueAttributes, Reader>> = {
  DelaySeconds: between(0, MESSAGE_DELAY_SECONDS_MAX),
  MaximumMessageSize: between(MESSAGE_BYTES_SETTING_MIN, MESSAGE_BYTES_MAX),
  MessageRetentionPeriod: between(RETENTION_SECONDS_MIN, QUEUE_RETENTION_SECONDS_MAX),
  ReceiveMessageWaitTimeSeconds: between(0, LONG_POLL_SECONDS_MAX),
  VisibilityTimeout: between(0, VISIBILITY_TIMEOUT_SECONDS_MAX),
  ContentBasedDeduplication: truth,
  DeduplicationScope: oneOf("queue", "messageGroup"),
  FifoThroughputLimit: oneOf("perQueue", "perMessageGroupId"),
  SqsManagedSseEnabled: truth,
  // Empty takes a policy away.
  RedrivePolicy: (text) => (text === "" ? undefined : parseRedrivePolicy(text)),
  RedriveAllowPolicy: (text) => (text === "" ? undefined : parseRedriveAllowPolicy(text)),
  Policy: asItIs,
  KmsMasterKeyId: asItIs,
  KmsDataKeyReusePeriodSeconds: asItIs,
};

const FIFO_ONLY: readonly string[] = ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];

/** Attributes of a queue after a change. Throws what SQS answers to a name or a value that it does not take. */
export function applyAttributes(current: QueueAttributes, changes: AttributeTexts, isFifo: boolean): QueueAttributes {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(changes)) {
    if (!isAttributeName(name)) throw unknownAttribute(name);
    if (FIFO_ONLY.includes(name) && !isFifo) throw unknownAttribute(name);
    values[name] = READERS[name](text, name);
  }
  const result = { ...current, ...values } as QueueAttributes;
  if (result.FifoThroughputLimit === "perMessageGroupId" && result.DeduplicationScope !== "messageGroup") {
    throw new SqsError(
      "InvalidAttributeValue",
      "FifoThroughputLimit perMessageGroupId is allowed only with DeduplicationScope messageGroup.",
    );
  }
  return result;
}

/** Those that are set, as text. */
export function attributeTexts(attributes: QueueAttributes, isFifo: boolean): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const name of Object.keys(READERS) as (keyof QueueAttributes)[]) {
    const value = attributes[name];
    if (value === undefined || (FIFO_ONLY.includes(name) && !isFifo)) continue;
    texts[name] = typeof value === "object" ? JSON.stringify(value) : String(value);
  }
  if (isFifo) texts["FifoQueue"] = "true";
  return texts;
}

export function unknownAttribute(name: string): SqsError {
  return new SqsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

export function isAttributeName(name: string): name is keyof QueueAttributes {
  return Object.hasOwn(READERS, name);
}

function invalidValue(name: string): SqsError {
  return new SqsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);
}
