// What an outbox relay puts into a template, what it may do, what it refuses, and what cdk-nag says to it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { EventBus } from "aws-cdk-lib/aws-events";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { OutboxRelay, type OutboxRelayProps } from "semel/constructs";
import { afterAll, describe, expect, it } from "vitest";
import {
  OUTBOX_ACTIONS,
  RELAY_ACTIONS,
  RELAY_INDEX_ACTIONS,
  TABLE_STREAM_ACTIONS,
  TARGET_KEY_ACTIONS,
} from "../../lib/constructs/grants.ts";
import { ENVIRONMENT, RELAY_METRICS } from "../../lib/contract.ts";
import { consumerIn, emptyStack, grantsOf, messageOf, removeOutputs, resourceAt } from "./stacks.ts";

afterAll(removeOutputs);

function relayIn(stack: Stack, props: Partial<OutboxRelayProps> = {}): OutboxRelay {
  const targets = props.targets ?? [new Queue(stack, "Shipments", { enforceSSL: true })];
  return new OutboxRelay(stack, "Outbox", { ...props, targets });
}

function templateOf(props: Partial<OutboxRelayProps> = {}): Template {
  const stack = emptyStack();
  relayIn(stack, props);
  return Template.fromStack(stack);
}

describe("the table", () => {
  it("has the keys, the index, the stream and the time to live of the contract, is restorable and retained", () => {
    const table = resourceAt(templateOf(), "Outbox/Table/Resource");
    expect(table.DeletionPolicy).toBe("Retain");
    expect(table.Properties).toMatchObject({
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: "unsent",
          KeySchema: [
            { AttributeName: "unsent", KeyType: "HASH" },
            { AttributeName: "createdAt", KeyType: "RANGE" },
          ],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
      StreamSpecification: { StreamViewType: "NEW_IMAGE" },
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      BillingMode: "PAY_PER_REQUEST",
      Replicas: [
        { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }, DeletionProtectionEnabled: true },
      ],
    });
  });

  it("goes with everything else in a demo", () => {
    const template = templateOf({ removalPolicy: RemovalPolicy.DESTROY });
    for (const path of ["Table", "DeadLetterQueue", "FailureQueue", "Logs"]) {
      expect(resourceAt(template, `Outbox/${path}/Resource`).DeletionPolicy).toBe("Delete");
    }
  });
});

describe("the mapping", () => {
  it("brings what has messages, one batch of a shard at a time, and gives up what the sweeper then has", () => {
    const stack = emptyStack();
    const relay = relayIn(stack);
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      EventSourceArn: stack.resolve(relay.table.tableStreamArn),
      FilterCriteria: {
        Filters: [{ Pattern: JSON.stringify({ dynamodb: { NewImage: { unsent: { S: [{ exists: true }] } } } }) }],
      },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BisectBatchOnFunctionError: true,
      ParallelizationFactor: 1,
      MaximumRetryAttempts: 5,
      MaximumRecordAgeInSeconds: 3600,
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 100,
      DestinationConfig: { OnFailure: { Destination: stack.resolve(relay.failureQueue.queueArn) } },
    });
  });

  it("takes the user's numbers", () => {
    const template = templateOf({ batchSize: 10, retryAttempts: 0, sweepInterval: Duration.minutes(1) });
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", { BatchSize: 10, MaximumRetryAttempts: 0 });
    template.hasResourceProperties("AWS::Events::Rule", { ScheduleExpression: "rate(1 minute)" });
  });
});

describe("the function", () => {
  it("knows the table and the dead-letter queue, and sweeps", () => {
    const stack = emptyStack();
    const relay = relayIn(stack);
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Lambda::Function", {
      Timeout: 30,
      Environment: {
        Variables: {
          SEMEL_OUTBOX_TABLE: stack.resolve(relay.table.tableName),
          SEMEL_DEAD_LETTER_QUEUE_URL: stack.resolve(relay.deadLetterQueue.queueUrl),
        },
      },
    });
    template.hasResourceProperties("AWS::Events::Rule", {
      ScheduleExpression: "rate(3 minutes)",
      State: "ENABLED",
      Targets: [Match.objectLike({ Arn: stack.resolve(relay.function.functionArn) })],
    });
  });

  it("may read and remove what is in the outbox, and send to its targets, and nothing else", () => {
    const stack = emptyStack();
    const masterKey = new Key(stack, "Key");
    const queue = new Queue(stack, "Shipments", { encryptionMasterKey: masterKey });
    const [topic, bus] = [new Topic(stack, "Topic", { masterKey }), new EventBus(stack, "Bus")];
    const relay = relayIn(stack, { targets: [queue, topic, bus] });
    const grants = grantsOf(stack);
    const on = (arn: string | undefined) => grants.get(JSON.stringify(stack.resolve(arn)));
    expect(on(relay.table.tableArn)).toEqual([...RELAY_ACTIONS].sort());
    expect(on(`${relay.table.tableArn}/index/unsent`)).toEqual([...RELAY_INDEX_ACTIONS]);
    expect(on(relay.table.tableStreamArn)).toEqual([...TABLE_STREAM_ACTIONS].sort());
    expect(on(queue.queueArn)).toEqual(["sqs:SendMessage"]);
    expect(on(topic.topicArn)).toEqual(["sns:Publish"]);
    expect(on(bus.eventBusArn)).toEqual(["events:PutEvents"]);
    expect([...new Set(on(masterKey.keyArn))]).toEqual([...TARGET_KEY_ACTIONS].sort());
    expect(on(relay.deadLetterQueue.queueArn)).toEqual(["sqs:SendMessage"]);
    expect(on(relay.failureQueue.queueArn)).toEqual(["sqs:SendMessage"]);
    expect(on(relay.logGroup.logGroupArn)).toEqual(["logs:CreateLogStream", "logs:PutLogEvents"]);
    expect(grants.size).toBe(10);
    expect([...grants].join()).not.toContain("*");
  });
});

describe("grantSend", () => {
  it("names the table to a consumer, and lets it write there", () => {
    const stack = emptyStack();
    const [relay, consumer] = [relayIn(stack), consumerIn(stack)];
    relay.grantSend(consumer);
    const arn = JSON.stringify(stack.resolve(relay.table.tableArn));
    const policy = Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy")).find((each) =>
      JSON.stringify(each).includes("OrdersRole"),
    );
    const statements: { Action: string[]; Resource: unknown }[] = policy?.["Properties"].PolicyDocument.Statement;
    const ofTable = statements.filter(({ Resource }) => JSON.stringify(Resource) === arn);
    expect(ofTable.flatMap(({ Action }) => Action).sort()).toEqual([...OUTBOX_ACTIONS].sort());
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: Match.objectLike({
          [ENVIRONMENT.consumer]: "orders",
          [ENVIRONMENT.outboxTable]: stack.resolve(relay.table.tableName),
        }),
      },
    });
  });
});

describe("alarms", () => {
  it("are on latency, backlog, dead letters and failures", () => {
    const stack = emptyStack();
    const relay = relayIn(stack, { latencyMax: Duration.seconds(2), waitMax: Duration.minutes(20) });
    const template = Template.fromStack(stack);
    const metric = (name: "latency" | "oldestUnsent") => ({
      Namespace: RELAY_METRICS.namespace,
      MetricName: RELAY_METRICS[name].name,
      Dimensions: [{ Name: RELAY_METRICS.dimension, Value: stack.resolve(relay.function.functionName) }],
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      ...metric("latency"),
      ExtendedStatistic: "p99",
      Threshold: 2000,
    });
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      ...metric("oldestUnsent"),
      Statistic: "Maximum",
      Period: 180,
      Threshold: 1_200_000,
      TreatMissingData: "breaching",
    });
    for (const queue of [relay.deadLetterQueue, relay.failureQueue]) {
      template.hasResourceProperties("AWS::CloudWatch::Alarm", {
        MetricName: "ApproximateNumberOfMessagesVisible",
        Dimensions: [{ Name: "QueueName", Value: stack.resolve(queue.queueName) }],
        Threshold: 0,
      });
    }
    expect(relay.alarms).toHaveLength(4);
    expect(relay.metricRelayed().metricName).toBe(RELAY_METRICS.relayed.name);
    expect(relay.metricLatency({ statistic: "p50" }).statistic).toBe("p50");
    expect(relay.metricOldestUnsent().statistic).toBe("Maximum");
  });
});

describe("props that would break the promise", () => {
  it.each<[Partial<OutboxRelayProps>, RegExp]>([
    [{ targets: [] }, /targets is empty/],
    [{ timeout: Duration.seconds(5) }, /timeout is 5 s; set it to 10 to 900 s/],
    [{ batchSize: 0 }, /batchSize is 0; set it to 1 to 1000/],
    [{ retryAttempts: -1 }, /retryAttempts is -1; set it to 0 to 10000/],
    [{ sweepInterval: Duration.seconds(90) }, /sweepInterval is 90 s; set it to whole minutes, 1 to 60/],
    [
      { sweepInterval: Duration.hours(2), waitMax: Duration.hours(9) },
      /sweepInterval is 7200 s; set it to whole minutes, 1 to 60/,
    ],
    [{ waitMax: Duration.minutes(6) }, /waitMax is 360 s; set it to 420 s or more/],
    [{ sweepInterval: Duration.minutes(10) }, /waitMax is 600 s; set it to 1260 s or more/],
    [{ fifo: true } as object, /unknown props fifo; known are targets/],
  ])("are refused: %j", (props, message) => {
    expect(messageOf(() => relayIn(emptyStack(), props))).toMatch(message);
  });
});

describe("the bundle", () => {
  it("runs alone in a folder, and has the clients of its targets only", { timeout: 60_000 }, () => {
    const outdir = mkdtempSync(join(tmpdir(), "semel-relay-"));
    try {
      const app = new App({ outdir });
      relayIn(new Stack(app, "Test"), { targets: [new EventBus(new Stack(app, "Other"), "Bus")] });
      app.synth();
      const [folder] = readdirSync(outdir).filter((name) => name.startsWith("asset."));
      const asset = join(outdir, folder ?? "none", "index.mjs");
      const script = "const { handler } = await import(process.argv[1]); console.log(typeof handler, handler.length);";
      const env = {
        AWS_REGION: "eu-west-1",
        SEMEL_OUTBOX_TABLE: "outbox",
        SEMEL_DEAD_LETTER_QUEUE_URL: "https://q",
        AWS_LAMBDA_FUNCTION_NAME: "relay",
      };
      const run = (vars: Record<string, string>) =>
        spawnSync(process.execPath, ["--input-type=module", "--eval", script, asset], {
          cwd: outdir,
          encoding: "utf8",
          env: vars,
        });
      expect(run(env)).toMatchObject({ stderr: "", stdout: "function 2\n" });
      expect(run({ AWS_REGION: "eu-west-1" }).stderr).toMatch(/variable SEMEL_OUTBOX_TABLE is not set/);
      const code = readFileSync(asset, "utf8");
      expect(code).toContain("AWSEvents");
      expect(code).toMatch(/import\("@aws-sdk\/client-sns"\)/);
      expect(code).not.toMatch(/import\("@aws-sdk\/client-(eventbridge|sqs)"\)/);
    } finally {
      rmSync(outdir, { recursive: true });
    }
  });
});

describe("cdk-nag, AWS Solutions", () => {
  it("has nothing to say to a relay and a consumer", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    relayIn(stack, { targets: [consumer.queue] }).grantSend(consumer);
    const { violations } = new AwsSolutionsChecks(stack.node.root).validateScope(stack.node.root);
    expect(violations).toEqual([]);
  });
});
