// Makes events of every source, in the shapes that AWS documents, and says what each would deliver again after a response:
// an account of AWS's pages that knows nothing of lib/sources.

import type { KafkaRecord } from "../../lib/aws/lambda.ts";
import { sqsRecord } from "./sqs-event.ts";

export interface TestRecord {
  /** Message group, partition key, key of the item or of the Kafka record. */
  readonly key: string;
  /** Grows in the order in which it was sent; 1 or more. */
  readonly at: number;
  readonly body: unknown;
}

export interface TestSource {
  readonly name: string;
  readonly ordered: boolean;
  event(records: readonly TestRecord[]): never;
  /** What comes again, by index in the event, under each reading of AWS's page. */
  again(records: readonly TestRecord[], response: unknown): readonly ReadonlySet<number>[];
  /** Positions at which the number of digits grows. */
  readonly number: (at: number) => string;
}

type Named = { readonly batchItemFailures: readonly { readonly itemIdentifier: unknown }[] };

function named(response: unknown): unknown[] {
  return (response as Named).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

function indexes(records: readonly TestRecord[], again: (record: TestRecord) => boolean): Set<number> {
  return new Set(records.flatMap((record, index) => (again(record) ? [index] : [])));
}

/** Decimal numbers whose order is not that of their texts: 9, 10, …; far beyond what a JavaScript number holds. */
const sequence = (at: number): string => String(18_849_496_460_467_696_128n * BigInt(at));
const short = (at: number): string => String(at);

const QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders";
const STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/readings";
const TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-05T08:00:00.000";
const CLUSTER = "arn:aws:kafka:eu-west-1:123456789012:cluster/sales/abcd1234-abcd-cafe-abab-9876543210ab-4";

function queue(arn: string): Pick<TestSource, "event" | "again" | "number"> {
  return {
    number: sequence,
    event: (records) =>
      ({
        Records: records.map(({ key, at, body }) => {
          const record = sqsRecord({ messageId: `m-${at}`, body });
          const attributes = { ...record.attributes, MessageGroupId: key, SequenceNumber: sequence(at) };
          return { ...record, attributes, eventSourceARN: arn };
        }),
      }) as never,
    again: (records, response) => [indexes(records, ({ at }) => named(response).includes(`m-${at}`))],
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html: from the lowest on. */
const fromLowest =
  (numberAt: (at: number) => string): TestSource["again"] =>
  (records, response) => {
    const [lowest] = named(response)
      .map((id) => BigInt(id as string))
      .sort((a, b) => Number(a - b));
    return [indexes(records, ({ at }) => lowest !== undefined && BigInt(numberAt(at)) >= lowest)];
  };

export const base64 = (text: string): string => Buffer.from(text).toString("base64");
const textOf = (body: unknown): string => (typeof body === "string" ? body : JSON.stringify(body));

export const sqsSource: TestSource = { name: "SQS standard", ordered: false, ...queue(QUEUE) };
export const fifoSource: TestSource = { name: "SQS FIFO", ordered: true, ...queue(`${QUEUE}.fifo`) };

export const kinesisSource: TestSource = {
  name: "Kinesis",
  ordered: true,
  number: sequence,
  event: (records) =>
    ({
      Records: records.map(({ key, at, body }) => ({
        kinesis: {
          kinesisSchemaVersion: "1.0",
          partitionKey: key,
          sequenceNumber: sequence(at),
          data: base64(textOf(body)),
          approximateArrivalTimestamp: 1_767_600_000.123,
        },
        eventSource: "aws:kinesis",
        eventVersion: "1.0",
        eventID: `shardId-000000000006:${sequence(at)}`,
        eventName: "aws:kinesis:record",
        invokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
        awsRegion: "eu-west-1",
        eventSourceARN: STREAM,
      })),
    }) as never,
  again: fromLowest(sequence),
};

export const dynamoDbSource: TestSource = {
  name: "DynamoDB Streams",
  ordered: true,
  number: short,
  event: (records) =>
    ({
      Records: records.map(({ key, at, body }) => ({
        eventID: `e-${at}`,
        eventName: "MODIFY",
        eventVersion: "1.1",
        eventSource: "aws:dynamodb",
        awsRegion: "eu-west-1",
        eventSourceARN: TABLE,
        dynamodb: {
          ApproximateCreationDateTime: 1_767_600_000,
          Keys: { orderId: { S: key } },
          NewImage: { orderId: { S: key }, body: { S: textOf(body) } },
          SequenceNumber: short(at),
          SizeBytes: 26,
          StreamViewType: "NEW_IMAGE",
        },
      })),
    }) as never,
  again: fromLowest(short),
};

const PARTITIONS = 2;
/** A key is always in one partition. */
const partitionOf = (key: string): number => (key.codePointAt(0) ?? 0) % PARTITIONS;

export const kafkaSource: TestSource = {
  name: "Kafka",
  ordered: true,
  number: short,
  event: (records) => {
    const lists: Record<string, KafkaRecord[]> = {};
    for (const { key, at, body } of records) {
      const partition = partitionOf(key);
      lists[`orders-${partition}`] ??= [];
      lists[`orders-${partition}`]?.push({
        topic: "orders",
        partition,
        offset: at,
        timestamp: 1_767_600_000_000,
        timestampType: "CREATE_TIME",
        key: base64(key),
        value: base64(textOf(body)),
        headers: [],
      });
    }
    return { eventSource: "aws:kafka", eventSourceArn: CLUSTER, bootstrapServers: "b-1:9092", records: lists } as never;
  },
  // https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html says "retry just those specific items"; were it
  // as with the other streams, it would be from the lowest of a partition on.
  again: (records, response) => {
    const failed = named(response) as { partition: string; offset: number }[];
    const topicPartition = ({ key }: TestRecord): string => `orders-${partitionOf(key)}`;
    return [
      indexes(records, (one) => failed.some((id) => id.partition === topicPartition(one) && id.offset === one.at)),
      indexes(records, (one) => failed.some((id) => id.partition === topicPartition(one) && id.offset <= one.at)),
    ];
  },
};

export const SOURCES: readonly TestSource[] = [sqsSource, fifoSource, kinesisSource, dynamoDbSource, kafkaSource];
export const ORDERED: readonly TestSource[] = SOURCES.filter(({ ordered }) => ordered);
