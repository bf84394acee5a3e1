// Reads a recorded event of Kafka for replay. Pure, but for the time that it is given. What the function needs to see is checked; what is
// of no account to it stays as it is.
import type { KafkaRecord } from "../../../aws/lambda.ts";
import { isObject, type JsonObject } from "../../values.ts";
import { base64At, shown } from "../recorded-values.ts";
import type { Recorded, Refuse } from "../replay.ts";
import { type Cluster, partitionName, take } from "./records.ts";

export interface ReadInput {
  readonly eventSource: Cluster["eventSource"];
  readonly topic: string;
  readonly nowMs: number;
  readonly refuse: Refuse;
}

const SELF_MANAGED: readonly unknown[] = ["SelfManagedKafka", "aws:SelfManagedKafka"];

/** The cluster of the event may be another one than the mapping's: what was recorded elsewhere is replayed here. */
export function readRecorded(event: unknown, input: ReadInput): Recorded<KafkaRecord>[] {
  const { refuse, eventSource } = input;
  if (!isObject(event) || !isObject(event["records"])) {
    return refuse(
      `it is ${shown(event)}; it must be an event of Kafka, { "eventSource": …, "records": { "topic-0": [...] } }`,
    );
  }
  const found = SELF_MANAGED.includes(event["eventSource"]) ? "SelfManagedKafka" : event["eventSource"];
  if (found !== eventSource) {
    return refuse(
      `it has the eventSource ${shown(event["eventSource"])}; the mapping's is "${eventSource}": replay the events of an ` +
        "MSK cluster to a mapping with an EventSourceArn, others to one with a SelfManagedEventSource",
    );
  }
  return Object.entries(event["records"]).flatMap(([name, list]) => {
    if (!Array.isArray(list)) return refuse(`it has ${shown(list)} under ${name}; it must be a list of records`);
    return list.map((record: unknown, index) =>
      readRecord(record, name, {
        ...input,
        refuse: (what) => refuse(`record ${index + 1} of ${list.length} under ${name} ${what}`),
      }),
    );
  });
}

function readRecord(record: unknown, name: string, { topic, nowMs, refuse }: ReadInput): Recorded<KafkaRecord> {
  if (!isObject(record)) return refuse(`is ${shown(record)}; it must be an object`);
  if (record["topic"] !== topic) {
    return refuse(
      `has the topic ${shown(record["topic"])}; the mapping's is "${topic}": replay it to the mapping of its topic`,
    );
  }
  const partition = wholeNumber(record, "partition", refuse);
  const offset = wholeNumber(record, "offset", refuse);
  if (name !== partitionName({ topic, partition })) {
    return refuse(`is of partition ${partition}; it must be under ${partitionName({ topic, partition })}`);
  }
  for (const member of ["key", "value"] as const) {
    const bytes = record[member] ?? undefined; // a record without a key, a tombstone
    if (bytes !== undefined) base64At(bytes, member, refuse);
  }
  const { headers = [] } = record;
  if (!Array.isArray(headers) || !headers.every(isHeader)) {
    return refuse(`has the headers ${shown(headers)}; it must be a list of { name: [bytes] }`);
  }
  const whole = { ...record, partition, offset } as unknown as KafkaRecord; // its members were looked at
  return {
    ...take(whole, nowMs), // not its own time, or all would be too old
    shardId: name,
    position: BigInt(offset),
    content: JSON.stringify([record["key"], record["value"], headers]),
  };
}

/** Some of AWS's samples write numbers as texts. */
function wholeNumber(record: JsonObject, member: string, refuse: Refuse): number {
  const value = record[member];
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= 0) return number;
  return refuse(`has the ${member} ${shown(value)}; it must be a whole number, 0 or more`);
}

function isHeader(header: unknown): boolean {
  return isObject(header) && Object.values(header).every((bytes) => Array.isArray(bytes));
}
