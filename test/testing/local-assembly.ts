// A cloud assembly that CDK might have written, in a second: a semel consumer, bundled, and what else tests ask for.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, stop } from "esbuild";
import { assetFunction, type Fixture, inlineFunction, writeAssembly } from "../local/assembly-fixture.ts";

const table = (partitionKey: string, more: Record<string, unknown> = {}) => ({
  Type: "AWS::DynamoDB::Table",
  Properties: {
    AttributeDefinitions: [{ AttributeName: partitionKey, AttributeType: "S" }],
    KeySchema: [{ AttributeName: partitionKey, KeyType: "HASH" }],
    ...more,
  },
});
const queue = (properties: Record<string, unknown> = {}) => ({ Type: "AWS::SQS::Queue", Properties: properties });
const redriveTo = (logicalId: string, maxReceiveCount: number) => ({
  RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": [logicalId, "Arn"] }, maxReceiveCount },
});
const mapping = (queueId: string, functionId: string) => ({
  Type: "AWS::Lambda::EventSourceMapping",
  Properties: {
    EventSourceArn: { "Fn::GetAtt": [queueId, "Arn"] },
    FunctionName: { Ref: functionId },
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    ScalingConfig: { MaximumConcurrency: 2 },
  },
});

const ECHO = `exports.handler = async (event) => {
  console.log("echo", JSON.stringify(event));
  if (event.fails) throw new TypeError("as asked");
  return { event, variables: process.env, named: NAMED };
};
const NAMED = `;
const ECHO_CODE = { "Fn::Join": ["", [ECHO, '"', { Ref: "Named2A2B3C4D" }, '";']] };
const THROWS = `exports.handler = async () => { throw new Error("always"); };`;

const RESOURCES = {
  Records0A1B2C3D: table("pk"),
  Totals1A2B3C4D: table("customer"),
  Named2A2B3C4D: table("pk", { TableName: "named-table" }),
  OrdersQueue3A2B3C4D: queue({ VisibilityTimeout: 5, ...redriveTo("OrdersDeadLetterQueue4A2B3C4D", 5) }),
  OrdersDeadLetterQueue4A2B3C4D: queue(),
  OrdersFunction5A2B3C4D: assetFunction("totals", {
    Timeout: 5,
    Environment: {
      Variables: {
        SEMEL_CONSUMER: "totals",
        SEMEL_TABLE: { Ref: "Records0A1B2C3D" },
        SEMEL_RETENTION_DAYS: "30",
        SEMEL_DEAD_LETTER_QUEUE_URL: { Ref: "OrdersDeadLetterQueue4A2B3C4D" },
        TOTALS_TABLE: { Ref: "Totals1A2B3C4D" },
      },
    },
  }),
  OrdersMapping6A2B3C4D: mapping("OrdersQueue3A2B3C4D", "OrdersFunction5A2B3C4D"),
  ThrowsQueue7A2B3C4D: queue({ VisibilityTimeout: 1, ...redriveTo("ThrowsDead8A2B3C4D", 1) }),
  ThrowsDead8A2B3C4D: queue(),
  ThrowsFunction9A2B3C4D: inlineFunction(THROWS, { Timeout: 1 }),
  ThrowsMappingAA2B3C4D: mapping("ThrowsQueue7A2B3C4D", "ThrowsFunction9A2B3C4D"),
  Notes0B2B3C4D: queue({ QueueName: "notes" }),
  NotesOfOld0B2B3C4E: queue({ QueueName: "notes-of-old" }),
  Audit1B2B3C4D: queue({ FifoQueue: true, QueueName: "audit.fifo" }),
  Echo2B2B3C4D: inlineFunction(ECHO_CODE, {
    FunctionName: "echo",
    Environment: { Variables: { LITERAL: "named-table", REFERENCE: { Ref: "Named2A2B3C4D" } } },
  }),
};

export const STACK = "Shop";

export async function writeShop(): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), "semel-bundle-"));
  const outfile = join(folder, "index.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "totals-handler.ts")],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    outfile,
    conditions: ["@semel/source", "module"],
    mainFields: ["module", "main"],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  await stop(); // its process: some tests look for those that are left
  const code = await readFile(outfile, "utf8");
  await rm(folder, { recursive: true });
  const outputs = { Named: { Value: { Ref: "Named2A2B3C4D" } } };
  return writeAssembly({ name: STACK, resources: RESOURCES, outputs, assets: { totals: { "index.mjs": code } } });
}
