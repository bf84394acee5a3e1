// Kinesis on an endpoint from outside: makes streams, and reads them in the shape that a function gets.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Operations.html
import type { KinesisRecord } from "../../../aws/lambda.ts";
import { createJsonCall, type JsonCall } from "../../json-call.ts";
import { localError, reason } from "../../local-error.ts";
import type { ClientConfig } from "../../types.ts";
import { listAt, objectAt, optionalTextAt, textAt } from "../../values.ts";
import type { Position, Shard, ShardsClient } from "../shard-source.ts";
import { type Origin, takeAll } from "./records.ts";

const ACTIVE_MS_MAX = 60_000;
const LOOK_EVERY_MS = 50;

function connect(config: ClientConfig): JsonCall {
  return createJsonCall(config, {
    service: "kinesis",
    target: "Kinesis_20131202",
    contentType: "application/x-amz-json-1.1",
  });
}

/** Resolves with its ARN when it is active. One that is there already is taken as it is. */
export async function createStream(config: ClientConfig, name: string, shardCount: number): Promise<string> {
  const call = connect(config);
  await call("CreateStream", { StreamName: name, ShardCount: shardCount }).catch((thrown: unknown) => {
    if (!reason(thrown).includes("ResourceInUseException")) throw thrown;
  });
  for (let waitedMs = 0; waitedMs <= ACTIVE_MS_MAX; waitedMs += LOOK_EVERY_MS) {
    const answer = await call("DescribeStreamSummary", { StreamName: name });
    const { StreamStatus: status, StreamARN: arn } = objectAt(answer["StreamDescriptionSummary"], "the stream");
    if (status === "ACTIVE") return textAt(arn, `the ARN of stream ${name}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw localError(`it is not active after ${ACTIVE_MS_MAX / 1000} s`);
}

export async function deleteStream(config: ClientConfig, name: string): Promise<void> {
  await connect(config)("DeleteStream", { StreamName: name });
}

export function createShardsClient(config: ClientConfig, name: string, origin: Origin): ShardsClient<KinesisRecord> {
  const call = connect(config);
  return {
    async shards() {
      const shards: Shard[] = [];
      let token: string | undefined;
      do {
        const answer = await call("ListShards", token === undefined ? { StreamName: name } : { NextToken: token });
        shards.push(...listAt(answer["Shards"], "Shards").map(toShard));
        token = optionalTextAt(answer["NextToken"] ?? undefined, "NextToken");
      } while (token !== undefined);
      return shards;
    },
    async iterator(shardId, position) {
      const answer = await call("GetShardIterator", {
        StreamName: name,
        ShardId: shardId,
        ...toIteratorType(position),
      });
      return textAt(answer["ShardIterator"], "ShardIterator");
    },
    async records(iterator, shardId) {
      const answer = await call("GetRecords", { ShardIterator: iterator });
      const next = optionalTextAt(answer["NextShardIterator"] ?? undefined, "NextShardIterator");
      const records = takeAll(answer["Records"], shardId, origin);
      return { records, next, isBehind: records.length > 0 || Number(answer["MillisBehindLatest"] ?? 0) > 0 };
    },
  };
}

function toShard(given: unknown): Shard {
  const shard = objectAt(given, "a shard");
  const parents = [shard["ParentShardId"], shard["AdjacentParentShardId"]];
  const parentIds = parents.flatMap((id) => (id === undefined || id === null ? [] : [textAt(id, "a parent's id")]));
  return { id: textAt(shard["ShardId"], "ShardId"), parentIds };
}

function toIteratorType(position: Position) {
  if (position === "TRIM_HORIZON") return { ShardIteratorType: position };
  if ("sinceMs" in position) return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: position.sinceMs / 1000 };
  return { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: position.after };
}
