// SQS standard queues. Pure.
//
//   Q1. The response is always explicit and names only ids of this batch: null or nothing acknowledges everything, and
//       an unknown id fails everything. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

import type { SqsBatchResponse, SqsRecord } from "../aws/lambda.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import { unsettled } from "./outcomes.ts";
import { decodeJson } from "./payload.ts";
import { recordsOf, textOf, unusable } from "./records.ts";
import type { Delivery, Place, Source } from "./source.ts";

export const SQS = "aws:sqs";

export const sqs: Source = {
  name: "an SQS standard queue",
  ordered: false,
  carriesKey: true,
  deliveries: (event) => recordsOf(event, SQS).map(standardDelivery),
  response: (batch, outcomes) => sqsResponse(unsettled(batch, outcomes)),
};

export function sqsResponse(failures: readonly Pick<Place, "messageId">[]): SqsBatchResponse {
  const failed = [...new Set(failures.map(({ messageId }) => messageId))];
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) }; // Q1
}

function standardDelivery(record: Partial<Record<string, unknown>>, index: number): Delivery<SqsRecord> {
  const delivery = sqsDelivery(record, index);
  if (!delivery.origin.endsWith(FIFO_QUEUE_SUFFIX)) return delivery;
  throw unusable(`record ${index} is of a FIFO queue, ${delivery.origin}, and the first one is of a standard queue`);
}

/** What both types of queues have in common. */
export function sqsDelivery(record: Partial<Record<string, unknown>>, index: number): Delivery<SqsRecord> {
  const found = record as Partial<SqsRecord>;
  const messageId = textOf(found.messageId, index, "has no messageId");
  const origin = textOf(found.eventSourceARN, index, "has no eventSourceARN");
  if (typeof found.body !== "string") throw parsedBody(index, found.body);
  const attributes: Partial<SqsRecord["attributes"]> = found.attributes ?? {};
  const { body, messageAttributes = {} } = found;
  return {
    messageId,
    identifier: messageId,
    origin,
    orderingKey: undefined,
    position: undefined,
    text: () => body,
    decode: () => decodeJson(body),
    key: { value: messageAttributes[KEY_ATTRIBUTE]?.stringValue, origin: KEY_ORIGIN },
    receiveCount: Number(attributes.ApproximateReceiveCount ?? 1),
    sentAtMs: Number(attributes.SentTimestamp ?? 0),
    messageAttributes,
    receipt: found as SqsRecord,
    record: found as SqsRecord,
  };
}

const KEY_ORIGIN = `the message attribute ${KEY_ATTRIBUTE} (no key option)`;

function parsedBody(index: number, body: unknown): ReturnType<typeof unusable> {
  const type = body === null ? "null" : typeof body;
  return unusable(
    `the body of record ${index} is of type ${type}, not a string: another middleware has already parsed it, ` +
      "most likely @middy/sqs-json-body-parser, @middy/event-normalizer, or Powertools' parser. Remove it: semel parses " +
      "the body itself, and gives it to your schema",
  );
}
