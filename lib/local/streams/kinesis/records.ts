// Records of Kinesis: as the API gives them, as an event has them, and as a failure message tells where they are. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
import type { KinesisRecord } from "../../../aws/lambda.ts";
import { listAt, objectAt, textAt } from "../../values.ts";
import { RECORDS_ENVELOPE_BYTES, type RecordKind, type Taken } from "../record.ts";
import { sequenceNumberOf } from "../response.ts";

export const KINESIS = "aws:kinesis";

/** What a mapping says of its records. */
export interface Origin {
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

export const KINESIS_RECORDS: RecordKind<KinesisRecord> = {
  event: (records) => ({ Records: records }),
  envelopeBytes: RECORDS_ENVELOPE_BYTES,
  idOf: sequenceNumberOf,
  // https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
  batchInfo(batch, { arn, shardId }) {
    const [first, last] = [batch[0]?.record.kinesis, batch.at(-1)?.record.kinesis];
    return {
      KinesisBatchInfo: {
        shardId,
        startSequenceNumber: first?.sequenceNumber,
        endSequenceNumber: last?.sequenceNumber,
        approximateArrivalOfFirstRecord: timeText(first?.approximateArrivalTimestamp),
        approximateArrivalOfLastRecord: timeText(last?.approximateArrivalTimestamp),
        batchSize: batch.length,
        streamArn: arn,
      },
    };
  },
};

/** With milliseconds, which a table's stream has not. */
function timeText(seconds = 0): string {
  return new Date(Math.round(seconds * 1000)).toISOString();
}

/** Of an answer to GetRecords. */
export function takeAll(given: unknown, shardId: string, origin: Origin): Taken<KinesisRecord>[] {
  return listAt(given, "Records").map((one) => {
    const record = objectAt(one, "a record");
    const sequenceNumber = textAt(record["SequenceNumber"], "SequenceNumber");
    const partitionKey = textAt(record["PartitionKey"], "PartitionKey");
    const arrivedSeconds = Number(record["ApproximateArrivalTimestamp"]);
    return {
      id: sequenceNumber,
      orderingKey: partitionKey,
      arrivedAtMs: arrivedSeconds * 1000,
      record: {
        kinesis: {
          kinesisSchemaVersion: "1.0",
          partitionKey,
          sequenceNumber,
          data: textAt(record["Data"], "Data"),
          approximateArrivalTimestamp: arrivedSeconds,
        },
        eventSource: KINESIS,
        eventVersion: "1.0",
        eventID: `${shardId}:${sequenceNumber}`,
        eventName: "aws:kinesis:record",
        invokeIdentityArn: "arn:aws:iam::000000000000:role/local",
        ...origin,
      },
    };
  });
}

/** What filters look at: the data, if it is JSON. A record with other data passes no pattern. https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html */
export function filteredOf({ kinesis }: KinesisRecord): unknown {
  try {
    return { data: JSON.parse(Buffer.from(kinesis.data, "base64").toString()) };
  } catch {
    return undefined;
  }
}
