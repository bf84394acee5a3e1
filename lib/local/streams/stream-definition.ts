// What a template says about an event source mapping of a table's stream, checked as AWS checks it.
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
import { isTableStream } from "../event-source-definition.ts";
import { localError, reason } from "../local-error.ts";
import type { TemplateResource } from "../resources.ts";
import type { Warn } from "../stack-run.ts";
import { resolve, type TemplateScope } from "../template.ts";
import { integerAt, listAt, objectAt, optionalTextAt, textAt } from "../values.ts";
import type { RetryRules } from "./attempts.ts";
import { type Filter, readFilterCriteria } from "./filter-criteria.ts";

export interface StreamDefinition {
  readonly logicalId: string;
  readonly streamArn: string;
  /** Name or ARN. */
  readonly functionName: string;
  readonly startingPosition: "TRIM_HORIZON" | "LATEST";
  readonly batchSize: number;
  readonly windowMs: number;
  readonly parallelizationFactor: number;
  /** What does not pass is done. */
  readonly passes: Filter;
  /** Undefined: until the record expires. */
  readonly recordAgeMsMax: number | undefined;
  readonly rules: RetryRules;
  readonly reportsFailures: boolean;
  /** ARN. */
  readonly onFailure: string | undefined;
}

/** Undefined for a mapping of anything else, which has been warned of. */
export function defineStream(
  { logicalId, properties }: TemplateResource,
  scope: TemplateScope,
  warn: Warn,
): StreamDefinition | undefined {
  if (String(properties["Enabled"] ?? true) === "false") return undefined;
  let streamArn: string;
  let functionName: string;
  let onFailure: string | undefined;
  try {
    streamArn = textAt(resolve(properties["EventSourceArn"], scope), "EventSourceArn");
    functionName = textAt(resolve(properties["FunctionName"], scope), "FunctionName");
  } catch {
    return undefined;
  }
  if (!isTableStream(streamArn)) return undefined;
  try {
    const config = objectAt(resolve(properties["DestinationConfig"], scope), "DestinationConfig");
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
    streamArn,
    functionName,
    startingPosition: positionAt(properties["StartingPosition"], logicalId),
    batchSize: check("batch size", number("BatchSize", STREAM_BATCH_SIZE_DEFAULT), [1, STREAM_BATCH_SIZE_MAX]),
    windowMs:
      check("batching window", number("MaximumBatchingWindowInSeconds", 0), [0, BATCHING_WINDOW_SECONDS_MAX]) * 1000,
    parallelizationFactor: check("parallelization factor", number("ParallelizationFactor", 1), [
      1,
      PARALLELIZATION_FACTOR_MAX,
    ]),
    passes: readFilterCriteria(resolve(properties["FilterCriteria"], scope), logicalId),
    recordAgeMsMax: ageSeconds === -1 ? undefined : ageSeconds * 1000,
    rules: {
      bisects: String(properties["BisectBatchOnFunctionError"] ?? false) === "true",
      retriesMax: check("number of retries", retries, [-1, RETRY_ATTEMPTS_MAX]) === -1 ? undefined : retries,
    },
    reportsFailures: types.includes(REPORT_BATCH_ITEM_FAILURES),
    onFailure,
  };
}

function positionAt(value: unknown, logicalId: string): StreamDefinition["startingPosition"] {
  if (value === "TRIM_HORIZON" || value === "LATEST") return value;
  const seen = JSON.stringify(value);
  throw localError(
    `Cannot start event source ${logicalId}: its starting position is ${seen}; allowed: TRIM_HORIZON, LATEST`,
  );
}

function createCheck(logicalId: string) {
  return (what: string, value: number, [min, max]: readonly [number, number]): number => {
    if (value >= min && value <= max) return value;
    throw localError(`Cannot start event source ${logicalId}: its ${what} is ${value}; allowed: ${min} to ${max}`);
  };
}
