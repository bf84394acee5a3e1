// Props that are CloudFormation tokens: not judged, but never guessed either.

import { Aws, CfnParameter, Duration, type Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll, describe, expect, it } from "vitest";
import { consumerIn, emptyStack, messageOf, removeOutputs } from "./stacks.ts";

afterAll(removeOutputs);

describe("values that are known at deployment only", () => {
  const parameter = (stack: Stack) => new CfnParameter(stack, "Parameter", { type: "Number" }).valueAsNumber;

  it("are not judged where the rest is given", () => {
    const stack = emptyStack();
    const token = parameter(stack);
    consumerIn(stack, {
      consumerName: Aws.STACK_NAME,
      timeout: Duration.seconds(token),
      visibilityTimeout: Duration.seconds(60),
      maxReceiveCount: token,
      batchSize: token,
      recordLifetime: Duration.days(40),
    });
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Timeout: { Ref: "Parameter" },
      Environment: { Variables: { SEMEL_RETENTION_DAYS: "40", SEMEL_CONSUMER: { Ref: "AWS::StackName" } } },
    });
  });

  it("need a visibility timeout and a lifetime by hand", () => {
    const stack = emptyStack();
    const message = messageOf(() => consumerIn(stack, { timeout: Duration.seconds(parameter(stack)) }));
    expect(message).toContain("visibility timeout cannot be computed");
    expect(message).toContain("set visibilityTimeout to 6 x timeout + maxBatchingWindow");
    expect(message).toContain("records' lifetime cannot be computed");
    expect(message).toContain("set recordLifetime to the dedup horizon");
  });

  it("pass a lifetime in days through", () => {
    const stack = emptyStack();
    consumerIn(stack, { recordLifetime: Duration.days(parameter(stack)) });
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: { SEMEL_RETENTION_DAYS: { Ref: "Parameter" } } },
    });
  });
});
