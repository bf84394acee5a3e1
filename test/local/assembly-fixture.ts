// biome-ignore-all lint/suspicious/noTemplateCurlyInString: CloudFormation writes its references so.
// Writes small cloud assemblies by hand, so that these tests need no CDK.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface FixtureStack {
  readonly name: string;
  readonly resources: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly conditions?: Record<string, unknown>;
  /** Files of an asset by the asset's id, which is the S3 key without ".zip". */
  readonly assets?: Record<string, Record<string, string>>;
}

export interface Fixture extends AsyncDisposable {
  readonly path: string;
}

export async function writeAssembly(...stacks: readonly FixtureStack[]): Promise<Fixture> {
  const path = await mkdtemp(join(tmpdir(), "semel-test-"));
  const artifacts: Record<string, unknown> = {};
  for (const { name, resources, outputs = {}, conditions = {}, assets = {} } of stacks) {
    const template = { Conditions: conditions, Resources: resources, Outputs: outputs };
    await writeFile(join(path, `${name}.template.json`), JSON.stringify(template));
    const files: Record<string, unknown> = {};
    for (const [id, contents] of Object.entries(assets)) {
      const folder = `asset.${id}`;
      for (const [file, text] of Object.entries(contents)) {
        await mkdir(dirname(join(path, folder, file)), { recursive: true });
        await writeFile(join(path, folder, file), text);
      }
      const destinations = { current: { bucketName: "assets", objectKey: `${id}.zip` } };
      files[id] = { source: { path: folder, packaging: "zip" }, destinations };
    }
    await writeFile(join(path, `${name}.assets.json`), JSON.stringify({ version: "36.0.0", files }));
    artifacts[`${name}.assets`] = { type: "cdk:asset-manifest", properties: { file: `${name}.assets.json` } };
    const properties = { templateFile: `${name}.template.json` };
    artifacts[name] = { type: "aws:cloudformation:stack", properties };
  }
  await writeFile(join(path, "manifest.json"), JSON.stringify({ version: "36.0.0", artifacts }));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The source may be put together by intrinsic functions. */
export function inlineFunction(
  source: string | Record<string, unknown>,
  properties: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    Type: "AWS::Lambda::Function",
    Properties: { Code: { ZipFile: source }, Handler: "index.handler", Runtime: "nodejs24.x", ...properties },
  };
}

export function assetFunction(assetId: string, properties: Record<string, unknown> = {}): Record<string, unknown> {
  const code = { S3Bucket: { "Fn::Sub": "assets-${AWS::AccountId}" }, S3Key: `${assetId}.zip` };
  return {
    Type: "AWS::Lambda::Function",
    Properties: { Code: code, Handler: "index.handler", Runtime: "nodejs24.x", ...properties },
  };
}

/** A queue "Queue" with its "Dlq", and a mapping from it to the function "Function". */
export function queueFor(
  queue: Record<string, unknown>,
  mapping: Record<string, unknown>,
  maxReceiveCount: number,
): Record<string, unknown> {
  return {
    // In this order a redrive policy refers forward.
    Queue: {
      Type: "AWS::SQS::Queue",
      Properties: {
        RedrivePolicy: { deadLetterTargetArn: { "Fn::GetAtt": ["Dlq", "Arn"] }, maxReceiveCount },
        ...queue,
      },
    },
    Dlq: { Type: "AWS::SQS::Queue", Properties: { MessageRetentionPeriod: 1209600 } },
    Mapping: {
      Type: "AWS::Lambda::EventSourceMapping",
      Properties: {
        EventSourceArn: { "Fn::GetAtt": ["Queue", "Arn"] },
        FunctionName: { Ref: "Function" },
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        ...mapping,
      },
    },
  };
}
