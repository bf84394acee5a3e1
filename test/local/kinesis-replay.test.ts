// Recorded events of Kinesis, replayed to the mappings of a template.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { KinesisEvent } from "../../lib/aws/lambda.ts";
import { until } from "./cloud-fixture.ts";
import { type KinesisFixture, recorded, SHARD, startKinesis } from "./kinesis-fixture.ts";

const IDLE = { timeoutMs: 15_000, quietMs: 20 };
const ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/Streams-Stream";
const FILE = join(import.meta.dirname, "../sources/events/kinesis.json");
const sizes = (fixture: KinesisFixture): number[] => fixture.batches().map(({ length }) => length);

describe.concurrent("a recorded event of Kinesis", () => {
  test("reaches the function as it was, but as an event of the mapping's own stream", async () => {
    const event: KinesisEvent = JSON.parse(readFileSync(FILE, "utf8"));
    await using fixture = await startKinesis({ MaximumRecordAgeInSeconds: 60 }); // of 2018 as they are: not too old
    const { logicalId, stackName, source, functionName, arn } = fixture.stream;
    expect({ logicalId, stackName, source, functionName, arn }).toEqual({
      logicalId: "Mapping",
      stackName: "Streams",
      source: "kinesis",
      functionName: "Streams-Function",
      arn: ARN,
    });
    expect(fixture.cloud.outputs("Streams")).toEqual({ Name: "Streams-Stream", Arn: ARN });
    await fixture.stream.replay(event);
    await fixture.cloud.idle(IDLE);
    expect(fixture.batches().flat()).toEqual(
      event.Records.map((record) => ({ ...record, eventSourceARN: ARN, awsRegion: "us-east-1" })),
    );
    const started = fixture.events.find(({ kind }) => kind === "invocation-started");
    expect(started).toMatchObject({ messageIds: event.Records.map(({ kinesis }) => kinesis.sequenceNumber) });
    expect(fixture.lines.filter(({ text }) => text.includes("left out"))).toEqual([]);
  });

  test("comes in the batches of the mapping; from the lowest failed record on it comes again", async () => {
    await using fixture = await startKinesis({ BatchSize: 4, MaximumBatchingWindowInSeconds: 1 });
    const { stream, cloud } = fixture;
    await stream.replay(recorded(["a:1"]), recorded(["b:2:failOnce", "c:3:failOnce", "d:4", "e:5"], 1));
    await stream.replay(recorded(["f:6"], 5));
    await cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "3", "4", "2", "3", "4", "5", "6"]);
    const done = fixture.events.flatMap((event) => (event.kind === "invocation-ended" ? event.deletedIds : []));
    expect(done).toEqual(recorded(["a:1", "b", "c", "d", "e", "f"]).Records.map((one) => one.kinesis.sequenceNumber));
    expect(await fixture.failures()).toEqual([]);
  });

  test("is bisected after an error; what fails always is given up, and where it is goes to the queue", async () => {
    await using fixture = await startKinesis({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 });
    await fixture.stream.replay(recorded(["a:1", "b:2", "c:bad:throw", "d:4"]));
    await fixture.cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "bad", "1", "2", "bad", "bad", "bad", "4"]);
    const { sequenceNumber } = fixture.batches()[0]?.[2]?.kinesis ?? {};
    const failed = fixture.events.flatMap((one) =>
      one.kind === "invocation-ended" && one.outcome === "error" ? [one] : [],
    );
    expect(await fixture.failures()).toEqual([
      {
        requestContext: {
          requestId: failed.at(-1)?.requestId,
          functionArn: "arn:aws:lambda:us-east-1:000000000000:function:Streams-Function",
          condition: "RetryAttemptsExhausted",
          approximateInvokeCount: 4,
        },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        version: "1.0",
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        KinesisBatchInfo: {
          shardId: SHARD,
          startSequenceNumber: sequenceNumber,
          endSequenceNumber: sequenceNumber,
          approximateArrivalOfFirstRecord: "2018-12-17T22:10:52.987Z",
          approximateArrivalOfLastRecord: "2018-12-17T22:10:52.987Z",
          batchSize: 1,
          streamArn: ARN,
        },
      },
    ]);
  });

  test("comes in batches side by side, each partition key in its order", async () => {
    await using fixture = await startKinesis({ BatchSize: 2, ParallelizationFactor: 10 });
    const keys = ["a", "b", "c", "d", "e", "f"];
    await fixture.stream.replay(recorded([1, 2, 3].flatMap((round) => keys.map((key) => `${key}:${key}${round}`))));
    await fixture.cloud.idle(IDLE);
    const records = fixture.batches().flat();
    for (const key of keys) {
      const ofKey = records.filter(({ kinesis }) => kinesis.partitionKey === key);
      const data = ofKey.map(({ kinesis }) => JSON.parse(Buffer.from(kinesis.data, "base64").toString()).value);
      expect(data).toEqual([1, 2, 3].map((round) => `${key}${round}`));
    }
    const turns = fixture.events.flatMap(({ kind }) => (kind.startsWith("invocation-") ? [kind] : []));
    expect(turns.slice(0, 2)).toEqual(["invocation-started", "invocation-started"]);
    expect(records).toHaveLength(18);
  });

  test("comes again when it is replayed again, in batches apart (RP3)", async () => {
    await using fixture = await startKinesis({ MaximumBatchingWindowInSeconds: 1 });
    const [first, second] = [recorded(["a:1", "b:2"]), recorded(["a:3"], 2)];
    await fixture.stream.replay(first, second, first, second, recorded(["c:4"], 3), first, recorded(["d:5"], 4));
    await fixture.cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "3", "1", "2", "3", "4", "1", "2", "5"]);
    expect(sizes(fixture)).toEqual([3, 2, 2, 2, 1]);
  });

  test("a killed worker: the batch comes again, in order; shards have each their own", async () => {
    await using fixture = await startKinesis({ BatchSize: 3 });
    const other = recorded(["x:9"], 0, "shardId-000000000001");
    await fixture.stream.replay(recorded(["a:1", "a:wait2:wait", "b:3", "a:4"]), other);
    await until(() => fixture.values().includes("wait2") && fixture.values().includes("9"));
    expect(fixture.fn("Function").killBusyWorker()).toBe(true);
    await fixture.cloud.idle(IDLE);
    expect(fixture.values().filter((value) => value !== "9")).toEqual(["1", "wait2", "1", "wait2", "3", "4"]);
  });

  test("is filtered by its data", async () => {
    const FilterCriteria = { Filters: [{ Pattern: JSON.stringify({ data: { value: [{ prefix: "a" }] } }) }] };
    await using fixture = await startKinesis({ FilterCriteria });
    const event = recorded(["a:a1", "b:b1", "c:text", "d:a2"]);
    const [, , text] = event.Records;
    if (text !== undefined) text.kinesis.data = Buffer.from("a, but no JSON").toString("base64");
    await fixture.stream.replay(event);
    await fixture.cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["a1", "a2"]);
    const byKey = { Filters: [{ Pattern: '{"partitionKey":["a"]}' }] };
    await expect(startKinesis({ FilterCriteria: byKey })).rejects.toThrow(/names "partitionKey".*only "data"/);
  });

  test("that can't be one of the stream is refused, and nothing of it is taken (RP1, RP2)", async () => {
    await using fixture = await startKinesis();
    const { stream, cloud } = fixture;
    await stream.replay(recorded(["a:1", "a:2"], 10));
    await cloud.idle(IDLE);
    const changed = (change: object, kinesis: object = {}): unknown => {
      const [first] = recorded(["a:3"], 20).Records;
      return { Records: [{ ...first, kinesis: { ...first?.kinesis, ...kinesis }, ...change }] };
    };
    const cases: readonly (readonly [unknown, RegExp])[] = [
      [{ Records: [] }, /it has no records/],
      [{}, /it is \{\}; it must be an event of Kinesis/],
      [undefined, /it is undefined/],
      [changed({ eventSource: "aws:sqs" }), /record 1 of 1 has the eventSource "aws:sqs"; it must be "aws:kinesis"/],
      [changed({ kinesis: undefined }), /the member kinesis undefined/],
      [changed({}, { sequenceNumber: undefined }), /the sequenceNumber undefined; .* 129 digits/],
      [changed({}, { sequenceNumber: "12x" }), /the sequenceNumber "12x"/],
      [changed({}, { partitionKey: "" }), /the partitionKey ""; .* 1 to 256 characters/],
      [changed({}, { data: undefined }), /the data undefined/],
      [changed({}, { data: '{"value":1}' }), /which is no base64; encode it/],
      [changed({}, { approximateArrivalTimestamp: "2018" }), /the approximateArrivalTimestamp "2018"/],
      [changed({ eventID: "shardId-000000000003:1" }), /eventID "shardId-000000000003:1"; .*:4959/],
      [recorded(["a:0"], 9), /is new, but \d+ was replayed before it; replay events in the order of the stream/],
      [recorded(["a:other"], 10), /was replayed before with another content/],
      [{ Records: recorded(["a:4", "a:5"], 30).Records.toReversed() }, /in ascending order/],
      [{ Records: [...recorded(["a:4"], 30).Records, ...recorded(["a:4"], 30).Records] }, /each record once/],
    ];
    for (const [event, message] of cases) {
      const good = recorded(["a:good"], 15);
      await expect(stream.replay(good, event as KinesisEvent), String(message)).rejects.toThrow(message);
    }
    const late = [recorded(["a:7"], 40), recorded(["a:6"], 39)];
    await expect(stream.replay(...late)).rejects.toThrow(/event 2 of 2: record \d+ of shardId-000000000003 is new/);
    await expect(stream.replay()).rejects.toThrow(/no event was given/);
    await cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2"]);
    await stream.replay(recorded(["a:3"], 12)); // what was refused left no trace
    await cloud.idle(IDLE);
    expect(fixture.values()).toEqual(["1", "2", "3"]);
    await cloud.stop();
    await expect(stream.replay(recorded(["a:8"], 50))).rejects.toThrow(/the local cloud was stopped/);
  });
});

describe.concurrent("a mapping of Kinesis", () => {
  const PAST = 1_545_084_650;

  test("may be of a consumer with enhanced fan-out", async () => {
    const resources = {
      Stream: { Type: "AWS::Kinesis::Stream", Properties: { Name: "readings" } },
      Consumer: {
        Type: "AWS::Kinesis::StreamConsumer",
        Properties: { ConsumerName: "fast", StreamARN: { "Fn::GetAtt": ["Stream", "Arn"] } },
      },
    };
    await using fixture = await startKinesis({ EventSourceArn: { Ref: "Consumer" } }, {}, resources);
    await fixture.stream.replay(recorded(["a:1"]));
    await fixture.cloud.idle(IDLE);
    const arn = "arn:aws:kinesis:us-east-1:000000000000:stream/readings/consumer/fast:1";
    expect(fixture.batches()[0]?.[0]?.eventSourceARN).toBe(arn);
  });

  test.each([
    [{ StartingPosition: "EARLIEST" }, /position is "EARLIEST"; allowed: TRIM_HORIZON, LATEST, AT_TIMESTAMP/],
    [{ StartingPosition: "AT_TIMESTAMP" }, /StartingPositionTimestamp is undefined; allowed: a Unix time/],
    [{ StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp: PAST * 1000 }, /not in the future/],
    [{ StartingPositionTimestamp: PAST }, /starting position is TRIM_HORIZON; set AT_TIMESTAMP/],
    [{ ParallelizationFactor: 11 }, /factor is 11; allowed: 1 to 10/],
    [{ BatchSize: 10_001 }, /batch size is 10001; allowed: 1 to 10000/],
  ])("%j is refused", async (mapping, message) => {
    await expect(startKinesis(mapping)).rejects.toThrow(message);
  });

  test("in a copy has a stream of its own", async () => {
    await using fixture = await startKinesis({ StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp: PAST });
    await using copy = await fixture.cloud.copy({ logger: () => {} });
    const [stream] = copy.streams;
    expect(stream?.arn).toBe(`${ARN}-${copy.nameSuffix}`);
    await stream?.replay(recorded(["a:1"]));
    await copy.idle(IDLE);
    expect(fixture.batches()).toEqual([]);
  });
});
