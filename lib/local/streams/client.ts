// Reads the streams of tables: the three operations of DynamoDB Streams, over the engine's own JSON. What a record looks like there is
// what a function gets, numbers and base64 included; the SDK's client would have to be turned back.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
import type { DynamoDbRecord } from "../../aws/lambda.ts";
import { localError } from "../local-error.ts";
import type { ClientConfig } from "../types.ts";
import { type JsonObject, listAt, objectAt, optionalTextAt, textAt } from "../values.ts";

export interface Shard {
  readonly id: string;
  readonly parentId: string | undefined;
}

/** Where to read: behind a record, or from the first that there is. */
export type Position = { readonly after: string } | "TRIM_HORIZON";

export interface StreamsClient {
  shards(streamArn: string): Promise<Shard[]>;
  iterator(streamArn: string, shardId: string, position: Position): Promise<string>;
  /** `next` is undefined at the end of a closed shard. */
  records(iterator: string): Promise<{ records: DynamoDbRecord[]; next: string | undefined }>;
}

const TARGET = "DynamoDBStreams_20120810.";

/** Engines on this machine don't check signatures; some tell accounts apart by the key's id. */
export function createStreamsClient({ endpoint, region, credentials }: ClientConfig): StreamsClient {
  const call = async (operation: string, input: JsonObject): Promise<JsonObject> => {
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${credentials?.accessKeyId ?? "local"}/${date.slice(0, 8)}/${region}/dynamodb/aws4_request`;
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": TARGET + operation,
      "x-amz-date": date,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=local`,
    };
    const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(input) });
    const text = await answer.text();
    if (!answer.ok) throw localError(`${operation} came to ${answer.status}: ${text.slice(0, 300)}`);
    return objectAt(JSON.parse(text), `the answer to ${operation}`);
  };
  return {
    async shards(streamArn) {
      const shards: Shard[] = [];
      let from: string | undefined;
      do {
        const start = from === undefined ? {} : { ExclusiveStartShardId: from };
        const answer = await call("DescribeStream", { StreamArn: streamArn, ...start });
        const stream = objectAt(answer["StreamDescription"], "StreamDescription");
        for (const one of listAt(stream["Shards"], "Shards")) {
          const shard = objectAt(one, "a shard");
          const parentId = optionalTextAt(shard["ParentShardId"], "ParentShardId");
          shards.push({ id: textAt(shard["ShardId"], "ShardId"), parentId });
        }
        from = optionalTextAt(stream["LastEvaluatedShardId"], "LastEvaluatedShardId");
      } while (from !== undefined);
      return shards;
    },
    async iterator(streamArn, shardId, position) {
      const at =
        position === "TRIM_HORIZON"
          ? { ShardIteratorType: position }
          : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.after };
      const answer = await call("GetShardIterator", { StreamArn: streamArn, ShardId: shardId, ...at });
      return textAt(answer["ShardIterator"], "ShardIterator");
    },
    async records(iterator) {
      const answer = await call("GetRecords", { ShardIterator: iterator });
      const next = optionalTextAt(answer["NextShardIterator"] ?? undefined, "NextShardIterator");
      return { records: listAt(answer["Records"], "Records") as DynamoDbRecord[], next };
    },
  };
}
