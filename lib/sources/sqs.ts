// SQS standard queues. Pure.
//
//   Q1. The response is always explicit and names only ids of this batch: null or nothing acknowledges everything, and
//       an unknown id fails everything. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
//   Q2. A message is acknowledged only if every delivery of it in the batch was.
//   Q3. What came in the event and has no outcome is failed, never acknowledged.

import type { SqsBatchResponse, SqsRecord } from "../aws/lambda.ts";
import { SemelError } from "../errors.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import type { Delivery } from "./source.ts";

/** Checks the event and takes it apart. Throws a SemelError for an event that is not of a standard SQS queue. */
export function sqsDeliveries(event: unknown): Delivery<SqsRecord>[] {
  return records(event).map(toDelivery);
}

function records(event: unknown): readonly unknown[] {
  if (typeof event !== "object" || event === null) {
    throw unusable(`it is ${event === null ? "null" : typeof event}. Pass the event on as Lambda gave it`);
  }
  const list = (event as { Records?: unknown }).Records;
  if (!Array.isArray(list)) {
    const fields = Object.keys(event).slice(0, 5).join(", ") || "none";
    throw unusable(
      `it has no Records (its fields: ${fields}). Known sources: SQS standard queues. ` +
        "Call the function through an SQS event source mapping",
    );
  }
  if (list.length === 0) throw unusable("its Records are empty. Lambda never sends that; look at what changed it");
  return list;
}

function toDelivery(record: unknown, index: number): Delivery<SqsRecord> {
  const found = (typeof record === "object" && record !== null ? record : {}) as Partial<SqsRecord>;
  const source = found.eventSource ?? (record as { EventSource?: string } | null)?.EventSource;
  if (source !== "aws:sqs") {
    throw unusable(
      `record ${index} is of source ${JSON.stringify(source)}. Known sources: "aws:sqs" (standard queues). ` +
        "Use a consumer for each source",
    );
  }
  if (typeof found.messageId !== "string" || found.messageId === "") throw unusable(`record ${index} has no messageId`);
  if (typeof found.eventSourceARN !== "string") throw unusable(`record ${index} has no eventSourceARN`);
  if (found.eventSourceARN.endsWith(".fifo")) {
    throw unusable(
      `${found.eventSourceARN} is a FIFO queue, and their order is not kept yet. Known sources: SQS standard queues`,
    );
  }
  if (typeof found.body !== "string") throw parsedBody(index, found.body);
  const attributes: Partial<SqsRecord["attributes"]> = found.attributes ?? {};
  const { body, messageAttributes = {} } = found;
  return {
    messageId: found.messageId,
    body,
    decode: () => decodeJson(body),
    key: { value: messageAttributes[KEY_ATTRIBUTE]?.stringValue, origin: KEY_ORIGIN },
    receiveCount: Number(attributes.ApproximateReceiveCount ?? 1),
    sentAtMs: Number(attributes.SentTimestamp ?? 0),
    messageAttributes,
    record: record as SqsRecord,
  };
}

const KEY_ORIGIN = `the message attribute ${KEY_ATTRIBUTE} (no key option)`;

function decodeJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new SemelError(
      `Cannot decode the body: it is not JSON (${(cause as Error).message}; ${body.length} characters). ` +
        "Send JSON; text goes as a JSON string",
      { code: "SEMEL_BODY", retryable: false, cause },
    );
  }
}

function parsedBody(index: number, body: unknown): SemelError {
  const type = body === null ? "null" : typeof body;
  return unusable(
    `the body of record ${index} is of type ${type}, not a string: another middleware has already parsed it, ` +
      "most likely @middy/sqs-json-body-parser, @middy/event-normalizer, or Powertools' parser. Remove it: semel parses " +
      "the body itself, and gives it to your schema",
  );
}

function unusable(what: string): SemelError {
  return new SemelError(`Cannot take the event: ${what}`, { code: "SEMEL_EVENT", retryable: false });
}

/** The batch of an event: ids as Lambda gave them, before anybody could change the event. */
export function messageIds(event: unknown): readonly string[] {
  return records(event).map((record, index) => {
    const id = (record as { messageId?: unknown } | null)?.messageId;
    if (typeof id !== "string" || id === "") throw unusable(`record ${index} has no messageId`);
    return id;
  });
}

/** Whether one delivery may leave the queue. */
export interface DeliveryOutcome {
  readonly messageId: string;
  readonly acknowledged: boolean;
}

export function sqsResponse(batch: readonly string[], outcomes: readonly DeliveryOutcome[]): SqsBatchResponse {
  const acknowledged = new Map<string, boolean>();
  for (const { messageId, acknowledged: done } of outcomes) {
    acknowledged.set(messageId, done && acknowledged.get(messageId) !== false); // Q2
  }
  const failed = [...new Set(batch)].filter((id) => acknowledged.get(id) !== true); // Q3
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }; // Q1
}
