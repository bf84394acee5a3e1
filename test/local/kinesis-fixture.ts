// A Kinesis stream that feeds a function, and events as recorded from it.
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { KinesisEvent, KinesisRecord } from "../../lib/aws/lambda.ts";
import type { LocalStream } from "../../lib/local/index.ts";
import { inlineFunction } from "./assembly-fixture.ts";
import { type CloudFixture, type CloudOptions, startFixture } from "./cloud-fixture.ts";

// What a record does is in its data: "do". Each record taken is a line: value, batch, process; "failOnce" fails the first time in a
// process, "wait" waits the first time of all.
const HANDLER = `
const fs = require("node:fs");
const seen = new Set();
exports.handler = async (event) => {
  const failed = [];
  const first = (value) => !seen.has(value) && seen.add(value);
  for (const { kinesis: { data, sequenceNumber } } of event.Records) {
    const text = Buffer.from(data, "base64").toString();
    const { value, act } = text.startsWith("{") ? JSON.parse(text) : { value: text };
    console.log([value, event.Records.length, process.pid].join(" "));
    if (act === "throw") throw new Error(value);
    if (act === "wait" && !fs.existsSync("waited")) {
      fs.writeFileSync("waited", "");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    }
    if (act === "fail" || (act === "failOnce" && first(value))) failed.push({ itemIdentifier: sequenceNumber });
  }
  return { batchItemFailures: failed };
};
exports.environment = async () => process.env;`;

export interface KinesisFixture extends CloudFixture {
  readonly stream: LocalStream;
  values(): string[];
  /** The records of each invocation. */
  batches(): KinesisRecord[][];
  // biome-ignore lint/suspicious/noExplicitAny: JSON that the tests look into.
  failures(): Promise<any[]>;
}

export async function startKinesis(
  mapping: Record<string, unknown> = {},
  options: CloudOptions = {},
  resources: Record<string, unknown> = {},
): Promise<KinesisFixture> {
  const fixture = await startFixture(options, {
    name: "Streams",
    outputs: { Name: { Value: { Ref: "Stream" } }, Arn: { Value: { "Fn::GetAtt": ["Stream", "Arn"] } } },
    resources: {
      Stream: { Type: "AWS::Kinesis::Stream", Properties: { ShardCount: 1 } },
      Failures: { Type: "AWS::SQS::Queue" },
      Function: inlineFunction(HANDLER, { Timeout: 5 }),
      Environment: inlineFunction(HANDLER, { Handler: "index.environment" }),
      Mapping: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          EventSourceArn: { "Fn::GetAtt": ["Stream", "Arn"] },
          FunctionName: { Ref: "Function" },
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          StartingPosition: "TRIM_HORIZON",
          DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": ["Failures", "Arn"] } } },
          ...mapping,
        },
      },
      ...resources,
    },
  });
  const [found] = fixture.cloud.streams;
  if (found === undefined) throw new Error("no stream");
  return {
    ...fixture,
    stream: found,
    values: () => fixture.lines.flatMap(({ level, text }) => (level === "info" ? [text.split(" ")[0] ?? ""] : [])),
    batches: () =>
      fixture.events.flatMap((event) =>
        event.kind === "invocation-started" ? [JSON.parse(event.payload).Records as KinesisRecord[]] : [],
      ),
    async failures() {
      const command = new ReceiveMessageCommand({ QueueUrl: fixture.queueUrl("Failures"), MaxNumberOfMessages: 10 });
      return ((await fixture.sqs.send(command)).Messages ?? []).map(({ Body }) => JSON.parse(Body ?? ""));
    },
  };
}

export const SHARD = "shardId-000000000003";
const FIRST = 49590338271490256608559692538361571095921575989136588898n;

/** "key:value:what it does"; the sequence numbers go up from `from`. */
export function recorded(given: readonly string[], from = 0, shardId: string = SHARD): KinesisEvent {
  const Records = given.map((one, index) => {
    const [partitionKey = "", value = "", act = ""] = one.split(":");
    const sequenceNumber = String(FIRST + BigInt(from + index));
    return {
      kinesis: {
        kinesisSchemaVersion: "1.0",
        partitionKey,
        sequenceNumber,
        data: Buffer.from(JSON.stringify({ value, act })).toString("base64"),
        approximateArrivalTimestamp: 1545084650 + index + 0.987,
      },
      eventSource: "aws:kinesis",
      eventVersion: "1.0",
      eventID: `${shardId}:${sequenceNumber}`,
      eventName: "aws:kinesis:record",
      invokeIdentityArn: "arn:aws:iam::123456789012:role/lambda-role",
      awsRegion: "eu-west-1",
      eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/recorded",
    };
  });
  return { Records };
}
