// A function behind a topic: what its records are told to do, and what they did.
import { ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import type { KafkaEvent, KafkaRecord } from "../../lib/aws/lambda.ts";
import type { LocalStream } from "../../lib/local/index.ts";
import { inlineFunction } from "./assembly-fixture.ts";
import { type CloudFixture, type CloudOptions, startFixture } from "./cloud-fixture.ts";

// What a record does is in its value: "name:act". Each record taken is a line: name, topic-partition, offset, size of the batch.
const HANDLER = `
const seen = new Set();
exports.handler = async (event) => {
  const all = Object.values(event.records).flat();
  const failed = [];
  for (const [partition, records] of Object.entries(event.records)) {
    for (const { value, offset } of records) {
      const [name, act] = Buffer.from(value, "base64").toString().split(":");
      console.log([name, partition, offset, all.length].join(" "));
      if (act === "throw") throw new Error(name);
      if (act === "kill" && !seen.has(name) && !require("node:fs").existsSync(name)) {
        require("node:fs").writeFileSync(name, "");
        process.kill(process.pid, "SIGKILL");
        await new Promise(() => {});
      }
      if (act === "fail" || (act === "failOnce" && !seen.has(name))) failed.push({ itemIdentifier: { partition, offset } });
      seen.add(name);
      if (act === "answer") return JSON.parse(Buffer.from(value, "base64").toString().slice(name.length + act.length + 2));
    }
  }
  return { batchItemFailures: failed };
};`;

export const CLUSTER_ARN = "arn:aws:kafka:us-east-1:000000000000:cluster/orders/0b6b0b6b-1";

/** Of an MSK cluster, unless the mapping says otherwise. */
export async function startTopic(mapping: Record<string, unknown> = {}, options: CloudOptions = {}): Promise<Fixture> {
  const fixture = await startFixture(options, {
    name: "Topic",
    resources: {
      Failures: { Type: "AWS::SQS::Queue" },
      Function: inlineFunction(HANDLER, { Timeout: 5 }),
      Mapping: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: {
          ...(mapping["SelfManagedEventSource"] === undefined && { EventSourceArn: CLUSTER_ARN }),
          FunctionName: { Ref: "Function" },
          Topics: ["orders"],
          StartingPosition: "TRIM_HORIZON",
          FunctionResponseTypes: ["ReportBatchItemFailures"],
          ProvisionedPollerConfig: { MinimumPollers: 1 },
          DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": ["Failures", "Arn"] } } },
          ...mapping,
        },
      },
    },
  });
  return {
    ...fixture,
    topic: () => {
      const [topic] = fixture.cloud.streams;
      if (topic === undefined) throw new Error(fixture.lines.map(({ text }) => text).join("\n"));
      return topic;
    },
    taken: () => fixture.lines.filter(({ level }) => level === "info").map(({ text }) => text),
    batches: () =>
      fixture.events.flatMap((event) => (event.kind === "invocation-started" ? [JSON.parse(event.payload)] : [])),
    async failures() {
      const command = new ReceiveMessageCommand({ QueueUrl: fixture.queueUrl("Failures"), MaxNumberOfMessages: 10 });
      return ((await fixture.sqs.send(command)).Messages ?? []).map(({ Body }) => JSON.parse(Body ?? ""));
    },
  };
}

export interface Fixture extends CloudFixture {
  topic(): LocalStream;
  taken(): string[];
  batches(): KafkaEvent[];
  // biome-ignore lint/suspicious/noExplicitAny: JSON that the tests look into.
  failures(): Promise<any[]>;
}

export function record(partition: number, offset: number, value: string): KafkaRecord {
  return {
    topic: "orders",
    partition,
    offset,
    timestamp: 1_545_084_650_987,
    timestampType: "CREATE_TIME",
    key: Buffer.from(`key-${partition}`).toString("base64"),
    value: Buffer.from(value).toString("base64"),
    headers: [],
  };
}

/** `"0/15": "a"` is record 15 of partition 0. */
export function eventOf(records: Readonly<Record<string, string>>, more: Partial<KafkaEvent> = {}): KafkaEvent {
  const all = Object.entries(records).map(([at, value]) => {
    const [partition, offset] = at.split("/").map(Number);
    return record(partition ?? 0, offset ?? 0, value);
  });
  return {
    eventSource: "aws:kafka",
    eventSourceArn: CLUSTER_ARN,
    records: Object.fromEntries(Map.groupBy(all, ({ partition }) => `orders-${partition}`)),
    ...more,
  };
}
