// What one stream consumer puts into a template, for each kind of stream, and what cdk-nag says to it.

import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AttributeType, StreamViewType, Table, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { Stream } from "aws-cdk-lib/aws-kinesis";
import { SourceAccessConfigurationType, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import {
  DEAD_LETTER_ACTIONS,
  EFFECT_ACTIONS,
  INSERT_ACTIONS,
  MSK_ACTIONS,
  NETWORK_ACTIONS,
  RECORD_ACTIONS,
  TABLE_STREAM_ACTIONS,
} from "../../lib/constructs/grants.ts";
import {
  emptyStack,
  grantsOf,
  messageOf,
  removeOutputs,
  resourceAt,
  type StreamOverrides,
  streamConsumerIn,
} from "./stacks.ts";

afterAll(removeOutputs);

const partitionKey = { name: "id", type: AttributeType.STRING };
const MAPPING = "AWS::Lambda::EventSourceMapping";
const CLUSTER = "arn:aws:kafka:eu-west-1:111111111111:cluster/one/2";

function templateOf(overrides: StreamOverrides = {}): Template {
  return Template.fromStack(Stack.of(streamConsumerIn(emptyStack(), overrides)));
}

const sorted = (actions: readonly string[]) => [...actions].sort();

describe("event source mapping", () => {
  it("reports failures, bisects, is bounded, begins at the horizon, and tells the failure queue", () => {
    const stack = emptyStack();
    const consumer = streamConsumerIn(stack);
    Template.fromStack(stack).hasResourceProperties(MAPPING, {
      EventSourceArn: stack.resolve((stack.node.findChild("Readings") as Stream).streamArn),
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 100,
      MaximumRecordAgeInSeconds: 12 * 3600,
      StartingPosition: "TRIM_HORIZON",
      BatchSize: 100,
      DestinationConfig: { OnFailure: { Destination: stack.resolve(consumer.failureQueue.queueArn) } },
      ParallelizationFactor: Match.absent(),
      TumblingWindowInSeconds: Match.absent(),
      ProvisionedPollerConfig: Match.absent(),
    });
  });

  it("takes the user's numbers", () => {
    templateOf({
      batchSize: 500,
      maxBatchingWindow: Duration.seconds(5),
      parallelizationFactor: 4,
      retryAttempts: 7,
      maxRecordAge: Duration.hours(2),
      startingPosition: StartingPosition.AT_TIMESTAMP,
      startingPositionTimestamp: 1_700_000_000,
    }).hasResourceProperties(MAPPING, {
      BatchSize: 500,
      MaximumBatchingWindowInSeconds: 5,
      ParallelizationFactor: 4,
      MaximumRetryAttempts: 7,
      MaximumRecordAgeInSeconds: 7200,
      StartingPosition: "AT_TIMESTAMP",
      StartingPositionTimestamp: 1_700_000_000,
    });
  });

  it("of Kafka has provisioned pollers, without which Lambda has no error handling there", () => {
    const stack = emptyStack();
    const secret = new Secret(stack, "Secret");
    const retentionPeriod = Duration.days(7);
    const topic = { topic: "readings", consumerGroupId: "group", secret, retentionPeriod };
    streamConsumerIn(stack, { source: { ...topic, mskClusterArn: CLUSTER } });
    Template.fromStack(stack).hasResourceProperties(MAPPING, {
      EventSourceArn: CLUSTER,
      Topics: ["readings"],
      AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "group" },
      SourceAccessConfigurations: [{ Type: "SASL_SCRAM_512_AUTH", URI: stack.resolve(secret.secretArn) }],
      ProvisionedPollerConfig: { MinimumPollers: 1 },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BisectBatchOnFunctionError: true,
      MaximumRecordAgeInSeconds: 3.5 * 86_400,
    });
    const own = { kafkaBootstrapServers: ["one:9092", "two:9092"], topic: "readings", retentionPeriod };
    templateOf({ source: own }).hasResourceProperties(MAPPING, {
      SelfManagedEventSource: { Endpoints: { KafkaBootstrapServers: ["one:9092", "two:9092"] } },
      Topics: ["readings"],
      SourceAccessConfigurations: Match.absent(),
    });
  });
});

describe("queues", () => {
  it("are two, encrypted and retained for 14 days; the function knows the one for dead letters", () => {
    const stack = emptyStack();
    const consumer = streamConsumerIn(stack);
    const template = Template.fromStack(stack);
    for (const path of ["Consumer/DeadLetterQueue/Resource", "Consumer/FailureQueue/Resource"]) {
      const queue = resourceAt(template, path);
      expect(queue.DeletionPolicy).toBe("Retain");
      expect(queue.Properties).toMatchObject({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 86_400 });
      expect(queue.Properties).not.toHaveProperty("FifoQueue"); // Lambda takes no FIFO queue as a destination
    }
    template.hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: {
          SEMEL_CONSUMER: "readings",
          SEMEL_TABLE: stack.resolve(consumer.table.tableName),
          SEMEL_RETENTION_DAYS: "18",
          SEMEL_DEAD_LETTER_QUEUE_URL: stack.resolve(consumer.deadLetterQueue.queueUrl),
        },
      },
    });
    const { DeletionPolicy } = resourceAt(
      templateOf({ removalPolicy: RemovalPolicy.DESTROY }),
      "FailureQueue/Resource",
    );
    expect(DeletionPolicy).toBe("Delete");
  });
});

describe("grants", () => {
  it("of a table's stream are the poller's four on the stream, the records, both queues and the logs: nothing else", () => {
    for (const kind of [TableV2, Table]) {
      const stack = emptyStack();
      const stream = StreamViewType.NEW_AND_OLD_IMAGES;
      const tableStream =
        kind === Table
          ? new Table(stack, "Ledger", { partitionKey, stream })
          : new TableV2(stack, "Ledger", { partitionKey, dynamoStream: stream });
      const consumer = streamConsumerIn(stack, { source: { tableStream } });
      const grants = grantsOf(stack);
      const on = (arn: string | undefined) => grants.get(JSON.stringify(stack.resolve(arn)));
      expect(on(tableStream.tableStreamArn)).toEqual(sorted(TABLE_STREAM_ACTIONS));
      expect(on(consumer.table.tableArn)).toEqual(sorted(RECORD_ACTIONS));
      expect(on(consumer.deadLetterQueue.queueArn)).toEqual(sorted(DEAD_LETTER_ACTIONS));
      expect(on(consumer.failureQueue.queueArn)).toEqual(sorted(DEAD_LETTER_ACTIONS));
      expect(on(consumer.logGroup.logGroupArn)).toEqual(["logs:CreateLogStream", "logs:PutLogEvents"]);
      expect(grants.size).toBe(5);
      expect([...grants].join()).not.toContain("*");
    }
  });

  it("of Kinesis read the stream, and nothing else of Kinesis", () => {
    const stack = emptyStack();
    const consumer = streamConsumerIn(stack);
    const grants = grantsOf(stack);
    const arn = JSON.stringify(stack.resolve((stack.node.findChild("Readings") as Stream).streamArn));
    expect(grants.get(arn)?.filter((action) => !/^kinesis:(Describe|Get|List|SubscribeToShard)/.test(action))).toEqual(
      [],
    );
    expect(grants.get(arn)).toEqual(expect.arrayContaining(["kinesis:GetRecords", "kinesis:GetShardIterator"]));
    expect(grants.get(JSON.stringify(stack.resolve(consumer.failureQueue.queueArn)))).toEqual(["sqs:SendMessage"]);
  });

  it("of Kafka are the cluster's, and the network's where the cluster is in one", () => {
    const stack = emptyStack();
    const topic = { topic: "readings", retentionPeriod: Duration.days(7) };
    streamConsumerIn(stack, { source: { ...topic, mskClusterArn: CLUSTER } });
    expect(grantsOf(stack).get(JSON.stringify(CLUSTER))).toEqual(sorted(MSK_ACTIONS));
    expect(grantsOf(stack).get('"*"')).toEqual(sorted(NETWORK_ACTIONS));
    const own = { ...topic, kafkaBootstrapServers: ["one:9092"] };
    const bare = emptyStack();
    streamConsumerIn(bare, { source: own });
    expect(grantsOf(bare).get('"*"')).toBeUndefined();
    const inNetwork = emptyStack();
    const sourceAccessConfigurations = [{ type: SourceAccessConfigurationType.VPC_SUBNET, uri: "subnet:subnet-1" }];
    streamConsumerIn(inNetwork, { source: { ...own, sourceAccessConfigurations } });
    expect(grantsOf(inNetwork).get('"*"')).toEqual(sorted(NETWORK_ACTIONS));
  });

  it("on tables of effects are those of every consumer; a table of records is refused", () => {
    const stack = emptyStack();
    const consumer = streamConsumerIn(stack);
    const [ledger, journal] = ["Ledger", "Journal"].map((id) => new TableV2(stack, id, { partitionKey }));
    consumer.grantEffects(ledger as TableV2);
    consumer.grantInserts(journal as TableV2);
    const on = (table?: TableV2) => grantsOf(stack).get(JSON.stringify(stack.resolve(table?.tableArn)));
    expect(on(ledger)).toEqual(sorted(EFFECT_ACTIONS));
    expect(on(journal)).toEqual(sorted(INSERT_ACTIONS));
    expect(messageOf(() => consumer.grantEffects(consumer.table.table))).toMatch(/grantEffects got a record table/);
  });
});

describe("cdk-nag, AWS Solutions", () => {
  it("has nothing to say to a stream consumer", () => {
    const stack = emptyStack();
    const tableStream = new TableV2(stack, "Ledger", {
      partitionKey,
      dynamoStream: StreamViewType.NEW_IMAGE,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    });
    streamConsumerIn(stack, { source: { tableStream } });
    const { violations } = new AwsSolutionsChecks(stack.node.root).validateScope(stack.node.root);
    expect(violations).toEqual([]);
  });
});
