// The stack of the pipeline: who may send to whom, and what cdk-nag says to it.

import { RemovalPolicy } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import { PipelineStack, type PipelineStackProps } from "../../functions/pipeline/stack.ts";
import { emptyApp, removeOutputs } from "./stacks.ts";

afterAll(removeOutputs);

const pipelineStack = (props: PipelineStackProps = {}) => new PipelineStack(emptyApp(), "Pipeline", props);

describe("pipeline stack", () => {
  it("tells each function the queue of the next, and the outbox to those that send", () => {
    const stack = pipelineStack();
    const variablesOf = (consumer: PipelineStack["orders"]): Record<string, unknown> => {
      const id = stack.getLogicalId(consumer.function.node.defaultChild as never);
      return Template.fromStack(stack).toJSON()["Resources"][id].Properties.Environment.Variables;
    };
    const [orders, shipments, notifications] = [stack.orders, stack.shipments, stack.notifications].map(variablesOf);
    expect(orders).toMatchObject({ SHIPMENTS_QUEUE_URL: stack.resolve(stack.shipments.queue.queueUrl) });
    expect(shipments).toMatchObject({ NOTIFICATIONS_QUEUE_URL: stack.resolve(stack.notifications.queue.queueUrl) });
    const outbox = { SEMEL_OUTBOX_TABLE: stack.resolve(stack.outbox.table.tableName) };
    for (const sender of [orders, shipments]) expect(sender).toMatchObject(outbox);
    expect(notifications).not.toHaveProperty("SEMEL_OUTBOX_TABLE");
  });

  it("lets the relay send to the two queues behind it, and no function", () => {
    const stack = pipelineStack();
    const policies = Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"));
    const sending = policies.flatMap(({ Properties: { PolicyDocument, Roles } }) =>
      PolicyDocument.Statement.filter(({ Action }: { Action: unknown }) =>
        [Action].flat().includes("sqs:SendMessage"),
      ).map(({ Resource }: { Resource: unknown }) => [Roles[0].Ref, [Resource].flat()]),
    );
    const queues = [stack.shipments.queue, stack.notifications.queue].map(({ queueArn }) => stack.resolve(queueArn));
    const targets = sending.filter(([, resources]) =>
      queues.some((arn) => JSON.stringify(resources).includes(JSON.stringify(arn))),
    );
    expect(targets.map(([role]) => role)).toEqual(targets.map(() => expect.stringContaining("Outbox")));
    expect(JSON.stringify(targets)).toContain(JSON.stringify(queues[0]));
    expect(JSON.stringify(targets)).toContain(JSON.stringify(queues[1]));
  });

  it("has three queues with a short timeout", () => {
    const visible = Template.fromStack(pipelineStack()).findResources("AWS::SQS::Queue", {
      Properties: { VisibilityTimeout: 12 },
    });
    expect(Object.keys(visible)).toHaveLength(3);
    Template.fromStack(pipelineStack({ maxConcurrency: 2 })).resourcePropertiesCountIs(
      "AWS::Lambda::EventSourceMapping",
      { ScalingConfig: { MaximumConcurrency: 2 }, FunctionResponseTypes: Match.anyValue() },
      3,
    );
  });

  it("leaves cdk-nag nothing to say", () => {
    const { root } = pipelineStack().node;
    expect(new AwsSolutionsChecks(root).validateScope(root).violations).toEqual([]);
  });

  it("keeps everything that holds data, or nothing in a demo", () => {
    const policies = (props?: PipelineStackProps) => {
      const template = Template.fromStack(pipelineStack(props));
      const resources = Object.values<Record<string, string>>(template.toJSON()["Resources"]);
      const holdsData = /DynamoDB|SQS::Queue$|Logs/;
      return resources.filter((each) => holdsData.test(each["Type"] ?? "")).map((each) => each["DeletionPolicy"]);
    };
    expect(new Set(policies())).toEqual(new Set(["Retain"]));
    expect(new Set(policies({ removalPolicy: RemovalPolicy.DESTROY }))).toEqual(new Set(["Delete"]));
  });
});
