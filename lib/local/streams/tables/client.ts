// Reads the streams of tables: the three operations of DynamoDB Streams, over the engine's own JSON. What a record looks like there is
// what a function gets, numbers and base64 included; the SDK's client would have to be turned back.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
import type { DynamoDbRecord } from "../../../aws/lambda.ts";
import { canonical } from "../../differences/stream-records.ts";
import { createJsonCall } from "../../json-call.ts";
import { localError } from "../../local-error.ts";
import type { ClientConfig } from "../../types.ts";
import { listAt, objectAt, optionalTextAt, textAt } from "../../values.ts";
import type { Taken } from "../record.ts";
import type { Shard, ShardsClient } from "../shard-source.ts";

export function createStreamsClient(config: ClientConfig, streamArn: string): ShardsClient<DynamoDbRecord> {
  const call = createJsonCall(config, {
    service: "dynamodb",
    target: "DynamoDBStreams_20120810",
    contentType: "application/x-amz-json-1.0",
  });
  return {
    async shards() {
      const shards: Shard[] = [];
      let from: string | undefined;
      do {
        const start = from === undefined ? {} : { ExclusiveStartShardId: from };
        const answer = await call("DescribeStream", { StreamArn: streamArn, ...start });
        const stream = objectAt(answer["StreamDescription"], "StreamDescription");
        for (const one of listAt(stream["Shards"], "Shards")) {
          const shard = objectAt(one, "a shard");
          const parentId = optionalTextAt(shard["ParentShardId"], "ParentShardId");
          shards.push({ id: textAt(shard["ShardId"], "ShardId"), parentIds: parentId === undefined ? [] : [parentId] });
        }
        from = optionalTextAt(stream["LastEvaluatedShardId"], "LastEvaluatedShardId");
      } while (from !== undefined);
      return shards;
    },
    async iterator(shardId, position) {
      const at =
        typeof position === "object" && "after" in position
          ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.after }
          : { ShardIteratorType: "TRIM_HORIZON" }; // no other is allowed
      const answer = await call("GetShardIterator", { StreamArn: streamArn, ShardId: shardId, ...at });
      return textAt(answer["ShardIterator"], "ShardIterator");
    },
    async records(iterator) {
      const answer = await call("GetRecords", { ShardIterator: iterator });
      const next = optionalTextAt(answer["NextShardIterator"] ?? undefined, "NextShardIterator");
      const given = listAt(answer["Records"], "Records") as DynamoDbRecord[];
      const records = given.map((record) => take(record, { awsRegion: config.region, eventSourceARN: streamArn }));
      return { records, next, isBehind: records.length > 0 };
    },
  };
}

function take(
  given: DynamoDbRecord,
  origin: Pick<DynamoDbRecord, "awsRegion" | "eventSourceARN">,
): Taken<DynamoDbRecord> {
  const { SequenceNumber: id, ApproximateCreationDateTime: seconds = Infinity, Keys: keys } = given.dynamodb ?? {};
  if (id === undefined) throw localError(`a record of stream ${origin.eventSourceARN} has no sequence number`);
  return { record: { ...given, ...origin }, id, orderingKey: canonical(keys), arrivedAtMs: seconds * 1000 };
}
