// A table's stream as an event source, end to end on the embedded engine.
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import type { DynamoDbRecord } from "../../lib/aws/lambda.ts";
import { inlineFunction } from "./assembly-fixture.ts";
import { type CloudFixture, type CloudOptions, startFixture, until } from "./cloud-fixture.ts";

// What a record does is in its item: "do". Each record taken is a line: value, batch, process; "failOnce" fails the first time in a process, "wait" waits the first time of all.
const HANDLER = `
const fs = require("node:fs");
const seen = new Set();
exports.handler = async (event) => {
  const failed = [];
  const first = (value) => !seen.has(value) && seen.add(value);
  for (const { dynamodb: { NewImage, SequenceNumber } } of event.Records) {
    const value = NewImage.value.S;
    const act = NewImage.do?.S;
    console.log([value, event.Records.length, process.pid].join(" "));
    if (act === "throw") throw new Error(value);
    if (act === "wait" && !fs.existsSync("waited")) {
      fs.writeFileSync("waited", "");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    if (act === "fail" || (act === "failOnce" && first(value))) failed.push({ itemIdentifier: SequenceNumber });
  }
  return { batchItemFailures: failed };
};`;

async function startStream(mapping: Record<string, unknown> = {}, options: CloudOptions = {}): Promise<Fixture> {
  const fixture = await startFixture(options, {
    name: "Stream",
    resources: {
      Table: {
        Type: "AWS::DynamoDB::Table",
        Properties: {
          AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
          KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
          StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
        },
      },
      Failures: { Type: "AWS::SQS::Queue" },
      Function: inlineFunction(HANDLER, { Timeout: 5 }),
      Mapping: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          EventSourceArn: { "Fn::GetAtt": ["Table", "StreamArn"] },
          FunctionName: { Ref: "Function" },
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          StartingPosition: "TRIM_HORIZON",
          MaximumBatchingWindowInSeconds: 1,
          DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": ["Failures", "Arn"] } } },
          ...mapping,
        },
      },
    },
  });
  const dynamodb = new DynamoDBClient(fixture.cloud.clientConfig.dynamodb);
  return {
    ...fixture,
    async write(...values) {
      for (const one of values) {
        const [pk = "", value = "", act = ""] = one.split(":");
        const Item = { pk: { S: pk }, value: { S: value }, do: { S: act } };
        await dynamodb.send(new PutItemCommand({ TableName: "Stream-Table", Item }));
      }
    },
    taken: () => fixture.lines.filter(({ level }) => level === "info").map(({ text }) => text.split(" ")),
    async failures() {
      const command = new ReceiveMessageCommand({ QueueUrl: fixture.queueUrl("Failures"), MaxNumberOfMessages: 10 });
      return ((await fixture.sqs.send(command)).Messages ?? []).map(({ Body }) => JSON.parse(Body ?? ""));
    },
    async [Symbol.asyncDispose]() {
      dynamodb.destroy();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

interface Fixture extends CloudFixture {
  /** "key:value:what it does", one after the other. */
  write(...values: string[]): Promise<void>;
  taken(): string[][];
  // biome-ignore lint/suspicious/noExplicitAny: JSON that the tests look into.
  failures(): Promise<any[]>;
}

const values = (fixture: Fixture): string[] => fixture.taken().map(([value = ""]) => value);
const payloads = ({ events }: Fixture): DynamoDbRecord[][] =>
  events.flatMap((event) => (event.kind === "invocation-started" ? [JSON.parse(event.payload).Records] : []));

describe.concurrent("a table's stream as an event source", () => {
  test("hands over changes in batches, in Lambda's shape, without writes that changed nothing; idle() knows it", async () => {
    await using fixture = await startStream({ BatchSize: 3 });
    await fixture.write("a:1", "a:1", "b:2", "a:3", "c:4");
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(fixture.taken().map(([value, batch]) => `${value} ${batch}`)).toEqual(["1 3", "2 3", "3 3", "4 1"]);
    const { Keys, NewImage, OldImage, SequenceNumber, ...rest } = payloads(fixture)[0]?.[2]?.dynamodb ?? {};
    expect({ Keys, NewImage, OldImage }).toEqual({
      Keys: { pk: { S: "a" } },
      NewImage: { pk: { S: "a" }, value: { S: "3" }, do: { S: "" } },
      OldImage: { pk: { S: "a" }, value: { S: "1" }, do: { S: "" } },
    });
    expect(SequenceNumber).toMatch(/^\d+$/);
    expect(rest).toMatchObject({
      StreamViewType: "NEW_AND_OLD_IMAGES",
      ApproximateCreationDateTime: expect.any(Number),
    });
    expect(payloads(fixture)[0]?.[2]).toMatchObject({
      eventName: "MODIFY",
      eventSource: "aws:dynamodb",
      eventSourceARN: expect.stringMatching(/^arn:aws:dynamodb:.*:table\/Stream-Table\/stream\//),
      awsRegion: "us-east-1",
      eventID: expect.any(String),
    });
    const done = fixture.events.flatMap((event) => (event.kind === "invocation-ended" ? event.deletedIds : []));
    expect(done).toHaveLength(4);
  });

  test("tries again from the lowest failed record on, and goes on behind it only then", async () => {
    await using fixture = await startStream({ BatchSize: 4 });
    await fixture.write("a:1", "b:2:failOnce", "c:3:failOnce", "d:4", "e:5", "f:6", "g:7", "h:8");
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(values(fixture)).toEqual(["1", "2", "3", "4", "2", "3", "4", "5", "6", "7", "8"]);
    const turns = fixture.events.flatMap(({ kind }) => (kind.startsWith("invocation-") ? [kind] : []));
    expect(turns).toEqual([1, 2, 3].flatMap(() => ["invocation-started", "invocation-ended"])); // LN1
    expect(await fixture.failures()).toEqual([]);
  });

  test("bisects after an error; what fails always is given up with its position, and all else is done in order", async () => {
    await using fixture = await startStream({ BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1 });
    await fixture.write("a:1", "b:2", "c:bad:throw", "d:4");
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    // 4, halves of 2: the first goes through; then bad in halves, twice: its one retry.
    expect(values(fixture)).toEqual(["1", "2", "bad", "1", "2", "bad", "bad", "bad", "4"]);
    const bad = payloads(fixture)[0]?.[2]?.dynamodb?.SequenceNumber;
    const ends = fixture.events.flatMap((event) => (event.kind === "invocation-ended" ? [event] : []));
    expect(await fixture.failures()).toEqual([
      {
        requestContext: {
          requestId: ends.filter(({ outcome }) => outcome === "error").at(-1)?.requestId,
          functionArn: "arn:aws:lambda:us-east-1:000000000000:function:Stream-Function",
          condition: "RetryAttemptsExhausted",
          approximateInvokeCount: 4,
        },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        version: "1.0",
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        DDBStreamBatchInfo: {
          shardId: expect.stringMatching(/^shardId-/),
          startSequenceNumber: bad,
          endSequenceNumber: bad,
          approximateArrivalOfFirstRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
          approximateArrivalOfLastRecord: expect.any(String),
          batchSize: 1,
          streamArn: payloads(fixture)[0]?.[0]?.eventSourceARN,
        },
      },
    ]);
  });

  test("a killed worker: the batch comes again, in order, and nothing is lost", async () => {
    await using fixture = await startStream({ BatchSize: 3 });
    await fixture.write("a:1", "a:wait2:wait", "b:3", "a:4");
    await until(() => values(fixture).includes("wait2"));
    expect(fixture.fn("Function").killBusyWorker()).toBe(true);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(values(fixture)).toEqual(["1", "wait2", "1", "wait2", "3", "4"]);
  });

  test("batches side by side keep the order of each item (ST2)", async () => {
    await using fixture = await startStream({ BatchSize: 2, ParallelizationFactor: 4 });
    const keys = ["a", "b", "c", "d", "e", "f"];
    await fixture.write(...[1, 2, 3].flatMap((round) => keys.map((key) => `${key}:${key}${round}`)));
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const ofItem = (key: string) =>
      payloads(fixture).flatMap((batch) =>
        batch.flatMap(({ dynamodb }) => (dynamodb?.Keys?.["pk"]?.S === key ? [dynamodb.NewImage?.["value"]?.S] : [])),
      );
    for (const key of keys) expect(ofItem(key)).toEqual([1, 2, 3].map((round) => `${key}${round}`));
    const lanes = new Set(
      payloads(fixture).map((batch) => batch.map(({ dynamodb }) => dynamodb?.Keys?.["pk"]?.S).join()),
    );
    expect(lanes.size).toBeGreaterThan(1);
    expect(values(fixture)).toHaveLength(18);
  });

  test("hands over what its filters let pass, and nothing else; a filter that is not known is refused", async () => {
    const passing = { dynamodb: { NewImage: { value: { S: [{ prefix: "a" }, { "anything-but": ["b1", "b2"] }] } } } };
    const FilterCriteria = { Filters: [{ Pattern: JSON.stringify(passing) }] };
    await using fixture = await startStream({ FilterCriteria });
    await fixture.write("a:a1", "b:b1", "c:c1", "a:b2", "a:a2");
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(values(fixture)).toEqual(["a1", "c1", "a2"]);
    expect(fixture.lines.filter(({ level }) => level === "warn")).toEqual([]);
    const unknown = { Filters: [{ Pattern: '{"dynamodb":[{"cidr":"10.0.0.0/8"}]}' }] };
    await expect(startStream({ FilterCriteria: unknown })).rejects.toThrow(/rule \{"cidr".*is not known here/);
  });

  test("LATEST begins behind what is there, TRIM_HORIZON with it", async () => {
    await using first = await startStream();
    await first.write("a:1", "b:2");
    const endpoints = { dynamodb: first.cloud.endpoints.dynamodb };
    await using latest = await startStream({ StartingPosition: "LATEST" }, { endpoints });
    await using horizon = await startStream({ StartingPosition: "TRIM_HORIZON" }, { endpoints });
    await first.write("a:3");
    for (const { cloud } of [latest, horizon]) await cloud.idle({ timeoutMs: 15_000 });
    expect(values(latest)).toEqual(["3"]);
    expect(values(horizon)).toEqual(["1", "2", "3"]);
  });

  test("goes on behind the last record when the engine was restarted (ST1)", async () => {
    await using fixture = await startStream({ MaximumBatchingWindowInSeconds: 0 }, { restartable: true });
    await fixture.write("a:1", "b:2");
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const restart = fixture.cloud.faults.inject({ fault: "restart", engine: "dynamodb", atMs: [0], downMs: 500 });
    await until(() => restart.count() === 1);
    await until(() =>
      fixture.write("a:3").then(
        () => true,
        () => false, // the engine is down
      ),
    );
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(values(fixture)).toEqual(["1", "2", "3"]);
  });

  test("refuses a starting position that a table's stream has not", async () => {
    await expect(startStream({ StartingPosition: "AT_TIMESTAMP" })).rejects.toThrow(
      /Mapping: its starting position is "AT_TIMESTAMP"; allowed: TRIM_HORIZON, LATEST/,
    );
    await expect(startStream({ ParallelizationFactor: 11 })).rejects.toThrow(/factor is 11; allowed: 1 to 10/);
  });
});
