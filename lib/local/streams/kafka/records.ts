// Records of Kafka: as an event has them, as a response names them, and as a failure message tells where they are. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html, …/with-kafka.html, …/kafka-retry-configurations.html
import type { KafkaRecord } from "../../../aws/lambda.ts";
import { isObject } from "../../values.ts";
import type { RecordKind, Taken } from "../record.ts";

/** What a mapping says of its cluster. */
export type Cluster =
  | {
      readonly eventSource: "aws:kafka";
      readonly eventSourceArn: string;
      /** Which no template has. */
      readonly bootstrapServers?: string;
    }
  | { readonly eventSource: "SelfManagedKafka"; readonly bootstrapServers: string };

/** Around each list of a partition, its name left out. */
const LIST_BYTES = 8;

/** `orders-0`, as the event and the response have it. */
export function partitionName({ topic, partition }: Pick<KafkaRecord, "topic" | "partition">): string {
  return `${topic}-${partition}`;
}

function idOf(partition: string, offset: number): string {
  return `${partition}/${offset}`;
}

/** One batch may hold several partitions. */
export function kafkaRecords(cluster: Cluster, topic: string): RecordKind<KafkaRecord> {
  const event = (records: readonly KafkaRecord[]): object => ({
    ...cluster,
    records: Object.fromEntries(Map.groupBy(records, partitionName)),
  });
  // A record alone may open a list of its own: there is room for as many lists as a topic may have partitions in a batch.
  const envelopeBytes = Buffer.byteLength(JSON.stringify(event([]))) + LISTS_MAX * (topic.length + LIST_BYTES);
  return {
    event,
    envelopeBytes,
    retriesNamed: true,
    // The page says `partition` in its schema and in all samples; an older copy of it had `topic-partition`. Whether Lambda takes
    // that name too, or an offset that is a text, is not known: here they are invalid, and the whole batch comes again.
    idOf(identifier) {
      if (!isObject(identifier)) return undefined;
      const { partition, offset } = identifier;
      return typeof partition === "string" && typeof offset === "number" ? idOf(partition, offset) : undefined;
    },
    // https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html (SNS and SQS example invocation record)
    batchInfo(batch) {
      const { eventSource: _, ...where } = cluster;
      const records = batch.map(({ record }) => record);
      const lists = [...Map.groupBy(records, partitionName)];
      return {
        KafkaBatchInfo: {
          batchSize: batch.length,
          ...where,
          payloadSize: Buffer.byteLength(JSON.stringify(event(records))),
          recordsInfo: Object.fromEntries(lists.map(([name, list]) => [name, rangeOf(list)])),
        },
      };
    },
  };
}

/** Partitions of one batch that its limit of bytes has room for. */
const LISTS_MAX = 100;

function rangeOf(records: readonly KafkaRecord[]): object {
  const [first, last] = [records[0], records.at(-1)];
  return {
    firstRecordOffset: String(first?.offset),
    lastRecordOffset: String(last?.offset),
    firstRecordTimestamp: new Date(first?.timestamp ?? 0).toISOString(),
    lastRecordTimestamp: new Date(last?.timestamp ?? 0).toISOString(),
  };
}

/** Order holds in a partition: records of one are with the same poller. */
export function take(record: KafkaRecord, arrivedAtMs: number): Taken<KafkaRecord> {
  const partition = partitionName(record);
  return { record, id: idOf(partition, record.offset), orderingKey: partition, arrivedAtMs };
}

/** What filters look at: the value, as JSON or as a text. https://docs.aws.amazon.com/lambda/latest/dg/kafka-filtering.html */
export function filteredOf({ value }: KafkaRecord): object {
  if (value === undefined || value === null) return {};
  const text = Buffer.from(value, "base64").toString();
  try {
    const parsed: unknown = JSON.parse(text);
    return { value: typeof parsed === "object" ? parsed : text };
  } catch {
    return { value: text };
  }
}
