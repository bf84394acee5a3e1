// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its references so.
// The cloud as a whole: what it makes of a template, and how it says what it can't.
import { DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { type LocalEvent, type LocalOptions, startLocal } from "../../lib/local/index.ts";
import { inlineFunction, queueFor, writeAssembly } from "./assembly-fixture.ts";
import { childrenOf, startFixture, until } from "./cloud-fixture.ts";

const attribute = (name: string) => ({ AttributeName: name, AttributeType: "S" });
const key = (name: string, type: string) => ({ AttributeName: name, KeyType: type });
const table = {
  Type: "AWS::DynamoDB::GlobalTable",
  Properties: {
    AttributeDefinitions: [attribute("pk"), attribute("sk"), attribute("other")],
    KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
    GlobalSecondaryIndexes: [
      { IndexName: "byOther", KeySchema: [key("other", "HASH")], Projection: { ProjectionType: "ALL" } },
    ],
    BillingMode: "PAY_PER_REQUEST",
    StreamSpecification: { StreamViewType: "NEW_IMAGE" },
    TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
    Replicas: [
      { Region: { Ref: "AWS::Region" }, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } },
    ],
    SSESpecification: { KMSMasterKeyId: { Ref: "Key" } },
  },
};
const putItem = `
const { request } = require("node:http");
exports.handler = () => new Promise((resolve, reject) => {
  const authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x";
  const aws = { "x-amz-target": "DynamoDB_20120810.PutItem", "x-amz-date": "20260101T000000Z", authorization };
  const headers = { ...aws, "content-type": "application/x-amz-json-1.0" };
  const body = JSON.stringify({ TableName: process.env.TABLE, Item: { pk: { S: "a" }, sk: { S: "b" } } });
  const call = request(process.env.AWS_ENDPOINT_URL_DYNAMODB, { method: "POST", headers }, (answer) => {
    answer.resume().on("end", () => resolve(answer.statusCode));
  });
  call.on("error", reject).end(body);
});`;

describe("startLocal", () => {
  test("makes tables and queues as the template says, and resolves outputs and imports across stacks", async () => {
    const resources = {
      Table: table,
      ...queueFor({ VisibilityTimeout: 77, DelaySeconds: 3, MessageRetentionPeriod: 3600 }, {}, 4),
      Named: {
        Type: "AWS::SQS::Queue",
        Properties: { FifoQueue: false, QueueName: { "Fn::Join": ["-", [{ Ref: "AWS::StackName" }, "named"]] } },
      },
      Fifo: { Type: "AWS::SQS::Queue", Properties: { FifoQueue: true, ContentBasedDeduplication: true } },
      Function: inlineFunction("exports.handler = async () => 1"),
    };
    const outputs = {
      Url: { Value: { Ref: "Queue" } },
      Literal: { Value: { "Fn::Join": ["", ["x-", { "Fn::GetAtt": ["Named", "QueueName"] }]] } },
      Exported: { Value: { Ref: "Table" }, Export: { Name: { "Fn::Sub": "${AWS::StackName}:Table" } } },
      Lost: { Value: { Ref: "Key" } },
    };
    const importer = inlineFunction(putItem, {
      Environment: { Variables: { TABLE: { "Fn::ImportValue": "First:Table" } } },
    });
    await using fixture = await startFixture(
      // The importing stack first: order in the assembly must not matter.
      { name: "Second", resources: { Importer: importer } },
      { name: "First", resources, outputs },
    );
    const { cloud } = fixture;
    expect(cloud.outputs("First")).toEqual({
      Url: fixture.queueUrl("Queue"),
      Literal: "x-First-named",
      Exported: "First-Table",
    });
    expect(() => cloud.outputs("Third")).toThrow(/"Third".*Second, First/);
    expect(fixture.lines.map(({ text }) => text)).toEqual([expect.stringMatching(/output Lost .*"Key"/)]);

    const dynamodb = new DynamoDBClient(cloud.clientConfig.dynamodb);
    const { Table: made } = await dynamodb.send(new DescribeTableCommand({ TableName: "First-Table" }));
    expect(made).toMatchObject({
      KeySchema: table.Properties.KeySchema,
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
    });
    expect(made?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(["byOther"]);
    const { TimeToLiveDescription: ttl } = await dynamodb.send(
      new DescribeTimeToLiveCommand({ TableName: "First-Table" }),
    );
    expect(ttl).toMatchObject({ AttributeName: "expiresAt", TimeToLiveStatus: "ENABLED" });
    dynamodb.destroy();

    const command = (QueueUrl: string) => new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] });
    const { Attributes: queue } = await fixture.sqs.send(command(fixture.queueUrl("Queue")));
    expect(queue).toMatchObject({ VisibilityTimeout: "77", DelaySeconds: "3", MessageRetentionPeriod: "3600" });
    const { Attributes: dlq } = await fixture.sqs.send(command(fixture.queueUrl("Dlq")));
    expect(JSON.parse(queue?.RedrivePolicy ?? "")).toEqual({ deadLetterTargetArn: dlq?.QueueArn, maxReceiveCount: 4 });
    const { Attributes: fifo } = await fixture.sqs.send(command(fixture.queueUrl("Fifo")));
    expect(fifo).toMatchObject({ FifoQueue: "true", ContentBasedDeduplication: "true" });
    const { Attributes: standard } = await fixture.sqs.send(command(fixture.queueUrl("Named")));
    expect(standard).not.toHaveProperty("FifoQueue"); // SQS refuses a "false"
    expect(fixture.queueUrl("Fifo")).toMatch(/First-Fifo\.fifo$/);

    expect(cloud.dynamodbRequests()).toEqual({});
    expect([await fixture.fn("Importer").invoke({}), await fixture.fn("Importer").invoke({})]).toEqual([200, 200]);
    expect(cloud.dynamodbRequests()).toEqual({ PutItem: 2 });
  });

  test("names each resource it doesn't know in one warning, and leaves out permissions and alarms in silence", async () => {
    const resources = {
      Bucket: { Type: "AWS::S3::Bucket", Metadata: { "aws:cdk:path": "Odd/Bucket/Resource" } },
      Topic: { Type: "AWS::SNS::Topic" },
      Role: { Type: "AWS::IAM::Role" },
      Policy: { Type: "AWS::IAM::Policy" },
      QueuePolicy: { Type: "AWS::SQS::QueuePolicy" },
      Metadata: { Type: "AWS::CDK::Metadata" },
      Logs: { Type: "AWS::Logs::LogGroup" },
      Alarm: { Type: "AWS::CloudWatch::Alarm" },
      Absent: { Type: "AWS::S3::Bucket", Condition: "Never" },
      Python: { Type: "AWS::Lambda::Function", Properties: { Runtime: "python3.13" } },
      Stream: {
        Type: "AWS::Lambda::EventSourceMapping",
        Properties: { EventSourceArn: "arn:aws:kinesis:x", FunctionName: "x" },
      },
      Function: inlineFunction("exports.handler = async () => process.env", {
        Environment: { Variables: { BUCKET: { Ref: "Bucket" }, GOOD: "1" } },
      }),
    };
    await using fixture = await startFixture({
      name: "Odd",
      resources,
      conditions: { Never: { "Fn::Equals": [1, 2] } },
    });
    const warnings = fixture.lines.filter(({ level }) => level === "warn").map(({ text }) => text);
    expect(warnings.sort()).toEqual([
      expect.stringMatching(/^event source Stream .*kinesis/),
      expect.stringMatching(/^function Python .*python3\.13/),
      expect.stringMatching(/^resource Bucket .*AWS::S3::Bucket.*Odd\/Bucket\/Resource/),
      expect.stringMatching(/^resource Topic .*AWS::SNS::Topic/),
      expect.stringMatching(/^variable BUCKET of function Function .*"Bucket"/),
    ]);
    const environment = (await fixture.fn("Function").invoke({})) as Record<string, string>;
    expect(environment["GOOD"]).toBe("1");
    expect("BUCKET" in environment).toBe(false);
  });

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a visibility timeout under the function's", queueFor({ VisibilityTimeout: 2 }, {}, 2), /2 s, less than the 3 s/],
    ["a big batch without a window", queueFor({}, { BatchSize: 11 }, 2), /batch size is 11.*window/],
    ["a batch of none", queueFor({}, { BatchSize: 0 }, 2), /batch size is 0/],
    ["a window that is too long", queueFor({}, { MaximumBatchingWindowInSeconds: 301 }, 2), /301 s/],
    ["a queue that SQS refuses", queueFor({ VisibilityTimeout: 43_201 }, {}, 2), /Cannot create queue "Bad-Queue"/],
    [
      "a table without keys",
      { Table: { Type: "AWS::DynamoDB::Table", Properties: {} } },
      /Cannot create table "Bad-Table"/,
    ],
    [
      "code that is no asset",
      {
        F: {
          ...inlineFunction(""),
          Properties: { Runtime: "nodejs24.x", Handler: "a.b", Code: { S3Key: "gone.zip" } },
        },
      },
      /"gone\.zip" is no asset/,
    ],
  ])("refuses %s, and leaves nothing behind", async (_, resources, message) => {
    await using assembly = await writeAssembly({
      name: "Bad",
      resources: { Function: inlineFunction("exports.handler = async () => 1"), ...resources },
    });
    await expect(startLocal({ assembly: assembly.path, logger: () => {} })).rejects.toThrow(message);
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  test("refuses unknown options and unknown stacks", async () => {
    await using assembly = await writeAssembly({ name: "One", resources: {} });
    await expect(startLocal({ assembly: assembly.path, stack: "One" } as LocalOptions)).rejects.toThrow(
      /unknown option stack/,
    );
    await expect(startLocal({ assembly: assembly.path, stacks: ["Two"] })).rejects.toThrow(/"Two".*has One/);
    await expect(startLocal({ assembly: "/nowhere" })).rejects.toThrow(/no cloud assembly/);
  });

  test("reuses the queues and tables of an engine that runs already", async () => {
    const resources = {
      Table: table,
      ...queueFor({}, {}, 3),
      Function: inlineFunction("exports.handler = async () => null"),
    };
    await using fixture = await startFixture({ name: "Again", resources });
    const others = { ...resources, ...queueFor({ VisibilityTimeout: 99 }, {}, 7) };
    await using assembly = await writeAssembly({ name: "Again", resources: others });
    await using second = await startLocal({
      assembly: assembly.path,
      endpoints: fixture.cloud.endpoints,
      logger: () => {},
    });
    expect(second.endpoints).toEqual(fixture.cloud.endpoints);
    expect(second.queues.map(({ arn }) => arn)).toEqual(fixture.cloud.queues.map(({ arn }) => arn));
    await second.stop();
    // They stay as they were.
    const command = new GetQueueAttributesCommand({ QueueUrl: fixture.queueUrl("Queue"), AttributeNames: ["All"] });
    const { Attributes: queue } = await fixture.sqs.send(command);
    expect([queue?.VisibilityTimeout, JSON.parse(queue?.RedrivePolicy ?? "").maxReceiveCount]).toEqual(["30", 3]);
    await fixture.cloud.idle(); // its engines still run
  });
});

describe("an engine that dies", () => {
  const resources = {
    Table: table,
    ...queueFor({}, {}, 3),
    Function: inlineFunction("exports.handler = async () => null"),
  };

  test("embedded: is reported at once, and idle() rejects", async () => {
    await using fixture = await startFixture({ name: "Dies", resources });
    await fixture.send("Queue", ["x"]);
    await fixture.cloud.idle();
    const engine = (await childrenOf(process.pid)).find(({ command }) => command.includes("dynoxide"));
    process.kill(engine?.pid ?? 0, "SIGKILL");
    await until(() => fixture.events.some(({ kind }) => kind === "engine-failed"));
    expect(fixture.events.at(-1)).toMatchObject({ kind: "engine-failed", engine: "dynamodb" });
    expect(fixture.lines.at(-1)).toMatchObject({
      level: "error",
      text: expect.stringMatching(/dynamodb engine failed.*SIGKILL/),
    });
    await expect(fixture.cloud.idle()).rejects.toThrow(/dynamodb engine failed/);
  });

  test("from outside: is reported when it can't be reached any more", async () => {
    const outside = await startFixture({ name: "Outside", resources: {} });
    await using assembly = await writeAssembly({ name: "Dies", resources });
    const events: LocalEvent[] = [];
    await using cloud = await startLocal({
      assembly: assembly.path,
      endpoints: { sqs: outside.cloud.endpoints.sqs },
      logger: () => {},
      observer: (event) => events.push(event),
    });
    const idle = expect(cloud.idle({ quietMs: 60_000 })).rejects.toThrow();
    await outside[Symbol.asyncDispose]();
    await until(() => events.some(({ kind }) => kind === "engine-failed"));
    expect(events).toEqual([expect.objectContaining({ kind: "engine-failed", engine: "sqs" })]);
    await idle;
    await expect(cloud.idle()).rejects.toThrow(/sqs engine failed/);
  });
});
