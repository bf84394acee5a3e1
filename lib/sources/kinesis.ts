// Kinesis data streams. Pure. The ordering key is the partition key: with a ParallelizationFactor above 1 the batches of a
// shard run side by side, and each partition key is in one of them only.
//
//   KN1. Records that the producer library aggregated are not taken for one message: they fail, and stay in the stream.
//   KN2. A message's id is stable across redelivery and across ways to read the stream. Sequence numbers are unique within
//        a shard, so the shard is part of it.
//   KN3. Positions are compared within a shard alone: a producer's explicit hash keys put one partition key into several.

import type { KinesisRecord } from "../aws/lambda.ts";
import { SemelError } from "../errors.ts";
import { bytesOf, decodeBinary, sendableText, streamLetter } from "./payload.ts";
import { binaryOf, positionsOf, recordsOf, textOf } from "./records.ts";
import type { Delivery, Source } from "./source.ts";
import { ofOneStream, SEQUENCE_NUMBER_WIDTH, streamResponse } from "./stream-response.ts";

export const KINESIS = "aws:kinesis";

export const kinesis: Source = {
  name: "a Kinesis data stream",
  ordered: true,
  carriesKey: false,
  deliveries(event) {
    const shardOf = shards();
    return ofOneStream(recordsOf(event, KINESIS).map((record, index) => toDelivery(record, index, shardOf)));
  },
  response: streamResponse,
};

const NO_KEY = { value: undefined, origin: "a Kinesis record, which has no attributes," };
const NO_ATTRIBUTES = {};
const positionOf = positionsOf("sequenceNumber", SEQUENCE_NUMBER_WIDTH);

function toDelivery(given: Partial<Record<string, unknown>>, index: number, shardOf: ShardOf): Delivery<KinesisRecord> {
  const record = given as Partial<KinesisRecord>;
  const { data, partitionKey, sequenceNumber, approximateArrivalTimestamp }: Partial<KinesisRecord["kinesis"]> =
    record.kinesis ?? {};
  const position = positionOf(sequenceNumber, index);
  const orderingKey = textOf(partitionKey, index, "has no partitionKey");
  const origin = streamOf(textOf(record.eventSourceARN, index, "has no eventSourceARN"));
  const eventId = textOf(record.eventID, index, "has no eventID, which names its shard");
  const binary = binaryOf(data, "data", index);
  return {
    messageId: `${origin}/${eventId}`, // KN2
    identifier: sequenceNumber,
    origin,
    scope: shardOf(origin, eventId), // KN3
    orderingKey,
    position,
    text: () => sendableText(bytesOf(binary)).body,
    decode: () => decodeBinary(refuseAggregated(binary)),
    key: NO_KEY,
    receiveCount: undefined,
    sentAtMs: Math.round(Number(approximateArrivalTimestamp ?? 0) * 1000),
    messageAttributes: NO_ATTRIBUTES,
    letter: () => streamLetter({ ...sendableText(bytesOf(binary)), origin, position: String(sequenceNumber) }),
    record: record as KinesisRecord,
  };
}

type ShardOf = (origin: string, eventId: string) => string;

/** KN3: "shardId-000000000006:4954…". One text for all records of a shard: they are grouped by it, and a batch has one shard. */
function shards(): ShardOf {
  let last = { origin: "", prefix: ":", scope: "" };
  return (origin, eventId) => {
    if (origin !== last.origin || !eventId.startsWith(last.prefix)) {
      const shard = eventId.split(":", 1)[0];
      last = { origin, prefix: `${shard}:`, scope: `${origin}/${shard}` };
    }
    return last.scope;
  };
}

/** KN2: the stream's ARN also where it is read by a consumer with enhanced fan-out, whose ARN continues the stream's. */
function streamOf(arn: string): string {
  const consumer = arn.indexOf("/consumer/");
  return consumer < 0 ? arn : arn.slice(0, consumer);
}

// https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
const AGGREGATED = "\xf3\x89\x9a\xc2";

/** KN1. Not the message's fault: it is not rejected, and a consumer that can read it finds it in the stream. */
function refuseAggregated(binary: string): string {
  if (!binary.startsWith(AGGREGATED)) return binary;
  throw new SemelError(
    "Cannot decode the record: the Kinesis Producer Library aggregated several messages into it, and semel does not take " +
      "them apart, since they share one sequence number. Set AggregationEnabled of the producer to false",
    { code: "SEMEL_EVENT", retryable: false },
  );
}
