// The reference function's stack: what it deploys, and what cdk-nag says to it.

import { RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import { OrdersStack, type OrdersStackProps } from "../../functions/orders/stack.ts";
import { ENTRY, emptyApp, removeOutputs, resourceAt } from "./stacks.ts";

afterAll(removeOutputs);

function ordersStack(props: OrdersStackProps = {}): OrdersStack {
  return new OrdersStack(emptyApp(), "Orders", { entry: ENTRY, ...props });
}

describe("orders stack", () => {
  it("has the ledger, customers and articles tables with their keys", () => {
    const template = Template.fromStack(ordersStack());
    const keys = (id: string) => {
      const { AttributeDefinitions, KeySchema } = resourceAt(template, `Orders/${id}/Resource`).Properties;
      return { AttributeDefinitions, KeySchema };
    };
    expect(keys("Ledger")).toEqual({
      AttributeDefinitions: [
        { AttributeName: "invoiceNo", AttributeType: "S" },
        { AttributeName: "lineNo", AttributeType: "N" },
      ],
      KeySchema: [
        { AttributeName: "invoiceNo", KeyType: "HASH" },
        { AttributeName: "lineNo", KeyType: "RANGE" },
      ],
    });
    for (const [id, key] of [
      ["Customers", "customerId"],
      ["Articles", "stockCode"],
    ] as const) {
      expect(keys(id)).toEqual({
        AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
        KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
      });
    }
  });

  it("gives the function its tables and a short timeout, so that a killed worker costs seconds", () => {
    const stack = ordersStack();
    const template = Template.fromStack(stack);
    const nameOf = (id: string) => {
      const table = stack.node.findChild(id);
      return table instanceof TableV2 ? stack.resolve(table.tableName) : "no table";
    };
    template.hasResourceProperties("AWS::Lambda::Function", {
      Timeout: 2,
      Environment: {
        Variables: {
          LEDGER_TABLE: nameOf("Ledger"),
          CUSTOMERS_TABLE: nameOf("Customers"),
          ARTICLES_TABLE: nameOf("Articles"),
          POWERTOOLS_SERVICE_NAME: "orders",
          POWERTOOLS_METRICS_NAMESPACE: "semel",
          SEMEL_CONSUMER: "orders",
          SEMEL_TABLE: stack.resolve(stack.consumer.table.tableName),
          SEMEL_RETENTION_DAYS: "38",
        },
      },
    });
    expect(resourceAt(template, "Orders/Queue/Resource").Properties["VisibilityTimeout"]).toBe(12);
  });

  it("lets the function write to its three tables", () => {
    const stack = ordersStack();
    const template = Template.fromStack(stack);
    const arnOf = (id: string) => {
      const table = stack.node.findChild(id);
      return table instanceof TableV2 ? stack.resolve(table.tableArn) : "no table";
    };
    for (const id of ["Ledger", "Customers", "Articles"]) {
      const grant = { Action: Match.arrayWith(["dynamodb:PutItem", "dynamodb:UpdateItem"]), Resource: arnOf(id) };
      template.hasResourceProperties("AWS::IAM::Policy", {
        PolicyDocument: { Statement: Match.arrayWith([Match.objectLike(grant)]) },
      });
    }
  });

  it("can restore every table to a point in time", () => {
    const replicas = [Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })];
    const properties = Match.objectLike({ Replicas: replicas });
    Template.fromStack(ordersStack()).resourcePropertiesCountIs("AWS::DynamoDB::GlobalTable", properties, 4);
  });

  it("takes a concurrency", () => {
    const concurrency = (props?: OrdersStackProps) => {
      const mappings = Template.fromStack(ordersStack(props)).findResources("AWS::Lambda::EventSourceMapping");
      return Object.values(mappings).map((each) => each["Properties"].ScalingConfig.MaximumConcurrency);
    };
    expect(concurrency()).toEqual([5]);
    expect(concurrency({ maxConcurrency: 9 })).toEqual([9]);
  });

  it("keeps everything that holds data, or nothing in a demo", () => {
    const policies = (props?: OrdersStackProps) => {
      const resources = Object.values<Record<string, string>>(
        Template.fromStack(ordersStack(props)).toJSON()["Resources"],
      );
      const holdsData = /DynamoDB|SQS::Queue$|Logs/;
      return resources.filter((each) => holdsData.test(each["Type"] ?? "")).map((each) => each["DeletionPolicy"]);
    };
    expect(policies()).toEqual(Array(7).fill("Retain"));
    expect(policies({ removalPolicy: RemovalPolicy.DESTROY })).toEqual(Array(7).fill("Delete"));
  });

  it("prints where to send, and where to look", () => {
    const outputs = Template.fromStack(ordersStack()).toJSON()["Outputs"];
    expect(Object.keys(outputs).sort()).toEqual([
      "ArticlesTable",
      "CustomersTable",
      "DeadLetterQueueUrl",
      "FunctionName",
      "LedgerTable",
      "QueueUrl",
      "RecordTable",
    ]);
    Template.fromStack(ordersStack()).hasOutput("QueueUrl", { Value: { Ref: Match.stringLikeRegexp("^OrdersQueue") } });
  });
});

describe("cdk-nag, AWS Solutions", () => {
  it("has nothing to say to the orders stack, and nothing was acknowledged", () => {
    const { root } = ordersStack().node;
    expect(new AwsSolutionsChecks(root).validateScope(root).violations).toEqual([]);
    const metadata = root.node.findAll().flatMap((each) => each.node.metadata.map(({ type }) => type));
    expect(metadata).not.toContain(Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
  });

  it("does speak up about a plain queue", () => {
    const app = emptyApp();
    new Queue(new Stack(app, "Test"), "Plain");
    const rules = new AwsSolutionsChecks(app).validateScope(app).violations.map((violation) => violation.ruleName);
    expect(rules).toContain("AwsSolutions-SQS4");
  });
});
