// A table's stream as an event source.
// https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
import type { DynamoDbRecord } from "../../../aws/lambda.ts";
import { isUnchanged } from "../../differences/stream-records.ts";
import type { Foundation } from "../../foundation.ts";
import { createDelivery } from "../delivery.ts";
import { type MappingResource, readFilter, readMapping, sourceArnOf, startingPositionAt } from "../mapping.ts";
import { RECORDS_ENVELOPE_BYTES, type RecordKind } from "../record.ts";
import { sequenceNumberOf } from "../response.ts";
import { startShardSource } from "../shard-source.ts";
import type { DefinedStream } from "../source.ts";
import { createStreamsClient } from "./client.ts";

export const TABLE_RECORDS: RecordKind<DynamoDbRecord> = {
  event: (records) => ({ Records: records }),
  envelopeBytes: RECORDS_ENVELOPE_BYTES,
  idOf: sequenceNumberOf,
  batchInfo(batch, { arn, shardId }) {
    const [first, last] = [batch[0]?.record.dynamodb, batch.at(-1)?.record.dynamodb];
    return {
      DDBStreamBatchInfo: {
        shardId,
        startSequenceNumber: first?.SequenceNumber,
        endSequenceNumber: last?.SequenceNumber,
        approximateArrivalOfFirstRecord: secondsText(first?.ApproximateCreationDateTime),
        approximateArrivalOfLastRecord: secondsText(last?.ApproximateCreationDateTime),
        batchSize: batch.length,
        streamArn: arn,
      },
    };
  },
};

/** Without a fraction, as in AWS's own example. */
function secondsText(seconds = 0): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19)}Z`;
}

export function isTableStream(arn: string): boolean {
  return /^arn:aws:dynamodb:.*\/stream\//.test(arn);
}

/** Undefined for a mapping of anything else. */
export function defineTableStream(given: MappingResource, foundation: Foundation): DefinedStream | undefined {
  const arn = sourceArnOf(given);
  if (arn === undefined || !isTableStream(arn)) return undefined;
  const { warn } = given;
  const mapping = readMapping(given, { arn, source: `stream ${arn}` });
  const startingPosition = startingPositionAt(given, ["TRIM_HORIZON", "LATEST"]);
  const matches = readFilter(given);
  const { endpoint } = foundation.dynamodb;
  if (!endpoint.startsWith("http:")) {
    warn(`event source ${mapping.logicalId} is left out: the streams of ${endpoint} are not read from here`);
    return undefined;
  }
  // The engine has records of writes that changed nothing; DynamoDB has not.
  const isNone = foundation.embedded.dynamodb ? isUnchanged : () => false;
  return {
    mapping,
    start: (parts) =>
      startShardSource({
        mapping,
        startingPosition,
        kind: TABLE_RECORDS,
        delivery: createDelivery(mapping, TABLE_RECORDS, parts),
        client: createStreamsClient(foundation.clientConfig.dynamodb, arn),
        passes: (record) => !isNone(record) && matches(record),
        warn,
      }),
  };
}
