// What the record table puts into a template, and what it refuses.

import { RemovalPolicy } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import {
  AttributeType,
  CfnGlobalTable,
  MultiRegionConsistency,
  TableEncryptionV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { Key } from "aws-cdk-lib/aws-kms";
import type { ExactlyOnceTableProps } from "semel/constructs";
import { afterAll, describe, expect, it } from "vitest";
import { consumerIn, emptyStack, messageOf, removeOutputs, resourceAt, tableIn } from "./stacks.ts";

afterAll(removeOutputs);

const IN_IRELAND = { env: { account: "111111111111", region: "eu-west-1" } };

function tableResource(props?: ExactlyOnceTableProps) {
  const stack = emptyStack();
  tableIn(stack, props);
  return resourceAt(Template.fromStack(stack), "Records/Table/Resource");
}

describe("record table", () => {
  it("is on demand, with TTL and point-in-time recovery, retained and protected", () => {
    const table = tableResource();
    expect(table.Type).toBe("AWS::DynamoDB::GlobalTable");
    expect(table.DeletionPolicy).toBe("Retain");
    expect(table.UpdateReplacePolicy).toBe("Retain");
    expect(table.Properties).toEqual({
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
      TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
      Replicas: [
        {
          Region: { Ref: "AWS::Region" },
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });

  it("goes with a demo's stack only when told so, and is then not protected", () => {
    const table = tableResource({ removalPolicy: RemovalPolicy.DESTROY });
    expect(table.DeletionPolicy).toBe("Delete");
    expect(table.Properties["Replicas"]).toMatchObject([{ DeletionProtectionEnabled: false }]);
  });

  it("takes protection, name and key", () => {
    const stack = emptyStack(IN_IRELAND);
    const key = new Key(stack, "Key");
    tableIn(stack, {
      deletionProtection: false,
      tableName: "records",
      encryption: TableEncryptionV2.customerManagedKey(key),
    });
    const table = resourceAt(Template.fromStack(stack), "Records/Table/Resource").Properties;
    expect(table).toMatchObject({ TableName: "records", SSESpecification: { SSEType: "KMS" } });
    expect(table["Replicas"]).toMatchObject([{ DeletionProtectionEnabled: false }]);
  });

  it("has its name and ARN", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    expect(table.tableName).toBe(table.table.tableName);
    expect(table.tableArn).toBe(table.table.tableArn);
  });

  it("refuses unknown props", () => {
    const props = { ttl: "expires" } as ExactlyOnceTableProps;
    expect(messageOf(() => tableResource(props))).toMatch(/unknown props ttl; known are tableName, removalPolicy,/);
  });
});

describe("strong multi-Region consistency (T1)", () => {
  it("is refused as a prop", () => {
    const props = { multiRegionConsistency: MultiRegionConsistency.STRONG };
    expect(messageOf(() => tableResource(props))).toMatch(
      /Cannot create ExactlyOnceTable Test\/Records:.*STRONG, and DynamoDB has no transactions there.*MultiRegionConsistency.EVENTUAL/s,
    );
  });

  it("is refused as an override of the L1, too", () => {
    const stack = emptyStack();
    const resource = tableIn(stack).table.node.defaultChild;
    if (!(resource instanceof CfnGlobalTable)) throw new Error("not a CfnGlobalTable");
    resource.multiRegionConsistency = MultiRegionConsistency.STRONG;
    expect(messageOf(() => Template.fromStack(stack))).toMatch(
      /Table Test\/Records\/Table has multiRegionConsistency STRONG, and DynamoDB has no transactions there/,
    );
  });

  it("is refused for a table of effects", () => {
    const stack = emptyStack(IN_IRELAND);
    const ledger = new TableV2(stack, "Ledger", {
      partitionKey: { name: "id", type: AttributeType.STRING },
      multiRegionConsistency: MultiRegionConsistency.STRONG,
      replicas: [{ region: "eu-west-2" }, { region: "eu-west-3" }],
    });
    consumerIn(stack).grantEffects(ledger);
    expect(messageOf(() => Template.fromStack(stack))).toMatch(/Table Test\/Ledger has multiRegionConsistency STRONG/);
  });

  it("EVENTUAL said aloud is fine", () => {
    const props = { multiRegionConsistency: MultiRegionConsistency.EVENTUAL };
    expect(tableResource(props).Properties).not.toHaveProperty("MultiRegionConsistency");
  });
});

describe("replicas (T2)", () => {
  const replicas = [{ region: "eu-central-1" }];

  it("need a home Region", () => {
    expect(messageOf(() => tableIn(emptyStack(IN_IRELAND), { replicas }))).toMatch(
      /replicas in eu-central-1, but no homeRegion.*set homeRegion to the Region of this stack/,
    );
  });

  it("need the home Region to be the stack's", () => {
    expect(messageOf(() => tableIn(emptyStack(IN_IRELAND), { replicas, homeRegion: "eu-central-1" }))).toMatch(
      /homeRegion is eu-central-1, but this stack is in eu-west-1; set homeRegion to eu-west-1, or move the stack/,
    );
  });

  it("stand in the template once it is named", () => {
    const stack = emptyStack(IN_IRELAND);
    tableIn(stack, { replicas, homeRegion: "eu-west-1" });
    const table = resourceAt(Template.fromStack(stack), "Records/Table/Resource").Properties;
    expect(table["Replicas"]).toMatchObject([{ Region: "eu-central-1" }, { Region: "eu-west-1" }]);
  });
});
