// A topic of Kafka as an event source, driven by recorded events.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { KafkaEvent } from "../../lib/aws/lambda.ts";
import { inlineFunction } from "./assembly-fixture.ts";
import { startFixture } from "./cloud-fixture.ts";
import { CLUSTER_ARN, eventOf, startTopic } from "./kafka-fixture.ts";

const recorded = (name: string): KafkaEvent =>
  JSON.parse(readFileSync(join(import.meta.dirname, `../sources/events/${name}.json`), "utf8"));
const IDLE = { timeoutMs: 20_000 };

describe.concurrent("a topic that is replayed", () => {
  test("of an MSK cluster: records as they were, the mapping's own cluster", async () => {
    await using fixture = await startTopic({ Topics: ["mytopic"], MaximumBatchingWindowInSeconds: 0 });
    expect(fixture.topic()).toMatchObject({
      source: "kafka",
      logicalId: "Mapping",
      stackName: "Topic",
      functionName: "Topic-Function",
      arn: CLUSTER_ARN,
      topic: "mytopic",
    });
    const event = recorded("kafka-msk");
    await fixture.topic().replay(event);
    await fixture.cloud.idle(IDLE);
    const { eventSource, records } = event;
    expect(fixture.batches()).toEqual([{ eventSource, eventSourceArn: CLUSTER_ARN, records }]);
    const done = fixture.events.flatMap((one) => (one.kind === "invocation-ended" ? one.deletedIds : []));
    expect(done).toEqual(["mytopic-0/15"]);
  });

  test("of a self-managed cluster: the mapping's own servers", async () => {
    await using fixture = await startTopic({
      Topics: ["mytopic"],
      SelfManagedEventSource: { Endpoints: { KafkaBootstrapServers: ["one:9092", "two:9092"] } },
    });
    await fixture.topic().replay(recorded("kafka-self-managed"));
    await fixture.cloud.idle(IDLE);
    const { records } = recorded("kafka-self-managed");
    expect(fixture.batches()).toEqual([
      { eventSource: "SelfManagedKafka", bootstrapServers: "one:9092,two:9092", records },
    ]);
    expect(fixture.topic().arn).toBeUndefined();
  });

  test("what a response names comes again alone, before what is later; partitions are mixed in a batch", async () => {
    await using fixture = await startTopic({ BatchSize: 4 });
    await fixture
      .topic()
      .replay(
        eventOf({ "0/1": "a", "0/2": "b:failOnce", "1/7": "c", "1/8": "d:failOnce" }),
        eventOf({ "0/3": "e", "1/9": "f" }),
      );
    await fixture.cloud.idle(IDLE);
    expect(fixture.taken()).toEqual([
      ...["a orders-0 1 4", "b orders-0 2 4", "c orders-1 7 4", "d orders-1 8 4"],
      ...["b orders-0 2 2", "d orders-1 8 2"],
      ...["e orders-0 3 2", "f orders-1 9 2"],
    ]);
    expect(await fixture.failures()).toEqual([]);
  });

  test.each([
    ['{"batchItemFailures":[{"itemIdentifier":{"partition":"orders-0","offset":9}}]}', "names no record"],
    ['{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"orders-0","offset":1}}]}', "names no record"],
    ['{"batchItemFailures":[{"itemIdentifier":"orders-0/1"}]}', "names no record"],
  ])("the whole batch comes again after %s", async (answer, words) => {
    await using fixture = await startTopic({ MaximumRetryAttempts: 1 });
    await fixture.topic().replay(eventOf({ "0/1": `a:answer:${answer}`, "0/2": "b" }));
    await fixture.cloud.idle(IDLE);
    expect(fixture.taken()).toEqual(["a orders-0 1 2", "a orders-0 1 2"]);
    expect(fixture.lines.map(({ text }) => text).join("\n")).toContain(words);
    expect(await fixture.failures()).toHaveLength(1);
  });

  test("bisects after an error; a poison record is given up with its place, the rest is done in order", async () => {
    await using fixture = await startTopic({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 });
    await fixture.topic().replay(eventOf({ "0/1": "a", "0/2": "poison:throw", "1/5": "c", "1/6": "d" }));
    await fixture.cloud.idle(IDLE);
    // 4; the first half of 2, in halves: a, then poison with its one retry; the second half.
    expect(fixture.taken().map((line) => line.split(" ")[0])).toEqual([
      "a",
      "poison",
      "a",
      "poison",
      "a",
      "poison",
      "poison",
      "c",
      "d",
    ]);
    const ended = fixture.events.flatMap((one) => (one.kind === "invocation-ended" ? [one] : []));
    expect(await fixture.failures()).toEqual([
      {
        requestContext: {
          requestId: ended.filter(({ outcome }) => outcome === "error").at(-1)?.requestId,
          functionArn: "arn:aws:lambda:us-east-1:000000000000:function:Topic-Function",
          condition: "RetryAttemptsExhausted",
          approximateInvokeCount: 4,
        },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        version: "1.0",
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        KafkaBatchInfo: {
          batchSize: 1,
          eventSourceArn: CLUSTER_ARN,
          payloadSize: Buffer.byteLength(JSON.stringify(fixture.batches()[4])),
          recordsInfo: {
            "orders-0": {
              firstRecordOffset: "2",
              lastRecordOffset: "2",
              firstRecordTimestamp: "2018-12-17T22:10:50.987Z",
              lastRecordTimestamp: "2018-12-17T22:10:50.987Z",
            },
          },
        },
      },
    ]);
  });

  test("filters look at the value: as JSON, or as a text", async () => {
    const patterns = [{ value: { total: [{ numeric: [">", 5] }] } }, { value: [{ prefix: "plain" }] }];
    await using fixture = await startTopic({
      FilterCriteria: { Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) },
    });
    await fixture
      .topic()
      .replay(
        eventOf({ "0/1": '{"total":5}', "0/2": '{"total":6}', "0/3": "plain", "0/4": "other", "0/5": "plain 2" }),
      );
    await fixture.cloud.idle(IDLE);
    expect(fixture.batches().flatMap(({ records }) => records["orders-0"]?.map(({ offset }) => offset))).toEqual([
      2, 3, 5,
    ]);
  });

  test("several pollers have partitions of their own, side by side", async () => {
    await using fixture = await startTopic({ ProvisionedPollerConfig: { MinimumPollers: 8 }, BatchSize: 2 });
    const records = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [`${index % 8}/${index}`, `r${index}`]),
    );
    await fixture.topic().replay(eventOf(records));
    await fixture.cloud.idle(IDLE);
    const partitionsOf = fixture.batches().map((batch) => Object.keys(batch.records));
    expect(partitionsOf.flat()).toHaveLength(new Set(partitionsOf.flat()).size); // a batch of 2 has both of a partition
    expect(fixture.batches().length).toBeGreaterThanOrEqual(8);
  });

  test.each<[string, unknown, RegExp]>([
    ["another source", { Records: [] }, /must be an event of Kafka/],
    [
      "another kind of cluster",
      eventOf({ "0/1": "a" }, { eventSource: "SelfManagedKafka" }),
      /SelfManagedKafka.*SelfManagedEventSource/,
    ],
    ["no record", { ...eventOf({}) }, /it has no records/],
    [
      "another topic",
      { ...eventOf({}), records: { "bills-0": [{ topic: "bills" }] } },
      /record 1 of 1 under bills-0 has the topic "bills"; the mapping's is "orders"/,
    ],
    [
      "a list of another partition",
      { ...eventOf({}), records: { "orders-1": eventOf({ "0/1": "a" }).records["orders-0"] } },
      /must be under orders-0/,
    ],
    [
      "no offset",
      { ...eventOf({}), records: { "orders-0": [{ topic: "orders", partition: 0 }] } },
      /has the offset undefined/,
    ],
    [
      "a value that is decoded already",
      { ...eventOf({}), records: { "orders-0": [{ topic: "orders", partition: 0, offset: 1, value: '{"a":1}' }] } },
      /no base64; encode it/,
    ],
    [
      "a descending offset",
      {
        ...eventOf({}),
        records: { "orders-0": ["0/2", "0/1"].flatMap((at) => eventOf({ [at]: "a" }).records["orders-0"] ?? []) },
      },
      /ascending order/,
    ],
  ])("an event with %s is refused, and nothing of it taken", async (_, event, words) => {
    await using fixture = await startTopic();
    await expect(fixture.topic().replay(eventOf({ "2/7": "good" }), event as KafkaEvent)).rejects.toThrow(words);
    await fixture.cloud.idle(IDLE);
    expect(fixture.taken()).toEqual([]);
  });
});

test.concurrent("a cluster of the same template has an ARN, which the mapping and the function see", async () => {
  await using fixture = await startFixture({
    name: "Msk",
    resources: {
      Cluster: { Type: "AWS::MSK::Cluster", Properties: { ClusterName: "orders" } },
      Function: inlineFunction(
        "exports.handler = async (event) => console.log(process.env.CLUSTER === event.eventSourceArn)",
        {
          Environment: { Variables: { CLUSTER: { Ref: "Cluster" } } },
        },
      ),
      Mapping: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          EventSourceArn: { "Fn::GetAtt": ["Cluster", "Arn"] },
          FunctionName: { Ref: "Function" },
          Topics: ["orders"],
          StartingPosition: "LATEST",
        },
      },
    },
  });
  const [topic] = fixture.cloud.streams;
  expect(topic?.arn).toMatch(/^arn:aws:kafka:us-east-1:000000000000:cluster\/orders\//);
  await topic?.replay(eventOf({ "0/1": "a" }));
  await fixture.cloud.idle(IDLE);
  expect(fixture.lines.map(({ text }) => text)).toEqual(["true"]);
});

test.concurrent("an endpoint where nobody listens is told with what to do", { timeout: 30_000 }, async () => {
  await expect(startTopic({}, { endpoints: { kafka: "127.0.0.1:1" } })).rejects.toThrow(
    /^Cannot start event source Mapping: topic orders cannot be read at 127\.0\.0\.1:1: Connection to 127\.0\.0\.1:1 failed\. .*replay/,
  );
});

test.concurrent("bootstrap servers are host and port, no URL", async () => {
  const start = startTopic({}, { endpoints: { kafka: "localhost:9092,http://other:9092" } });
  await expect(start).rejects.toThrow(/^Cannot start the local cloud: .*http:\/\/other:9092.*allowed: host:port/);
});
