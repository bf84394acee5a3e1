// The stacks of the reference functions that keep an order: what they deploy, and what cdk-nag says to them.

import { RemovalPolicy, type Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import { TelemetryStack, type TelemetryStackProps } from "../../functions/telemetry/stack.ts";
import { TransfersStack, type TransfersStackProps } from "../../functions/transfers/stack.ts";
import { EFFECT_ACTIONS, STATE_ACTIONS } from "../../lib/constructs/grants.ts";
import { ENTRY, emptyApp, removeOutputs, resourceAt } from "./stacks.ts";

afterAll(removeOutputs);

const transfersStack = (props: TransfersStackProps = {}) =>
  new TransfersStack(emptyApp(), "Transfers", { entry: ENTRY, ...props });
const telemetryStack = (props: TelemetryStackProps = {}) =>
  new TelemetryStack(emptyApp(), "Telemetry", { entry: ENTRY, ...props });

function tableOf(stack: Stack, id: string): TableV2 {
  const table = stack.node.findChild(id);
  if (!(table instanceof TableV2)) throw new Error(`${id} is no table`);
  return table;
}

function expectGrant(stack: Stack, id: string, actions: readonly string[]): void {
  const grant = { Action: [...actions], Effect: "Allow", Resource: stack.resolve(tableOf(stack, id).tableArn) };
  Template.fromStack(stack).hasResourceProperties("AWS::IAM::Policy", {
    PolicyDocument: { Statement: Match.arrayWith([grant]) },
  });
}

describe("transfers stack", () => {
  it("has FIFO queues, a group each account's own, and a short timeout", () => {
    const template = Template.fromStack(transfersStack());
    const queue = resourceAt(template, "Transfers/Queue/Resource").Properties;
    expect(queue).toMatchObject({ FifoQueue: true, FifoThroughputLimit: "perMessageGroupId", VisibilityTimeout: 12 });
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", { ScalingConfig: { MaximumConcurrency: 5 } });
  });

  it("lets the function write accounts and decisions, and tells it their names", () => {
    const stack = transfersStack();
    for (const id of ["Accounts", "Decisions"]) expectGrant(stack, id, EFFECT_ACTIONS);
    const nameOf = (id: string) => stack.resolve(tableOf(stack, id).tableName);
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: Match.objectLike({ ACCOUNTS_TABLE: nameOf("Accounts"), DECISIONS_TABLE: nameOf("Decisions") }),
      },
    });
  });
});

describe("telemetry stack", () => {
  it("reads the stream of the table of devices, several devices side by side", () => {
    const stack = telemetryStack();
    const template = Template.fromStack(stack);
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      EventSourceArn: stack.resolve(tableOf(stack, "Devices").tableStreamArn),
      ParallelizationFactor: 4,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    expect(resourceAt(template, "Telemetry/Devices/Resource").Properties).toMatchObject({
      KeySchema: [{ AttributeName: "deviceId", KeyType: "HASH" }], // the ordering key is the device
      StreamSpecification: { StreamViewType: "NEW_IMAGE" },
    });
  });

  it("lets the function keep states, and tells it the strategy, but no lifetime", () => {
    const stack = telemetryStack();
    expectGrant(stack, "Statistics", STATE_ACTIONS);
    const [made] = Object.values(Template.fromStack(stack).findResources("AWS::Lambda::Function"));
    expect(made?.["Properties"].Environment.Variables).toMatchObject({ SEMEL_STRATEGY: "watermark" });
    expect(made?.["Properties"].Environment.Variables).not.toHaveProperty("SEMEL_RETENTION_DAYS");
  });
});

describe.each([
  ["transfers", transfersStack],
  ["telemetry", telemetryStack],
] as const)("%s", (_name, stackOf) => {
  it("leaves cdk-nag nothing to say", () => {
    const { root } = stackOf().node;
    expect(new AwsSolutionsChecks(root).validateScope(root).violations).toEqual([]);
  });

  it("keeps everything that holds data, or nothing in a demo", () => {
    const policies = (removalPolicy?: RemovalPolicy) => {
      const template = Template.fromStack(stackOf(removalPolicy === undefined ? {} : { removalPolicy }));
      const resources = Object.values<Record<string, string>>(template.toJSON()["Resources"]);
      const holdsData = /DynamoDB|SQS::Queue$|Logs/;
      return resources.filter((each) => holdsData.test(each["Type"] ?? "")).map((each) => each["DeletionPolicy"]);
    };
    expect(policies()).toEqual(Array(6).fill("Retain"));
    expect(policies(RemovalPolicy.DESTROY)).toEqual(Array(6).fill("Delete"));
  });
});
