// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its references so.
import { describe, expect, test } from "vitest";
import { conditionHolds, parameterDefaults, resolve, type TemplateScope } from "../../lib/local/template.ts";

const scope: TemplateScope = {
  parameters: { "AWS::Region": "eu-west-2", "AWS::StackName": "Shop", Stage: "test", Zones: ["a", "b"] },
  mappings: { Sizes: { test: { memory: 256 } } },
  conditions: {
    IsTest: { "Fn::Equals": [{ Ref: "Stage" }, "test"] },
    IsLive: { "Fn::Not": [{ Condition: "IsTest" }] },
    Either: { "Fn::Or": [{ Condition: "IsTest" }, { Condition: "IsLive" }] },
    Both: { "Fn::And": [{ Condition: "IsTest" }, { Condition: "IsLive" }] },
  },
  resource: (logicalId) =>
    logicalId === "Queue" ? { ref: "http://localhost/q", attributes: { Arn: "arn:q", QueueName: "q" } } : undefined,
  importValue: (name) => `imported ${name}`,
};

describe("intrinsic functions", () => {
  test.each<[string, unknown, unknown]>([
    ["a literal", "text", "text"],
    ["a nested object", { a: [{ Ref: "Stage" }, 1, true, null] }, { a: ["test", 1, true, null] }],
    ["Ref to a parameter", { Ref: "Stage" }, "test"],
    ["Ref to a pseudo parameter", { Ref: "AWS::Region" }, "eu-west-2"],
    ["Ref to a resource", { Ref: "Queue" }, "http://localhost/q"],
    ["Fn::GetAtt as a list", { "Fn::GetAtt": ["Queue", "Arn"] }, "arn:q"],
    ["Fn::GetAtt as a text", { "Fn::GetAtt": "Queue.QueueName" }, "q"],
    ["Fn::Join", { "Fn::Join": ["-", ["a", { Ref: "Stage" }, 7]] }, "a-test-7"],
    ["Fn::Join of a list parameter", { "Fn::Join": [",", { Ref: "Zones" }] }, "a,b"],
    [
      "Fn::Sub",
      { "Fn::Sub": "${AWS::StackName}/${Queue.Arn}/${Queue}/${!Literal}" },
      "Shop/arn:q/http://localhost/q/${Literal}",
    ],
    ["Fn::Sub with variables", { "Fn::Sub": ["${x}-${Stage}", { x: { Ref: "AWS::Region" } }] }, "eu-west-2-test"],
    ["Fn::Select and Fn::Split", { "Fn::Select": [1, { "Fn::Split": [":", "a:b:c"] }] }, "b"],
    ["Fn::Select with a text index", { "Fn::Select": ["2", ["x", "y", "z"]] }, "z"],
    ["Fn::If, true", { "Fn::If": ["IsTest", { Ref: "Stage" }, "no"] }, "test"],
    ["Fn::If, false", { "Fn::If": ["IsLive", { Ref: "Nowhere" }, "no"] }, "no"],
    ["AWS::NoValue in an object", { a: 1, b: { Ref: "AWS::NoValue" } }, { a: 1 }],
    ["AWS::NoValue in a list", [1, { "Fn::If": ["IsLive", 2, { Ref: "AWS::NoValue" }] }], [1]],
    ["AWS::NoValue alone", { Ref: "AWS::NoValue" }, undefined],
    ["Fn::FindInMap", { "Fn::FindInMap": ["Sizes", { Ref: "Stage" }, "memory"] }, 256],
    ["Fn::ImportValue", { "Fn::ImportValue": { "Fn::Sub": "${Stage}:x" } }, "imported test:x"],
    ["Fn::Base64", { "Fn::Base64": "hi" }, "aGk="],
    ["Fn::GetAZs", { "Fn::Select": [0, { "Fn::GetAZs": "" }] }, "eu-west-2a"],
    ["an object with one key that is no function", { Condition: "IsNot" }, { Condition: "IsNot" }],
  ])("%s", (_, value, expected) => {
    expect(resolve(value, scope)).toEqual(expected);
  });

  test.each<[unknown, RegExp]>([
    [{ Ref: "Bucket" }, /"Bucket".*does not run/],
    [{ "Fn::GetAtt": ["Bucket", "Arn"] }, /"Bucket"/],
    [{ "Fn::GetAtt": ["Queue", "Url"] }, /"Url" of resource "Queue".*Arn, QueueName/],
    [{ "Fn::Sub": "${Bucket.Arn}" }, /"Bucket"/],
    [{ "Fn::Select": [3, ["a"]] }, /index 3 of a list of 1/],
    [{ "Fn::FindInMap": ["Sizes", "live", "memory"] }, /Sizes\.live\.memory/],
    [{ "Fn::Cidr": ["10.0.0.0/16", 1] }, /Fn::Cidr/],
    [{ "Fn::If": ["Missing", 1, 2] }, /"Missing"/],
    [{ "Fn::Join": ["", [{ a: 1 }]] }, /a string/],
  ])("%j throws and names the trouble", (value, message) => {
    expect(() => resolve(value, scope)).toThrow(message);
  });

  test("conditions", () => {
    const held = ["IsTest", "IsLive", "Either", "Both"].map((name) => conditionHolds(name, scope));
    expect(held).toEqual([true, false, true, false]);
    expect(conditionHolds(undefined, scope)).toBe(true);
  });

  test("parameters have their defaults", () => {
    const template = { Parameters: { A: { Type: "String", Default: "a" }, B: { Type: "String" } } };
    expect(parameterDefaults(template)).toEqual({ A: "a" });
  });
});
