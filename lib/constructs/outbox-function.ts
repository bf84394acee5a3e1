// The relay's function: an entry of semel's own, bundled as a consumer's is.

import { createRequire } from "node:module";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { type ILogGroup, LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";
import { consumerBundling } from "./bundling.ts";
import type { OutboxRelayProps, OutboxTarget } from "./outbox-props.ts";

// Beside this folder: .ts in the sources; in the package .js, also for CommonJS. An ES module's bundle has no exports of a CommonJS entry.
const FORM = extname(import.meta.url) === ".ts" ? ".ts" : ".js";
const ENTRY = fileURLToPath(new URL(`../relay/handler${FORM}`, import.meta.url));
const MEMORY_MIB_DEFAULT = 512;
/** Clients that only some relays need. */
const SNS_CLIENT = "@aws-sdk/client-sns";
const EVENTBRIDGE_CLIENT = "@aws-sdk/client-eventbridge";

export interface OutboxFunction {
  readonly function: NodejsFunction;
  readonly logGroup: ILogGroup;
}

export interface OutboxFunctionSettings {
  readonly timeout: Duration;
  readonly environment: Record<string, string>;
}

export function createOutboxFunction(
  scope: Construct,
  props: OutboxRelayProps,
  { timeout, environment }: OutboxFunctionSettings,
): OutboxFunction {
  const logGroup = props.logGroup ?? createLogGroup(scope, props);
  // A role of its own: the managed policy that CDK attaches otherwise may write to every log group of the account.
  const role = new Role(scope, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  logGroup.grantWrite(role);
  const needed = packagesOf(props.targets);
  const externalModules = [SNS_CLIENT, EVENTBRIDGE_CLIENT].filter((name) => !needed.includes(name));
  const made = new NodejsFunction(scope, "Function", {
    entry: ENTRY,
    handler: "handler",
    runtime: props.runtime ?? Runtime.NODEJS_24_X,
    architecture: props.architecture ?? Architecture.ARM_64,
    memorySize: props.memorySize ?? MEMORY_MIB_DEFAULT,
    timeout,
    environment,
    bundling: consumerBundling({ externalModules }),
    logGroup,
    role,
  });
  return { function: made, logGroup };
}

/** Of those that the targets need, what cannot be found where the bundle is made. */
export function missingPackages(targets: readonly OutboxTarget[]): string[] {
  const fromEntry = createRequire(ENTRY);
  return packagesOf(targets).filter((name) => {
    try {
      fromEntry.resolve(name);
      return false;
    } catch {
      return true;
    }
  });
}

function packagesOf(targets: readonly OutboxTarget[]): string[] {
  return [
    ...(targets.some((target) => "topicArn" in target) ? [SNS_CLIENT] : []),
    ...(targets.some((target) => "eventBusArn" in target) ? [EVENTBRIDGE_CLIENT] : []),
  ];
}

function createLogGroup(scope: Construct, { removalPolicy }: OutboxRelayProps): LogGroup {
  return new LogGroup(scope, "Logs", {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: removalPolicy ?? RemovalPolicy.RETAIN,
  });
}
