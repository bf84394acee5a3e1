// Each rule of a stream consumer: the message gives the number to set, and setting it is enough.

import { CfnParameter, Duration, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { AttributeType, StreamViewType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { type IStream, Stream } from "aws-cdk-lib/aws-kinesis";
import { StartingPosition } from "aws-cdk-lib/aws-lambda";
import { ExactlyOnceConsumer, ExactlyOnceStreamConsumer } from "semel/constructs";
import { afterAll, describe, expect, it } from "vitest";
import {
  ENTRY,
  emptyStack,
  messageOf,
  removeOutputs,
  type StreamOverrides,
  streamConsumerIn,
  tableIn,
} from "./stacks.ts";

afterAll(removeOutputs);

const DAY = 86_400;
const kafka = { kafkaBootstrapServers: ["one:9092"], topic: "readings", retentionPeriod: Duration.days(7) };

interface Case {
  readonly rule: string;
  readonly broken: StreamOverrides;
  readonly says: RegExp;
  readonly mended: StreamOverrides;
}

const CASES: Case[] = [
  {
    rule: "SC1 record lifetime >= dedup horizon",
    broken: { recordLifetime: Duration.days(10) },
    // 2 x 1 day of Kinesis, 14 days of the DLQ, 1 day of resends, 3 s.
    says: /recordLifetime is 864000 s.*set recordLifetime to 1468803 s \(18 days\) or more, or leave it out/,
    mended: { recordLifetime: Duration.seconds(17 * DAY + 3) },
  },
  {
    rule: "SC2 bounded retries",
    broken: { retryAttempts: -1 },
    says: /retryAttempts is -1; set it to 0 to 10000: without a bound/,
    mended: { retryAttempts: 10_000 },
  },
  {
    rule: "SC2 bounded age",
    broken: { maxRecordAge: Duration.seconds(59) },
    says: /maxRecordAge is 59 s; set it to 60 s to 604800 s/,
    mended: { maxRecordAge: Duration.seconds(60) },
  },
  {
    rule: "SC3 record age below the retention",
    broken: { maxRecordAge: Duration.days(1) },
    says: /maxRecordAge is 86400 s, but the stream keeps a record 86400 s.*set maxRecordAge to less than 86400 s/,
    mended: { maxRecordAge: Duration.seconds(DAY - 1) },
  },
  {
    rule: "batchSize",
    broken: { batchSize: 10_001 },
    says: /batchSize is 10001; set it to 1 to 10000/,
    mended: { batchSize: 10_000 },
  },
  {
    rule: "maxBatchingWindow",
    broken: { maxBatchingWindow: Duration.seconds(301) },
    says: /maxBatchingWindow is 301 s; set it to 300 s or less/,
    mended: { maxBatchingWindow: Duration.seconds(300) },
  },
  {
    rule: "timeout with Kafka",
    broken: { source: kafka, timeout: Duration.minutes(15) },
    says: /timeout is 900 s; set it to 840 s or less, which is Lambda's limit for Kafka/,
    mended: { source: kafka, timeout: Duration.minutes(14) },
  },
  {
    rule: "parallelizationFactor",
    broken: { parallelizationFactor: 11 },
    says: /parallelizationFactor is 11; set it to 1 to 10/,
    mended: { parallelizationFactor: 10 },
  },
  {
    rule: "no parallelizationFactor with Kafka",
    broken: { source: kafka, parallelizationFactor: 2 },
    says: /parallelizationFactor is for Kinesis and table streams; leave it out, and give the topic more partitions/,
    mended: { source: kafka },
  },
  {
    rule: "timeout",
    broken: { timeout: Duration.seconds(901) },
    says: /timeout is 901 s; set it to 900 s or less/,
    mended: { timeout: Duration.seconds(900) },
  },
  {
    rule: "redrives",
    broken: { redrives: 0.5 },
    says: /redrives is 0.5; set it to a whole number, 0 or more/,
    mended: { redrives: 0 },
  },
  {
    rule: "no unknown props: no tumbling window among them",
    broken: { tumblingWindow: Duration.seconds(5) } as StreamOverrides,
    says: /unknown props tumblingWindow; known are consumerName, table, source/,
    mended: {},
  },
  {
    rule: "consumerName",
    broken: { consumerName: "a/b" },
    says: /consumerName is "a\/b"; set 1 to 128/,
    mended: { consumerName: "a.b" },
  },
];

describe("rules of a stream consumer", () => {
  it.each(CASES)("$rule: the message gives the number", ({ broken, says }) => {
    expect(messageOf(() => streamConsumerIn(emptyStack(), broken))).toMatch(says);
  });

  it.each(CASES)("$rule: the number is enough", ({ mended }) => {
    expect(() => Template.fromStack(Stack.of(streamConsumerIn(emptyStack(), mended)))).not.toThrow();
  });

  it("SC1: an imported stream needs its retention, and then its lifetime follows", () => {
    const imported = (retentionPeriod?: Duration) => {
      const stack = emptyStack();
      const kinesis = Stream.fromStreamArn(stack, "In", "arn:aws:kinesis:eu-west-1:111111111111:stream/readings");
      streamConsumerIn(stack, { source: retentionPeriod === undefined ? { kinesis } : { kinesis, retentionPeriod } });
      return lifetimeOf(stack);
    };
    expect(messageOf(() => imported())).toMatch(/imported; set retentionPeriod beside kinesis, to the longest/);
    expect(imported(Duration.days(30))).toBe("76"); // 2 x 30 + 14 + 1, and 3 s
  });

  it("SC1: the stream's own retention counts, whatever is said beside it", () => {
    const stack = emptyStack();
    const kinesis: IStream = new Stream(stack, "Long", { retentionPeriod: Duration.days(7) });
    streamConsumerIn(stack, { source: { kinesis, retentionPeriod: Duration.days(1) } });
    expect(lifetimeOf(stack)).toBe("30"); // 2 x 7 + 14 + 1, and 3 s
  });

  it("SC1: a retention that is known at deployment only needs a lifetime by hand", () => {
    const made = (overrides: StreamOverrides) => {
      const stack = emptyStack();
      const hours = new CfnParameter(stack, "Hours", { type: "Number" }).valueAsNumber;
      const retentionPeriod = Duration.hours(hours);
      streamConsumerIn(stack, { source: { ...kafka, retentionPeriod }, ...overrides });
      return lifetimeOf(stack);
    };
    expect(messageOf(() => made({}))).toMatch(/lifetime cannot be computed.*set recordLifetime to the dedup horizon/);
    expect(made({ recordLifetime: Duration.days(50) })).toBe("50");
  });

  it("a table needs a stream, which has no timestamps to begin at", () => {
    const table = (dynamoStream?: StreamViewType, startingPosition = StartingPosition.LATEST) => {
      const stack = emptyStack();
      const partitionKey = { name: "id", type: AttributeType.STRING };
      const props = dynamoStream === undefined ? { partitionKey } : { partitionKey, dynamoStream };
      const tableStream = new TableV2(stack, "Ledger", props);
      return streamConsumerIn(stack, { source: { tableStream }, startingPosition });
    };
    expect(messageOf(() => table())).toMatch(/has no stream; set its stream \(dynamoStream\)/);
    expect(messageOf(() => table(StreamViewType.KEYS_ONLY, StartingPosition.AT_TIMESTAMP))).toMatch(
      /AT_TIMESTAMP, which a table's stream has not; set TRIM_HORIZON or LATEST/,
    );
    expect(() => table(StreamViewType.KEYS_ONLY)).not.toThrow();
  });

  it("C5: shares names with consumers of queues", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    new ExactlyOnceConsumer(stack, "Queue", { consumerName: "one", table, entry: ENTRY });
    const props = { consumerName: "one", table, entry: ENTRY, source: { kinesis: new Stream(stack, "Readings") } };
    expect(messageOf(() => new ExactlyOnceStreamConsumer(stack, "Stream", props))).toMatch(
      /ExactlyOnceStreamConsumer Test\/Stream:.*consumerName "one" is already used by Test\/Queue on the same table/s,
    );
  });
});

function lifetimeOf(stack: ReturnType<typeof emptyStack>): unknown {
  const [made] = Object.values(Template.fromStack(stack).findResources("AWS::Lambda::Function"));
  return made?.["Properties"].Environment.Variables.SEMEL_RETENTION_DAYS;
}
