// What one consumer puts into a template.

import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { afterAll, describe, expect, it } from "vitest";
import { consumerIn, consumerTemplate, emptyStack, removeOutputs, resourceAt } from "./stacks.ts";

afterAll(removeOutputs);

const DAY = 86_400;

describe("queues", () => {
  it("are retained, encrypted, and refuse plain HTTP", () => {
    const template = consumerTemplate();
    for (const path of ["Orders/Queue/Resource", "Orders/DeadLetterQueue/Resource"]) {
      const queue = resourceAt(template, path);
      expect(queue.DeletionPolicy).toBe("Retain");
      expect(queue.UpdateReplacePolicy).toBe("Retain");
      expect(queue.Properties).toMatchObject({ SqsManagedSseEnabled: true, MaximumMessageSize: 1024 * 1024 });
    }
    template.resourcePropertiesCountIs(
      "AWS::SQS::QueuePolicy",
      Match.objectLike({
        PolicyDocument: {
          Statement: [Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } })],
        },
      }),
      2,
    );
  });

  it("have AWS's recommended numbers unless told", () => {
    const template = consumerTemplate();
    const queue = resourceAt(template, "Orders/Queue/Resource").Properties;
    expect(queue).toMatchObject({ VisibilityTimeout: 18, MessageRetentionPeriod: 4 * DAY });
    expect(queue["RedrivePolicy"]).toMatchObject({ maxReceiveCount: 5 });
    expect(queue["RedriveAllowPolicy"]).toEqual({ redrivePermission: "denyAll" });
    expect(queue).not.toHaveProperty("FifoQueue");
    expect(resourceAt(template, "DeadLetterQueue/Resource").Properties["MessageRetentionPeriod"]).toBe(14 * DAY);
  });

  it("send dead letters to the consumer's own dead-letter queue", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack, { maxReceiveCount: 7 });
    const template = Template.fromStack(stack);
    const redrive = resourceAt(template, "Orders/Queue/Resource").Properties["RedrivePolicy"];
    expect(redrive).toEqual({
      maxReceiveCount: 7,
      deadLetterTargetArn: stack.resolve(consumer.deadLetterQueue.queueArn),
    });
  });

  it("go with the stack, as do the logs, only when told so", () => {
    const template = consumerTemplate({ removalPolicy: RemovalPolicy.DESTROY });
    for (const path of ["Orders/Queue/Resource", "Orders/DeadLetterQueue/Resource", "Orders/Logs/Resource"]) {
      expect(resourceAt(template, path).DeletionPolicy).toBe("Delete");
    }
    expect(resourceAt(consumerTemplate(), "Orders/Logs/Resource").DeletionPolicy).toBe("Retain");
  });
});

describe("FIFO queues", () => {
  const PATHS = ["Orders/Queue/Resource", "Orders/DeadLetterQueue/Resource"];

  it("are both FIFO, without a name, and ordinary throughput unless told", () => {
    const template = consumerTemplate({ fifo: true });
    for (const path of PATHS) {
      const { Properties: queue } = resourceAt(template, path);
      expect(queue).toMatchObject({ FifoQueue: true, SqsManagedSseEnabled: true });
      for (const name of ["QueueName", "DeduplicationScope", "FifoThroughputLimit", "ContentBasedDeduplication"]) {
        expect(queue).not.toHaveProperty(name);
      }
    }
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 10,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
  });

  it("take high throughput and deduplication by content", () => {
    const template = consumerTemplate({ fifo: true, fifoHighThroughput: true, contentBasedDeduplication: true });
    for (const path of PATHS) {
      expect(resourceAt(template, path).Properties).toMatchObject({
        FifoQueue: true,
        ContentBasedDeduplication: true,
        DeduplicationScope: "messageGroup",
        FifoThroughputLimit: "perMessageGroupId",
      });
    }
  });
});

describe("event source", () => {
  it("always reports batch item failures", () => {
    consumerTemplate().hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(),
      ScalingConfig: Match.absent(),
    });
  });

  it("takes batch size, window and concurrency", () => {
    consumerTemplate({
      batchSize: 500,
      maxBatchingWindow: Duration.seconds(3),
      maxConcurrency: 7,
    }).hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      BatchSize: 500,
      MaximumBatchingWindowInSeconds: 3,
      ScalingConfig: { MaximumConcurrency: 7 },
    });
  });
});

describe("function", () => {
  it("runs Node.js 24 on ARM for 3 s unless told", () => {
    consumerTemplate().hasResourceProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      MemorySize: 512,
      Timeout: 3,
      Handler: "index.handler",
    });
  });

  it("takes runtime, architecture, memory, timeout and handler", () => {
    consumerTemplate({
      runtime: Runtime.NODEJS_22_X,
      architecture: Architecture.X86_64,
      memorySize: 1024,
      timeout: Duration.seconds(30),
      handler: "consume",
    }).hasResourceProperties("AWS::Lambda::Function", {
      Runtime: "nodejs22.x",
      Architectures: ["x86_64"],
      MemorySize: 1024,
      Timeout: 30,
      Handler: "index.consume",
    });
  });

  it("is told its consumer name, record table, record lifetime and dead-letter queue, beside the user's variables", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack, {
      environment: { LEDGER_TABLE: "ledger" },
      recordLifetime: Duration.hours(960),
    });
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: {
          LEDGER_TABLE: "ledger",
          SEMEL_CONSUMER: "orders",
          SEMEL_TABLE: stack.resolve(consumer.table.tableName),
          SEMEL_RETENTION_DAYS: "40",
          SEMEL_DEAD_LETTER_QUEUE_URL: stack.resolve(consumer.deadLetterQueue.queueUrl),
        },
      },
    });
  });

  it("keeps the fraction of a lifetime that is no whole number of days", () => {
    consumerTemplate({ recordLifetime: Duration.hours(1020) }).hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ SEMEL_RETENTION_DAYS: "42.5" }) },
    });
  });

  it("logs to a group of its own, or to the one given", () => {
    consumerTemplate().hasResourceProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
    const stack = emptyStack();
    const logGroup = new LogGroup(stack, "Mine");
    consumerIn(stack, { logGroup });
    const template = Template.fromStack(stack);
    template.resourceCountIs("AWS::Logs::LogGroup", 1);
    template.hasResourceProperties("AWS::Lambda::Function", {
      LoggingConfig: { LogGroup: stack.resolve(logGroup.logGroupName) },
    });
  });
});

describe("its parts", () => {
  it("are the L2 constructs themselves, so that anything CDK offers can be done with them", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    consumer.function.addEnvironment("ADDED", "later");
    const bucket = new Bucket(stack, "Bucket");
    bucket.grantRead(consumer);
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ ADDED: "later" }) },
    });
    template.hasResourceProperties("AWS::IAM::Policy", {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: Match.arrayWith(["s3:GetObject*"]) })]),
      },
    });
    expect(consumer.queue.node.path).toBe("Test/Orders/Queue");
    expect(consumer.deadLetterQueue.node.path).toBe("Test/Orders/DeadLetterQueue");
    expect(consumer.logGroup.node.path).toBe("Test/Orders/Logs");
    expect(consumer.table.table.node.path).toBe("Test/Records/Table");
    expect(stack.resolve(consumer.eventSource.eventSourceMappingId)).toHaveProperty("Ref");
  });
});
