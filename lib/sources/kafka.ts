// Kafka, on MSK or self-managed. Pure. A batch may hold several topics and partitions.
//
//   KF1. The response names every record of a topic-partition that is not settled, the lowest offset first. Lambda's page says
//        that it retries "just those specific items"; were only the lowest named, the others would be lost. Where it goes back
//        to the lowest instead, what is done beyond it comes again, and is told by its record.
//        https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html (Partial batch response)
//   KF2. An ordering key is one record key, told apart from every other one: text as it is, other bytes as base64.
//        Records without a key are in the order of their partition.

import type { KafkaBatchResponse, KafkaEvent, KafkaRecord, SqsMessageAttribute } from "../aws/lambda.ts";
import { KEY_ATTRIBUTE } from "../protocol/key.ts";
import { unsettled } from "./outcomes.ts";
import { bytesOf, decodeBinary, sendableText, streamLetter, utf8 } from "./payload.ts";
import { binaryOf, KNOWN_SOURCES, positionsOf, unusable } from "./records.ts";
import type { Delivery, DeliveryOutcome, Place, Source } from "./source.ts";

/** Offsets are 64 bits. */
const OFFSET_WIDTH = 20;
const positionOf = positionsOf("offset", OFFSET_WIDTH);
const MSK = "aws:kafka";
const SELF_MANAGED: readonly unknown[] = ["SelfManagedKafka", "aws:SelfManagedKafka"];

export const kafka: Source = {
  name: "a Kafka topic",
  ordered: true,
  carriesKey: true,
  deliveries: kafkaDeliveries,
  response: kafkaResponse,
};

/** An event whose records are an object of lists: no other source has that. */
export function isKafka(event: unknown): boolean {
  const records = (event as { records?: unknown } | null | undefined)?.records;
  return typeof records === "object" && records !== null && !Array.isArray(records);
}

/** KF1 */
function kafkaResponse(batch: readonly Place[], outcomes: readonly DeliveryOutcome[]): KafkaBatchResponse {
  const failed = unsettled(batch, outcomes).sort(
    (a, b) => compare(a.origin, b.origin) || compare(a.position, b.position),
  );
  return {
    batchItemFailures: failed.map(({ identifier }) => ({
      itemIdentifier: identifier as KafkaBatchResponse["batchItemFailures"][number]["itemIdentifier"],
    })),
  };
}

function compare(a = "", b = ""): number {
  return a < b ? -1 : Number(a > b);
}

function kafkaDeliveries(event: unknown): Delivery<KafkaRecord>[] {
  const { records } = event as KafkaEvent;
  const cluster = clusterOf(event as Partial<KafkaEvent>);
  const lists = Object.entries(records).map(([name, list]: [string, unknown]) => {
    if (!Array.isArray(list)) throw unusable(`its records of ${JSON.stringify(name)} are no list`);
    return list.map((record: Partial<KafkaRecord> | null, index) =>
      toDelivery(record ?? {}, cluster, `${name}[${index}]`),
    );
  });
  if (lists.flat().length === 0)
    throw unusable("its records are empty. Lambda never sends that; look at what changed it");
  return lists.flat();
}

/** MSK's ARN ends with an id of the cluster. Of a self-managed one only its servers are known; their order tells nothing. */
function clusterOf({ eventSource, eventSourceArn, bootstrapServers }: Partial<KafkaEvent>): string {
  if (eventSource === MSK && typeof eventSourceArn === "string" && eventSourceArn !== "") return eventSourceArn;
  if (SELF_MANAGED.includes(eventSource) && typeof bootstrapServers === "string" && bootstrapServers !== "")
    return bootstrapServers.split(",").sort().join(",");
  throw unusable(
    `it is of source ${JSON.stringify(eventSource)}, with eventSourceArn ${JSON.stringify(eventSourceArn)} and ` +
      `bootstrapServers ${JSON.stringify(bootstrapServers)}. Known sources: ${KNOWN_SOURCES}`,
  );
}

function toDelivery(record: Partial<KafkaRecord>, cluster: string, where: string): Delivery<KafkaRecord> {
  const { topic, key, value } = record;
  if (typeof topic !== "string" || topic === "") throw unusable(`record ${where} has no topic`);
  const partition = wholeNumber(record.partition, "partition", where);
  const offset = wholeNumber(record.offset, "offset", where);
  const origin = `${cluster}/${topic}/${partition}`; // a topic's name has no slash
  const isTombstone = value === undefined || value === null;
  const binary = isTombstone ? "" : binaryOf(value, "value", where);
  const payload = (): ReturnType<typeof sendableText> =>
    isTombstone ? { body: "null", encoding: undefined } : sendableText(bytesOf(binary));
  const messageAttributes = attributesOf(record.headers);
  return {
    messageId: `${origin}/${offset}`,
    identifier: { partition: `${topic}-${partition}`, offset },
    origin,
    orderingKey: orderingKeyOf(key, where),
    position: positionOf(String(offset), where),
    text: () => payload().body,
    decode: () => (isTombstone ? null : decodeBinary(binary)),
    key: { value: messageAttributes[KEY_ATTRIBUTE]?.stringValue, origin: KEY_ORIGIN },
    receiveCount: undefined,
    sentAtMs: Number(record.timestamp ?? 0),
    messageAttributes,
    letter: () => streamLetter({ ...payload(), origin, position: String(offset), attributes: messageAttributes }),
    record: record as KafkaRecord,
  };
}

const KEY_ORIGIN = `the record header ${KEY_ATTRIBUTE} (no key option)`;
const BASE64 = "base64:";

/** KF2 */
function orderingKeyOf(key: unknown, where: string): string {
  if (key === undefined || key === null) return "";
  if (typeof key !== "string") throw unusable(`the key of record ${where} is of type ${typeof key}, not base64`);
  const text = utf8(Buffer.from(key, "base64"));
  return text === undefined || text === "" || text.startsWith(BASE64) ? BASE64 + key : text;
}

/** Values as text where they are UTF-8. Of two headers of one name the last one counts, as in Kafka's own `lastHeader`. */
function attributesOf(headers: unknown): Record<string, SqsMessageAttribute> {
  if (!Array.isArray(headers) || headers.length === 0) return {};
  const all = headers.flatMap((header: unknown) => Object.entries((header ?? {}) as Record<string, unknown>));
  return Object.fromEntries(all.flatMap(([name, value]) => (Array.isArray(value) ? [[name, attribute(value)]] : [])));
}

function attribute(value: readonly number[]): SqsMessageAttribute {
  const bytes = Buffer.from(value); // also of signed bytes, as Java has them
  const text = utf8(bytes);
  if (text !== undefined) return { stringValue: text, dataType: "String" };
  return { binaryValue: bytes.toString("base64"), dataType: "Binary" };
}

/** Some of AWS's samples write the partition as a text. */
function wholeNumber(value: unknown, what: string, where: string): number {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (Number.isSafeInteger(number) && (number as number) >= 0) return number as number;
  throw unusable(`the ${what} of record ${where} is ${JSON.stringify(value)}, not a whole number`);
}
