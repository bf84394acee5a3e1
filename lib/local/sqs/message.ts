// A message as the engine keeps it, and what a receiver sees of it.
import { isObject, type JsonObject } from "../values.ts";
import { invalidParameter, SqsError } from "./errors.ts";
import { optionalMap } from "./input.ts";
import { md5OfAttributes } from "./md5.ts";
import { type MessageAttributes, pickAttributes } from "./message-attributes.ts";

/** What a producer sent. */
export interface Draft {
  readonly body: string;
  readonly bodyMd5: string;
  readonly attributes?: MessageAttributes | undefined;
  /** X-Ray's, the one system attribute that a producer may set. */
  readonly traceHeader?: string | undefined;
  readonly senderId: string;
  readonly groupId?: string | undefined;
  readonly dedupId?: string | undefined;
}

/** Changed only by the queue that holds it. */
export interface StoredMessage extends Draft {
  readonly id: string;
  /** When it entered the queue; retention counts from here. */
  sentAtMs: number;
  dedupId?: string | undefined;
  /** 20 digits; FIFO queues only. */
  sequenceNumber?: string | undefined;
  deadLetterSourceArn?: string | undefined;
  /** Over all queues that it was in. Also tells its receipts apart. */
  receiveCount: number;
  firstReceivedAtMs?: number | undefined;
  receivedAtMs: number;
  state: "visible" | "delayed" | "inFlight";
  /** Unless visible: when it becomes so. */
  visibleAtMs: number;
  /** Neighbours in the queue's order. */
  previous?: StoredMessage | undefined;
  next?: StoredMessage | undefined;
  /** Places in the queue's timetables; -1 when not in one. */
  hiddenSlot: number;
  retentionSlot: number;
}

export function newMessage(draft: Draft, id: string, nowMs: number): StoredMessage {
  return {
    // Field by field: all messages get the same hidden class, whatever the draft left out.
    body: draft.body,
    bodyMd5: draft.bodyMd5,
    attributes: draft.attributes,
    traceHeader: draft.traceHeader,
    senderId: draft.senderId,
    groupId: draft.groupId,
    dedupId: draft.dedupId,
    id,
    sentAtMs: nowMs,
    sequenceNumber: undefined,
    deadLetterSourceArn: undefined,
    receiveCount: 0,
    firstReceivedAtMs: undefined,
    receivedAtMs: 0,
    state: "visible",
    visibleAtMs: 0,
    previous: undefined,
    next: undefined,
    hiddenSlot: -1,
    retentionSlot: -1,
  };
}

const TRACE_HEADER = "AWSTraceHeader";

/** The trace header among the system attributes of a send, where it is the only one allowed. */
export function readTraceHeader(input: JsonObject): string | undefined {
  for (const [name, value] of Object.entries(optionalMap(input, "MessageSystemAttributes") ?? {})) {
    if (name !== TRACE_HEADER)
      throw invalidParameter("MessageSystemAttributes", name, `Only ${TRACE_HEADER} is supported.`);
    const text = isObject(value) && value["DataType"] === "String" ? value["StringValue"] : undefined;
    if (typeof text === "string" && text !== "") return text;
    throw invalidParameter(TRACE_HEADER, JSON.stringify(value), "Must be a non-empty String.");
  }
  return undefined;
}

export function md5OfTraceHeader(traceHeader: string | undefined): string | undefined {
  if (traceHeader === undefined) return undefined;
  return md5OfAttributes({ [TRACE_HEADER]: { DataType: "String", StringValue: traceHeader } });
}

/** What a receiver asks to see. */
export interface View {
  readonly systemNames: readonly string[];
  readonly attributeNames: readonly string[];
}

const SYSTEM_NAMES = [
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageDeduplicationId",
  "MessageGroupId",
  TRACE_HEADER,
  "DeadLetterQueueSourceArn",
] as const;
type SystemName = (typeof SYSTEM_NAMES)[number];

/** SqsManagedSseEnabled is in the documentation's list, too, and never comes back. */
const KNOWN_NAMES: readonly string[] = ["All", "SqsManagedSseEnabled", ...SYSTEM_NAMES];

export function checkSystemNames(names: readonly string[]): void {
  const unknown = names.find((name) => !KNOWN_NAMES.includes(name));
  if (unknown !== undefined) throw new SqsError("InvalidAttributeName", `Unknown Attribute ${unknown}.`);
}

function systemAttribute(message: StoredMessage, name: SystemName): string | undefined {
  switch (name) {
    case "SenderId":
      return message.senderId;
    case "SentTimestamp":
      return String(message.sentAtMs);
    case "ApproximateReceiveCount":
      return String(message.receiveCount);
    case "ApproximateFirstReceiveTimestamp":
      return String(message.firstReceivedAtMs ?? message.receivedAtMs);
    case "SequenceNumber":
      return message.sequenceNumber;
    case "MessageDeduplicationId":
      return message.dedupId;
    case "MessageGroupId":
      return message.groupId;
    case "AWSTraceHeader":
      return message.traceHeader;
    case "DeadLetterQueueSourceArn":
      return message.deadLetterSourceArn;
  }
}

/** An element of ReceiveMessage's answer. The MD5 of the attributes is of those that are returned. */
export function viewOf(message: StoredMessage, receiptHandle: string, view: View): JsonObject {
  const answer: JsonObject = {
    MessageId: message.id,
    ReceiptHandle: receiptHandle,
    MD5OfBody: message.bodyMd5,
    Body: message.body,
  };
  if (view.systemNames.length > 0) {
    const all = view.systemNames.includes("All");
    const shown: Record<string, string> = {};
    for (const name of SYSTEM_NAMES) {
      const value = all || view.systemNames.includes(name) ? systemAttribute(message, name) : undefined;
      if (value !== undefined) shown[name] = value;
    }
    if (Object.keys(shown).length > 0) answer["Attributes"] = shown;
  }
  const attributes = pickAttributes(message.attributes, view.attributeNames);
  if (attributes !== undefined) {
    answer["MD5OfMessageAttributes"] = md5OfAttributes(attributes);
    answer["MessageAttributes"] = attributes;
  }
  return answer;
}
