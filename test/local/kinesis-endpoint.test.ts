// A real stream: what is written to an engine from outside reaches the function. The engine is kinesalite.
import { hash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type KinesisEngine, startKinesisEngine } from "../support/kinesalite.ts";
import { until } from "./cloud-fixture.ts";
import { type KinesisFixture, recorded, startKinesis } from "./kinesis-fixture.ts";

const IDLE = { timeoutMs: 15_000, quietMs: 20 };
const STREAM = "Streams-Stream";
/** Of the hash keys. */
const MIDDLE = 2n ** 127n;

function start({ endpoint }: { readonly endpoint: string }, mapping: Record<string, unknown> = {}) {
  return startKinesis(mapping, { endpoints: { kinesis: endpoint } });
}

/** Of one partition key, in the order of the invocations. */
function valuesOf(key: string, fixture: KinesisFixture): string[] {
  const records = fixture.batches().flat();
  return records
    .filter(({ kinesis }) => kinesis.partitionKey === key)
    .map(({ kinesis }) => JSON.parse(Buffer.from(kinesis.data, "base64").toString()).value);
}

async function shardsOf(engine: KinesisEngine) {
  const { Shards } = await engine.call("ListShards", { StreamName: STREAM });
  return Shards as { ShardId: string; HashKeyRange: { StartingHashKey: string; EndingHashKey: string } }[];
}

const endpointOf = (server: ReturnType<typeof createServer>): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const EXPIRED = "ExpiredIteratorException";
/** No refusal: a page without records, though there are some. */
const EMPTY_PAGE = "EmptyPage";

/** Passes all calls on, but for some GetRecords, which it answers as Kinesis may, too. An iterator that has expired stays so. */
async function startRefusing(engine: KinesisEngine, refused: readonly string[], isHit: (reads: number) => boolean) {
  let reads = 0;
  const seen: string[] = [];
  const expired = new Set<string>();
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      const { "x-amz-target": target = "", ...headers } = request.headers as Record<string, string>;
      const isRead = target.endsWith(".GetRecords");
      reads += isRead ? 1 : 0;
      const hit = isRead && isHit(reads) ? refused[Math.floor(reads / 2) % refused.length] : undefined;
      const name = expired.has(body) ? EXPIRED : hit;
      if (name !== undefined) {
        seen.push(name);
        if (name === EXPIRED) expired.add(body);
        const empty = { Records: [], NextShardIterator: JSON.parse(body).ShardIterator, MillisBehindLatest: 1_000 };
        if (name === EMPTY_PAGE) response.end(JSON.stringify(empty));
        else response.writeHead(400).end(JSON.stringify({ __type: name, message: "no" }));
        return;
      }
      const { authorization = "", "x-amz-date": date = "", "content-type": type = "" } = headers;
      const given = { authorization, "x-amz-date": date, "content-type": type, "x-amz-target": target };
      const answer = await fetch(engine.endpoint, { method: "POST", headers: given, body });
      response.writeHead(answer.status).end(await answer.text());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    endpoint: endpointOf(server),
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.concurrent("a Kinesis stream on an endpoint", () => {
  test("is made there, and what is written to it reaches the function, in the shape that Lambda has", async () => {
    await using engine = await startKinesisEngine();
    await using fixture = await start(engine);
    const { cloud, stream } = fixture;
    const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/Streams-Stream";
    expect(cloud.outputs("Streams")).toEqual({ Name: STREAM, Arn: arn });
    expect(cloud.endpoints.kinesis).toBe(engine.endpoint);
    expect(cloud.clientConfig.kinesis).toMatchObject({ endpoint: engine.endpoint, region: "us-east-1" });
    const environment = await fixture.fn("Environment").invoke({});
    expect(environment).toMatchObject({ AWS_ENDPOINT_URL_KINESIS: engine.endpoint });
    await engine.put(STREAM, "a:1", "b:2", "a:3");
    await cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "3"]);
    const [, , third] = fixture.batches().slice(1).flat(); // the first has no records: the environment's
    const { kinesis, eventID, ...rest } = third ?? {};
    expect(kinesis).toEqual({
      kinesisSchemaVersion: "1.0",
      partitionKey: "a",
      sequenceNumber: expect.stringMatching(/^\d{50,}$/),
      data: Buffer.from('{"value":"3","act":""}').toString("base64"),
      approximateArrivalTimestamp: expect.any(Number),
    });
    expect(Math.abs((kinesis?.approximateArrivalTimestamp ?? 0) * 1000 - Date.now())).toBeLessThan(60_000);
    expect(eventID).toBe(`shardId-000000000000:${kinesis?.sequenceNumber}`);
    expect(rest).toEqual({
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventName: "aws:kinesis:record",
      invokeIdentityArn: expect.stringMatching(/^arn:aws:iam::/),
      awsRegion: "us-east-1",
      eventSourceARN: arn,
    });
    await expect(stream.replay(recorded(["a:1"]))).rejects.toThrow(/it is read at http.*PutRecords/);
  });

  test("is read from where the mapping says", async () => {
    await using engine = await startKinesisEngine();
    await using horizon = await start(engine);
    await engine.put(STREAM, "a:1");
    await new Promise((resolve) => setTimeout(resolve, 5)); // the next is of another millisecond
    await engine.put(STREAM, "b:2");
    await horizon.cloud.idle(IDLE);
    const arrived = horizon.batches().flat().at(-1)?.kinesis.approximateArrivalTimestamp ?? 0;
    await using latest = await start(engine, { StartingPosition: "LATEST" });
    await engine.put(STREAM, "a:3", "a:4");
    await using since = await start(engine, {
      StartingPosition: "AT_TIMESTAMP",
      StartingPositionTimestamp: arrived,
    });
    await using beyond = await start(engine, { StartingPosition: "LATEST" });
    await engine.put(STREAM, "b:5");
    for (const { cloud } of [horizon, latest, since, beyond]) await cloud.idle(IDLE);
    expect(horizon.values()).toEqual(["1", "2", "3", "4", "5"]);
    expect(latest.values()).toEqual(["3", "4", "5"]);
    expect(since.values()).toEqual(["2", "3", "4", "5"]);
    expect(beyond.values()).toEqual(["5"]);
  });

  test.each([
    ["parent", false],
    ["adjacent parent", true],
  ])("whose shards are split and merged: a shard is read when its %s is done, too (ST3)", async (_, adjacent) => {
    await using engine = await startKinesisEngine();
    await using fixture = await start(engine, { BatchSize: 2 });
    const keys = ["a", "b", "c", "d", "e", "f"];
    const isLeft = (key: string): boolean => BigInt(`0x${hash("md5", key, "hex")}`) < MIDDLE;
    const [left = "", right = ""] = [keys.find(isLeft), keys.find((key) => !isLeft(key))];
    const round = (number: number) => engine.put(STREAM, ...keys.map((key) => `${key}:${key}${number}`));
    await round(1);
    const [root] = await shardsOf(engine);
    await engine.call("SplitShard", {
      StreamName: STREAM,
      ShardToSplit: root?.ShardId,
      NewStartingHashKey: String(MIDDLE),
    });
    await engine.settled(STREAM);
    await engine.put(STREAM, `${adjacent ? right : left}:held:wait`);
    await round(2);
    const [, one, other] = await shardsOf(engine);
    const merge = { ShardToMerge: one?.ShardId, AdjacentShardToMerge: other?.ShardId };
    await engine.call("MergeShards", { StreamName: STREAM, ...merge });
    await engine.settled(STREAM);
    await round(3);
    const free = adjacent ? left : right;
    await until(() => fixture.values().includes("held") && fixture.values().includes(`${free}2`));
    await expect(fixture.cloud.idle({ timeoutMs: 300 })).rejects.toThrow(/Waited 300 ms/);
    expect(valuesOf(free, fixture)).toEqual([`${free}1`, `${free}2`]); // not one of the merged shard yet
    expect(fixture.fn("Function").killBusyWorker()).toBe(true);
    await fixture.cloud.idle(IDLE);
    for (const key of keys) {
      const plain = valuesOf(key, fixture).filter((value) => value.startsWith(key));
      expect(plain.filter((value, index) => value !== plain[index - 1])).toEqual([1, 2, 3].map((at) => `${key}${at}`));
    }
    expect(await shardsOf(engine)).toHaveLength(4);
    const shards = new Set(fixture.batches().map((batch) => batch[0]?.eventID.split(":")[0]));
    expect(shards.size).toBe(4);
  });

  test("that refuses reads for a while: each record comes once, in order (ST1)", async () => {
    await using engine = await startKinesisEngine();
    await using refusing = await startRefusing(
      engine,
      [EXPIRED, "ProvisionedThroughputExceededException"],
      (reads) => reads % 2 === 0,
    );
    await using fixture = await start(refusing);
    await engine.put(STREAM, "a:1", "b:2");
    await fixture.cloud.idle(IDLE);
    await engine.put(STREAM, "c:3", "a:4");
    await fixture.cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "3", "4"]);
    expect(new Set(refusing.seen).size).toBe(2);
  });

  test("may give a page without records though there are more: nothing is passed over, or read from before LATEST", async () => {
    await using engine = await startKinesisEngine();
    await using first = await start(engine);
    await engine.put(STREAM, "a:1", "b:2");
    let empties = 5;
    await using halting = await startRefusing(engine, [EMPTY_PAGE], () => empties-- > 0);
    await using latest = await start(halting, { StartingPosition: "LATEST" });
    await using horizon = await start(halting);
    await horizon.cloud.idle(IDLE);
    empties = 12;
    await engine.put(STREAM, "a:3");
    for (const { cloud } of [first, latest, horizon]) await cloud.idle(IDLE);
    expect(latest.values()).toEqual(["3"]);
    expect(horizon.values()).toEqual(["1", "2", "3"]);
    expect(halting.seen.length).toBeGreaterThan(1);
  });

  test("of a copy is another one, and goes with it", async () => {
    await using engine = await startKinesisEngine();
    await using fixture = await start(engine);
    const values: string[] = [];
    const copy = await fixture.cloud.copy({ logger: ({ text: line }) => values.push(line.split(" ")[0] ?? "") });
    await engine.put(`${STREAM}-${copy.nameSuffix}`, "a:1");
    await copy.idle(IDLE);
    expect(values).toEqual(["1"]);
    expect(fixture.values()).toEqual([]);
    await copy.stop();
    const names = async () => (await engine.call("ListStreams", {}))["StreamNames"];
    await until(async () => !String(await names()).includes(String(copy.nameSuffix))); // a deletion takes its time
    expect(await names()).toEqual([STREAM]);
  });

  test("that is not there keeps the mapping from starting", async () => {
    await using engine = await startKinesisEngine();
    const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/elsewhere";
    await expect(start(engine, { EventSourceArn: arn })).rejects.toThrow(
      /Cannot start event source Mapping: stream .*elsewhere can't be read at http.*ResourceNotFoundException/,
    );
    await expect(start({ endpoint: "https://kinesis.us-east-1.amazonaws.com" })).rejects.toThrow(/allowed: http:/);
  });
});

describe("the endpoint of Kinesis", () => {
  afterEach(() => vi.unstubAllEnvs());

  test("may be in AWS_ENDPOINT_URL_KINESIS", async () => {
    await using engine = await startKinesisEngine();
    vi.stubEnv("AWS_ENDPOINT_URL_KINESIS", `${engine.endpoint}/`);
    await using fixture = await startKinesis();
    expect(fixture.cloud.endpoints.kinesis).toBe(engine.endpoint);
  });
});
