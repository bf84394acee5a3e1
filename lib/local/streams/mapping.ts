// What a template says about an event source mapping of a stream, checked as AWS checks it.
import {
  BATCHING_WINDOW_SECONDS_MAX,
  PARALLELIZATION_FACTOR_MAX,
  RECORD_AGE_SECONDS_MAX,
  RECORD_AGE_SECONDS_MIN,
  REPORT_BATCH_ITEM_FAILURES,
  RETRY_ATTEMPTS_MAX,
  STREAM_BATCH_SIZE_DEFAULT,
  STREAM_BATCH_SIZE_MAX,
} from "../../aws/event-source-mapping.ts";
import { localError, reason } from "../local-error.ts";
import type { TemplateResource } from "../resources.ts";
import type { StackRun, Warn } from "../stack-run.ts";
import { resolve } from "../template.ts";
import { integerAt, listAt, objectAt, optionalTextAt, textAt } from "../values.ts";
import type { RetryRules } from "./attempts.ts";
import { type Filter, readFilterCriteria } from "./filter-criteria.ts";

/** What all kinds of streams have in common. */
export interface StreamMapping {
  readonly logicalId: string;
  readonly stackName: string;
  /** Of the stream. */
  readonly arn: string;
  /** In messages: "stream arn:…". */
  readonly source: string;
  /** Name or ARN. */
  readonly functionName: string;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly parallelizationFactor: number;
  /** Undefined: until the record expires. */
  readonly recordAgeMsMax: number | undefined;
  readonly rules: RetryRules;
  readonly reportsFailures: boolean;
  /** ARN. */
  readonly onFailure: string | undefined;
}

/** A mapping of a template. */
export interface MappingResource {
  readonly resource: TemplateResource;
  readonly run: Pick<StackRun, "name" | "scope" | "rename">;
  readonly warn: Warn;
}

/** The EventSourceArn of a mapping that is on. Undefined too where it can't be resolved, which has been warned of. */
export function sourceArnOf({ resource, run }: MappingResource): string | undefined {
  const { properties } = resource;
  if (String(properties["Enabled"] ?? true) === "false") return undefined;
  try {
    resolve(properties["FunctionName"], run.scope);
    return textAt(resolve(properties["EventSourceArn"], run.scope), "EventSourceArn");
  } catch {
    return undefined;
  }
}

export function readMapping(
  { resource, run, warn }: MappingResource,
  { arn, source }: Pick<StreamMapping, "arn" | "source">,
): StreamMapping {
  const { logicalId, properties } = resource;
  let onFailure: string | undefined;
  try {
    const config = objectAt(resolve(properties["DestinationConfig"], run.scope), "DestinationConfig");
    onFailure = optionalTextAt(objectAt(config["OnFailure"], "OnFailure")["Destination"], "Destination");
  } catch (thrown) {
    warn(`event source ${logicalId} runs without its on-failure destination: ${reason(thrown)}`);
  }
  if (properties["TumblingWindowInSeconds"] !== undefined)
    warn(`event source ${logicalId} runs without its TumblingWindowInSeconds: it is not known here`);
  const number = (name: string, otherwise: number): number =>
    integerAt(properties[name], `${name} of ${logicalId}`, otherwise);
  const check = createCheck(logicalId);
  const retries = number("MaximumRetryAttempts", -1);
  const ageSeconds = number("MaximumRecordAgeInSeconds", -1);
  if (ageSeconds !== -1) check("record age", ageSeconds, [RECORD_AGE_SECONDS_MIN, RECORD_AGE_SECONDS_MAX]);
  const types = listAt(properties["FunctionResponseTypes"], `FunctionResponseTypes of ${logicalId}`);
  return {
    logicalId,
    stackName: run.name,
    arn,
    source,
    functionName: textAt(resolve(properties["FunctionName"], run.scope), `FunctionName of ${logicalId}`),
    batchSize: check("batch size", number("BatchSize", STREAM_BATCH_SIZE_DEFAULT), [1, STREAM_BATCH_SIZE_MAX]),
    windowMs:
      check("batching window", number("MaximumBatchingWindowInSeconds", 0), [0, BATCHING_WINDOW_SECONDS_MAX]) * 1000,
    parallelizationFactor: check("parallelization factor", number("ParallelizationFactor", 1), [
      1,
      PARALLELIZATION_FACTOR_MAX,
    ]),
    recordAgeMsMax: ageSeconds === -1 ? undefined : ageSeconds * 1000,
    rules: {
      bisects: String(properties["BisectBatchOnFunctionError"] ?? false) === "true",
      retriesMax: check("number of retries", retries, [-1, RETRY_ATTEMPTS_MAX]) === -1 ? undefined : retries,
    },
    reportsFailures: types.includes(REPORT_BATCH_ITEM_FAILURES),
    onFailure,
  };
}

/** Of some streams only a part of a record is looked at. */
export function readFilter({ resource, run }: MappingResource, part?: string): Filter {
  return readFilterCriteria(resolve(resource.properties["FilterCriteria"], run.scope), resource.logicalId, part);
}

export function startingPositionAt<P extends string>({ resource }: MappingResource, allowed: readonly P[]): P {
  const value = resource.properties["StartingPosition"];
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  throw localError(
    `Cannot start event source ${resource.logicalId}: its starting position is ${JSON.stringify(value)}; ` +
      `allowed: ${allowed.join(", ")}`,
  );
}

/** Where a mapping of Kinesis or Kafka begins. */
export type StartingPosition = "TRIM_HORIZON" | "LATEST" | { readonly sinceMs: number };

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (StartingPositionTimestamp) */
export function startingPositionOrTimeAt(given: MappingResource): StartingPosition {
  const position = startingPositionAt(given, ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]);
  const { StartingPositionTimestamp: timestamp } = given.resource.properties;
  const refuse = (what: string) => localError(`Cannot start event source ${given.resource.logicalId}: ${what}`);
  if (position !== "AT_TIMESTAMP") {
    if (timestamp === undefined) return position;
    throw refuse(`it has a StartingPositionTimestamp, but its starting position is ${position}; set AT_TIMESTAMP`);
  }
  const seconds = Number(timestamp ?? Number.NaN);
  if (seconds >= 0 && seconds * 1000 <= Date.now()) return { sinceMs: Math.round(seconds * 1000) };
  throw refuse(
    `its StartingPositionTimestamp is ${JSON.stringify(timestamp)}; allowed: a Unix time in seconds, not in the future`,
  );
}

function createCheck(logicalId: string) {
  return (what: string, value: number, [min, max]: readonly [number, number]): number => {
    if (value >= min && value <= max) return value;
    throw localError(`Cannot start event source ${logicalId}: its ${what} is ${value}; allowed: ${min} to ${max}`);
  };
}
