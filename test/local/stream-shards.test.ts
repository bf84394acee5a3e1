// A table's stream whose shard is split: the embedded engine has one shard a stream and never splits it, so the shards are recorded
// ones, served in the protocol of DynamoDB Streams. Their reader, its lanes, its client and semel's runtime are the real ones. Attacks
// ST1 and ST3, and that a state goes on from shard to shard: a position is one of the stream.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import type { DynamoDbRecord, StreamBatchResponse } from "../../lib/aws/lambda.ts";
import type { Message } from "../../lib/index.ts";
import { judgeStreamResponse, sequenceNumberOf } from "../../lib/local/streams/response.ts";
import { startShardSource } from "../../lib/local/streams/shard-source.ts";
import type { StreamSource } from "../../lib/local/streams/source.ts";
import { createStreamsClient } from "../../lib/local/streams/tables/client.ts";
import { TABLE_RECORDS } from "../../lib/local/streams/tables/table-stream.ts";
import { testConsumer } from "../support/consumer.ts";
import { dynamoDbSource } from "../support/source-events.ts";
import { until } from "./cloud-fixture.ts";

const STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-01-05T08:00:00.000";

interface RecordedShard {
  readonly id: string;
  readonly parentId?: string;
  readonly records: readonly DynamoDbRecord[];
  /** Its end is not known to its reader yet, though its children are listed. @default - it is closed */
  readonly isOpen?: () => boolean;
}

/** Pages of two, so that a shard is read on, too. All shards are closed: their last page has no next iterator. */
const PAGE = 2;

function answerTo(operation: string, input: Record<string, string>, shards: readonly RecordedShard[]): object {
  if (operation === "DescribeStream") {
    const Shards = shards.map(({ id, parentId }) => ({ ShardId: id, ...(parentId && { ParentShardId: parentId }) }));
    return { StreamDescription: { StreamArn: STREAM, Shards } };
  }
  if (operation === "GetShardIterator") {
    const { ShardId = "", SequenceNumber } = input;
    const found = shards.find(({ id }) => id === ShardId)?.records ?? [];
    const at = found.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === SequenceNumber);
    return { ShardIterator: `${ShardId}|${at + 1}` };
  }
  const [id, from = ""] = (input["ShardIterator"] ?? "").split("|");
  const all = shards.find((shard) => shard.id === id)?.records ?? [];
  const end = Number(from) + PAGE;
  const isOpen = shards.find((shard) => shard.id === id)?.isOpen?.() ?? false;
  const next = isOpen ? Math.min(end, all.length) : end;
  return {
    Records: all.slice(Number(from), end),
    ...(next <= all.length - (isOpen ? 0 : 1) && { NextShardIterator: `${id}|${next}` }),
  };
}

interface Recorded extends AsyncDisposable {
  readonly endpoint: string;
  /** Shards whose records were asked for, in the order of the first time. */
  readonly readShards: ReadonlySet<string>;
}

async function serve(shards: readonly RecordedShard[]): Promise<Recorded> {
  const readShards = new Set<string>();
  const server = createServer((request, response) => {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    void text(request).then((body) => {
      const input = JSON.parse(body);
      if (operation === "GetShardIterator") readShards.add(input.ShardId);
      response.end(JSON.stringify(answerTo(operation, input, shards)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    readShards,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Changes of items of these keys, in a table's stream: `a8`. */
function changes(...names: readonly string[]): DynamoDbRecord[] {
  const records = names.map((name) => {
    const [key = "", at] = [name.slice(0, 1), Number(name.slice(1))];
    return { key, at, body: { at } };
  });
  return (dynamoDbSource.event(records) as { Records: DynamoDbRecord[] }).Records;
}

const nameOf = ({ dynamodb }: DynamoDbRecord): string => `${dynamodb?.Keys?.["orderId"]?.S}${dynamodb?.SequenceNumber}`;

/** The root is split into two, one of which is split again; numbers grow in length from shard to shard. */
const SHARDS: readonly RecordedShard[] = [
  { id: "left", parentId: "root", records: changes("a11", "a12", "c13") },
  { id: "root", records: changes("a7", "b8", "a9", "b10") },
  { id: "right", parentId: "root", records: changes("b14", "b15") },
  { id: "leaf", parentId: "left", records: changes("a101", "c102", "a103") },
];

describe("a stream whose shards are split", () => {
  const running: StreamSource[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((source) => source.stop()));
  });

  interface Options {
    readonly parallelizationFactor?: number;
    invoke(records: readonly DynamoDbRecord[]): Promise<StreamBatchResponse>;
  }

  async function start({ endpoint }: Recorded, { parallelizationFactor = 1, invoke }: Options): Promise<StreamSource> {
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const source = await startShardSource({
      client: createStreamsClient({ endpoint, region: "eu-west-1", credentials }, STREAM),
      kind: TABLE_RECORDS,
      warn: (words) => {
        throw new Error(words);
      },
      delivery: {
        giveUp: async (shardId) => {
          throw new Error(`${shardId} is given up`);
        },
        async invoke(batch) {
          const response = await invoke(batch.map(({ record }) => record));
          const of = { ids: batch.map(({ id }) => id), idOf: sequenceNumberOf, reportsFailures: true };
          const verdict = judgeStreamResponse(JSON.stringify(response), of);
          const left = verdict.kind === "judged" ? new Set(verdict.left) : undefined;
          return { left: left && batch.filter(({ id }) => left.has(id)), outcome: "success", requestId: "r" };
        },
      },
      startingPosition: "TRIM_HORIZON",
      passes: () => true,
      mapping: {
        logicalId: "Mapping",
        stackName: "Stack",
        arn: STREAM,
        source: `stream ${STREAM}`,
        functionName: "f",
        batchSize: 10,
        windowMs: 0,
        parallelizationFactor,
        recordAgeMsMax: undefined,
        rules: { bisects: true, retriesMax: 20 },
        reportsFailures: true,
        onFailure: undefined,
      },
    });
    running.push(source);
    return source;
  }

  const isDone = async (source: StreamSource): Promise<boolean> => (await source.whatIsBusy()) === undefined;

  it("ST3: a shard is read when its parent is done, not when it was read", { timeout: 20_000 }, async () => {
    await using recorded = await serve(SHARDS);
    const taken: string[] = [];
    const held = Promise.withResolvers<void>();
    const source = await start(recorded, {
      async invoke(records) {
        taken.push(...records.map(nameOf));
        await held.promise;
        return { batchItemFailures: [] };
      },
    });
    await until(() => taken.length > 0);
    for (let looks = 0; looks < 3; looks++) expect(await source.whatIsBusy()).toMatch(/4 records that are not done/);
    expect([...recorded.readShards]).toEqual(["root"]);
    held.resolve();
    await until(async () => (await isDone(source)) && taken.length >= 12);
    expect([...recorded.readShards].slice(0, 3).sort()).toEqual(["left", "right", "root"]);
    expect(taken.filter((name) => name.startsWith("a"))).toEqual(["a7", "a9", "a11", "a12", "a101", "a103"]);
    expect(taken).toHaveLength(12); // ST1
  });

  it("is busy while a shard is listed that is not read yet", { timeout: 20_000 }, async () => {
    let isOpen = true;
    const root: RecordedShard = { id: "root", records: changes("a7"), isOpen: () => isOpen };
    await using recorded = await serve([root, { id: "child", parentId: "root", records: changes("a11") }]);
    const taken: string[] = [];
    const source = await start(recorded, {
      async invoke(records) {
        taken.push(...records.map(nameOf));
        return { batchItemFailures: [] };
      },
    });
    await until(async () => taken.length > 0 && !(await source.whatIsBusy())?.includes("not done"));
    expect(await source.whatIsBusy()).toMatch(/a shard that is not read yet, child/);
    isOpen = false;
    await until(() => isDone(source));
    expect(taken).toEqual(["a7", "a11"]);
  });

  it("keyed state goes on from shard to shard, in order, though each batch comes twice and fails once", {
    timeout: 20_000,
  }, async () => {
    await using recorded = await serve(SHARDS);
    const { orders, memory, host, context } = testConsumer({ strategy: "watermark" });
    const failed = new Set<string>();
    let deliveries = 0;
    const handler = orders.reduce<{ places: number[] }, never>({
      table: "Orders",
      partitionKey: "orderId",
      initial: { places: [] },
      apply(state, message: Message) {
        const { newImage } = message.body as { newImage: { body: string } };
        const { at } = JSON.parse(newImage.body) as { at: number };
        if (at % 3 === 0 && !failed.has(message.messageId)) {
          failed.add(message.messageId);
          throw new Error("this time");
        }
        return { places: [...state.places, at] };
      },
    });
    let queue: Promise<unknown> = Promise.resolve(); // one virtual clock for all invocations
    const source = await start(recorded, {
      parallelizationFactor: 3,
      async invoke(records) {
        const turn = queue.then(async () => {
          deliveries += records.length;
          const event = { Records: records } as never;
          await host.run(handler(event, context())); // whose answer nobody hears
          return host.run(handler(event, context()));
        });
        queue = turn.catch(() => {});
        return turn;
      },
    });
    const states = (): Record<string, number[]> =>
      Object.fromEntries(
        memory.items("Orders").map((item) => {
          const places = item["state"]?.M?.["places"]?.L?.map(({ N }) => Number(N)) ?? [];
          return [JSON.parse(item["orderId"]?.S ?? "{}").orderId.S, places];
        }),
      );
    const all = { a: [7, 9, 11, 12, 101, 103], b: [8, 10, 14, 15], c: [13, 102] };
    await until(async () => (await isDone(source)) && Object.values(states()).flat().length >= 12);
    expect(states()).toEqual(all);
    expect(deliveries).toBeGreaterThanOrEqual(12);
  });
});
