// The function of a consumer, with its role and its logs.

import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { type ILogGroup, LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { ENVIRONMENT, type REDRIVE } from "../contract.ts";
import { consumerBundling } from "./bundling.ts";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import type { ConsumerFunctionProps } from "./function-props.ts";

const MEMORY_MIB_DEFAULT = 512;

/** What the function needs to know of the consumer. */
export interface FunctionOwner extends ConsumerFunctionProps {
  readonly consumerName: string;
  readonly table: ExactlyOnceTable;
  readonly removalPolicy?: RemovalPolicy;
}

export interface FunctionSettings {
  readonly timeout: Duration;
  /** Undefined: nothing that the function writes has one. */
  readonly recordLifetime: Duration | undefined;
  readonly deadLetterQueue: IQueue;
  /** Of queues only. */
  readonly redrive?: (typeof REDRIVE)[keyof typeof REDRIVE];
}

export function createFunction(
  scope: Construct,
  props: FunctionOwner,
  settings: FunctionSettings,
): { function: NodejsFunction; logGroup: ILogGroup } {
  const logGroup = props.logGroup ?? createLogGroup(scope, props);
  // A role of its own: the managed policy that CDK attaches otherwise may write to every log group of the account.
  const role = new Role(scope, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  const made = new NodejsFunction(scope, "Function", {
    entry: props.entry,
    handler: props.handler ?? "handler",
    runtime: props.runtime ?? Runtime.NODEJS_24_X,
    architecture: props.architecture ?? Architecture.ARM_64,
    memorySize: props.memorySize ?? MEMORY_MIB_DEFAULT,
    timeout: settings.timeout,
    environment: { ...props.environment, ...ownEnvironment(props, settings) },
    bundling: consumerBundling(props.bundling),
    logGroup,
    role,
  });
  return { function: made, logGroup };
}

function ownEnvironment(
  { consumerName, table, strategy }: FunctionOwner,
  { deadLetterQueue, recordLifetime, redrive }: FunctionSettings,
): Record<string, string> {
  return {
    [ENVIRONMENT.consumer]: consumerName,
    [ENVIRONMENT.table]: table.tableName,
    [ENVIRONMENT.deadLetterQueueUrl]: deadLetterQueue.queueUrl,
    ...(recordLifetime && { [ENVIRONMENT.retentionDays]: String(recordLifetime.toDays({ integral: false })) }),
    ...(strategy && { [ENVIRONMENT.strategy]: strategy }),
    ...(redrive && { [ENVIRONMENT.redrive]: redrive }),
  };
}

function createLogGroup(scope: Construct, props: FunctionOwner): LogGroup {
  return new LogGroup(scope, "Logs", {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
  });
}
