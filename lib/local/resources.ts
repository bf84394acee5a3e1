// Which resource types of a template the local cloud runs, and which it leaves out without a word. Pure.
import { isObject, type JsonObject, objectAt, optionalTextAt, textAt } from "./values.ts";

export type RunnableType =
  | "AWS::SQS::Queue"
  | "AWS::DynamoDB::Table"
  | "AWS::DynamoDB::GlobalTable"
  | "AWS::Kinesis::Stream"
  | "AWS::Kinesis::StreamConsumer"
  | "AWS::MSK::Cluster"
  | "AWS::MSK::ServerlessCluster"
  | "AWS::Events::Rule"
  | "AWS::Lambda::Function"
  | "AWS::Lambda::EventSourceMapping";

const RUNNABLE: ReadonlySet<string> = new Set<RunnableType>([
  "AWS::SQS::Queue",
  "AWS::DynamoDB::Table",
  "AWS::DynamoDB::GlobalTable",
  "AWS::Kinesis::Stream",
  "AWS::Kinesis::StreamConsumer",
  "AWS::MSK::Cluster",
  "AWS::MSK::ServerlessCluster",
  "AWS::Events::Rule",
  "AWS::Lambda::Function",
  "AWS::Lambda::EventSourceMapping",
]);

/** Permissions and observation: nothing that runs here depends on them. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "AWS::CDK::Metadata",
  "AWS::CloudWatch::Alarm",
  "AWS::CloudWatch::CompositeAlarm",
  "AWS::CloudWatch::Dashboard",
  "AWS::Kinesis::ResourcePolicy",
  "AWS::Lambda::Permission",
  "AWS::Logs::LogGroup",
  "AWS::SQS::QueuePolicy",
]);
const LEFT_OUT_PREFIX = "AWS::IAM::";

export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly condition: string | undefined;
  /** Not resolved yet. */
  readonly properties: JsonObject;
  /** Path in the construct tree, when CDK wrote it down. */
  readonly path: string | undefined;
}

export function readResources(template: JsonObject): TemplateResource[] {
  return Object.entries(objectAt(template["Resources"], "Resources")).map(([logicalId, declared]) => {
    const resource = objectAt(declared, logicalId);
    const metadata = resource["Metadata"];
    return {
      logicalId,
      type: textAt(resource["Type"], `the type of ${logicalId}`),
      condition: optionalTextAt(resource["Condition"], `the condition of ${logicalId}`),
      properties: objectAt(resource["Properties"], `the properties of ${logicalId}`),
      path: isObject(metadata) ? optionalTextAt(metadata["aws:cdk:path"], "aws:cdk:path") : undefined,
    };
  });
}

export function isRunnable(type: string): type is RunnableType {
  return RUNNABLE.has(type);
}

export function isLeftOutSilently(type: string): boolean {
  return LEFT_OUT.has(type) || type.startsWith(LEFT_OUT_PREFIX);
}
