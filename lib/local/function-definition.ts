// What a template says about a function, resolved. Pure, but for the paths it is given.
import { FUNCTION_MEMORY_MB_DEFAULT } from "../aws/lambda-runtime.ts";
import { FUNCTION_TIMEOUT_SECONDS_DEFAULT } from "../aws/limits.ts";
import type { Identity } from "./identity.ts";
import { reason } from "./local-error.ts";
import type { TemplateResource } from "./resources.ts";
import { resolve, type TemplateScope } from "./template.ts";
import { integerAt, type JsonObject, objectAt, optionalTextAt, textAt } from "./values.ts";

export interface FunctionDefinition {
  readonly name: string;
  readonly logicalId: string;
  readonly stackName: string;
  readonly arn: string;
  readonly handler: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly code: FunctionCode;
  /** The template's variables, resolved. */
  readonly environment: Readonly<Record<string, string>>;
}

export type FunctionCode = { kind: "asset"; key: string } | { kind: "inline"; source: string };

export interface DefinitionInput {
  readonly name: string;
  readonly arn: string;
  readonly stackName: string;
  readonly resource: TemplateResource;
  readonly scope: TemplateScope;
  readonly warn: (text: string) => void;
}

/** Undefined, with a warning, for what is no Node.js function. */
export function defineFunction(input: DefinitionInput): FunctionDefinition | undefined {
  const { name, arn, stackName, scope, warn } = input;
  const { logicalId, properties } = input.resource;
  const runtime = optionalTextAt(resolve(properties["Runtime"], scope), `Runtime of ${logicalId}`);
  if (!runtime?.startsWith("nodejs")) {
    warn(`function ${logicalId} is left out: its runtime is ${runtime ?? "a container image"}; only nodejs runs here`);
    return undefined;
  }
  if (properties["Layers"] !== undefined)
    warn(`function ${logicalId} runs without its layers: they are not known here`);
  const seconds = integerAt(properties["Timeout"], `Timeout of ${logicalId}`, FUNCTION_TIMEOUT_SECONDS_DEFAULT);
  return {
    name,
    arn,
    logicalId,
    stackName,
    handler: textAt(resolve(properties["Handler"], scope), `Handler of ${logicalId}`),
    timeoutMs: seconds * 1000,
    memoryMb: integerAt(properties["MemorySize"], `MemorySize of ${logicalId}`, FUNCTION_MEMORY_MB_DEFAULT),
    code: codeOf(objectAt(properties["Code"], `Code of ${logicalId}`), logicalId, scope),
    environment: variablesOf(input),
  };
}

function codeOf(code: JsonObject, logicalId: string, scope: TemplateScope): FunctionCode {
  const inline = optionalTextAt(resolve(code["ZipFile"], scope), `ZipFile of ${logicalId}`);
  if (inline !== undefined) return { kind: "inline", source: inline };
  return { kind: "asset", key: textAt(resolve(code["S3Key"], scope), `S3Key of ${logicalId}`) };
}

function variablesOf({ resource, scope, warn }: DefinitionInput): Record<string, string> {
  const where = `Environment of ${resource.logicalId}`;
  const declared = objectAt(objectAt(resource.properties["Environment"], where)["Variables"], where);
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(declared)) {
    try {
      const resolved = resolve(value, scope);
      if (resolved !== undefined) variables[name] = textAt(resolved, `variable ${name} of ${resource.logicalId}`);
    } catch (thrown) {
      warn(`variable ${name} of function ${resource.logicalId} is left out: ${reason(thrown)}`);
    }
  }
  return variables;
}

export interface EnvironmentInput {
  readonly definition: FunctionDefinition;
  readonly taskRoot: string;
  readonly runtimeApi: string;
  readonly identity: Identity;
  readonly endpoints: { readonly dynamodb: string; readonly sqs: string };
  /** By how much the worker's clock is wrong. */
  readonly clockSkewMs: number;
  /** The DynamoDB engine is ours. */
  readonly isEmbedded: boolean;
  /** What the URLs of queues begin with. */
  readonly sqsEngine: string;
  /** An endpoint from outside. */
  readonly kinesis: string | undefined;
  readonly path: string | undefined;
}

/** A worker's whole environment: nothing of ours leaks in. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
export function workerEnvironment(input: EnvironmentInput): Record<string, string> {
  const { definition, identity, endpoints, sqsEngine } = input;
  // SDK clients go where a queue's URL points to: that must be the worker's own way to SQS.
  const variables = Object.entries(definition.environment).map(([name, value]) => [
    name,
    value.replaceAll(`${sqsEngine}/`, `${endpoints.sqs}/`),
  ]);
  return {
    ...Object.fromEntries(variables),
    ...identity.environment,
    ...(input.path === undefined ? {} : { PATH: input.path }),
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    AWS_REGION: identity.region,
    AWS_DEFAULT_REGION: identity.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split(".")[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/${definition.name}`,
    AWS_LAMBDA_RUNTIME_API: input.runtimeApi,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    // Another host on AWS, the same one here.
    ...(input.isEmbedded ? { AWS_ENDPOINT_URL_DYNAMODB_STREAMS: endpoints.dynamodb } : {}),
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    ...(input.kinesis === undefined ? {} : { AWS_ENDPOINT_URL_KINESIS: input.kinesis }),
    ...(input.clockSkewMs === 0 ? {} : { SEMEL_CLOCK_SKEW_MS: String(input.clockSkewMs) }),
    LAMBDA_TASK_ROOT: input.taskRoot,
    _HANDLER: definition.handler,
  };
}
