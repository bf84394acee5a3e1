// DynamoDB Streams: the body of a message is one change of an item. Pure. The ordering key is the item's key.
//
//   DS1. Values are exact: the raw change is what is fingerprinted and dead-lettered, and documents come from it anew.

import type { Item } from "../aws/dynamodb.ts";
import type { DynamoDbRecord, StreamAttributeValue, StreamChange, StreamImage } from "../aws/lambda.ts";
import { canonicalJson } from "../protocol/canonical-json.ts";
import { streamLetter } from "./payload.ts";
import { positionsOf, recordsOf, textOf, unusable } from "./records.ts";
import type { Delivery, Source } from "./source.ts";
import { ofOneStream, SEQUENCE_NUMBER_WIDTH, streamResponse } from "./stream-response.ts";

export const DYNAMODB = "aws:dynamodb";

/**
 * One change of an item: the body of a message of DynamoDB Streams. Images are there as the stream's view type has them.
 * Numbers that JavaScript cannot hold are bigints, or the SDK's NumberValue; sets are Sets; binary is Uint8Array.
 */
export interface ItemChange<Image = Record<string, unknown>, Key = Record<string, unknown>> {
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly keys: Key;
  readonly newImage?: Image;
  readonly oldImage?: Image;
}

/** Plain values of an item. */
export type ToDocument = (item: Item) => Record<string, unknown>;

const positionOf = positionsOf("SequenceNumber", SEQUENCE_NUMBER_WIDTH);
const EVENT_NAMES: readonly unknown[] = ["INSERT", "MODIFY", "REMOVE"];

export function dynamoDbStreams(toDocument: ToDocument): Source {
  return {
    name: "a DynamoDB stream",
    ordered: true,
    carriesKey: false,
    deliveries: (event) =>
      ofOneStream(recordsOf(event, DYNAMODB).map((record, index) => toDelivery(record, index, toDocument))),
    response: streamResponse,
  };
}

function toDelivery(
  given: Partial<Record<string, unknown>>,
  index: number,
  toDocument: ToDocument,
): Delivery<DynamoDbRecord> {
  const record = given as DynamoDbRecord;
  const { eventName } = record;
  const change: StreamChange = record.dynamodb ?? {};
  const { Keys, NewImage, OldImage, SequenceNumber } = change;
  if (!EVENT_NAMES.includes(eventName)) throw unusable(`record ${index} has eventName ${JSON.stringify(eventName)}`);
  const origin = textOf(record.eventSourceARN, index, "has no eventSourceARN");
  const position = positionOf(SequenceNumber, index);
  const orderingKey = textOf(canonicalJson(Keys), index, "has no Keys");
  if (!Object.values(Keys ?? {}).every(isAttributeValue)) {
    throw unusable(
      `the Keys of record ${index} are no attribute values: another middleware has already unmarshalled them, most likely ` +
        "@middy/event-normalizer or Powertools' parser. Remove it: semel does that itself",
    );
  }
  const payload = {
    eventName,
    Keys,
    ...(NewImage === undefined ? {} : { NewImage }),
    ...(OldImage === undefined ? {} : { OldImage }),
  }; // DS1
  return {
    messageId: `${origin}/${SequenceNumber}`,
    identifier: SequenceNumber,
    origin,
    orderingKey,
    position,
    text: () => JSON.stringify(payload),
    decode: () => ({
      eventName,
      keys: toDocument(imageToItem(Keys ?? {})),
      ...(NewImage === undefined ? {} : { newImage: toDocument(imageToItem(NewImage)) }),
      ...(OldImage === undefined ? {} : { oldImage: toDocument(imageToItem(OldImage)) }),
    }),
    key: { value: undefined, origin: "a change of an item, which has no attributes," },
    payload,
    receiveCount: undefined,
    sentAtMs: Math.round(Number(change.ApproximateCreationDateTime ?? 0) * 1000),
    messageAttributes: {},
    letter: () => streamLetter({ body: JSON.stringify(payload), origin, position: String(SequenceNumber) }),
    record,
  };
}

/** `{ S: "a" }` */
function isAttributeValue(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 1;
}

/** An image as DynamoDB itself gives it: in Lambda's JSON, binary is base64. */
export function imageToItem(image: StreamImage): Item {
  return Object.fromEntries(Object.entries(image).map(([name, value]) => [name, toValue(value)])) as Item;
}

function toValue(value: StreamAttributeValue): unknown {
  if (value.B !== undefined) return { B: new Uint8Array(Buffer.from(value.B, "base64")) };
  if (value.BS !== undefined) return { BS: value.BS.map((one) => new Uint8Array(Buffer.from(one, "base64"))) };
  if (value.L !== undefined) return { L: value.L.map(toValue) };
  if (value.M !== undefined) return { M: imageToItem(value.M) };
  return value;
}
