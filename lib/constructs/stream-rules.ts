// What a stream consumer's settings must keep for exactly-once effects. Pure: numbers in, rules out. C5 of consumer-rules.ts holds too.
//
//   SC1. A record outlives every copy of its message: record lifetime >= dedup horizon, for which the retention must be known.
//   SC2. A poison record does not block its shard for ever: retries and age are bounded.
//   SC3. What Lambda gave up can still be read where its failure message points to: record age < retention.

import {
  BATCHING_WINDOW_SECONDS_MAX,
  KAFKA_FUNCTION_TIMEOUT_SECONDS_MAX,
  PARALLELIZATION_FACTOR_MAX,
  RECORD_AGE_SECONDS_MAX,
  RECORD_AGE_SECONDS_MIN,
  RETRY_ATTEMPTS_MAX,
  STREAM_BATCH_SIZE_MAX,
} from "../aws/event-source-mapping.ts";
import { FUNCTION_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";
import { type StreamHorizonInput, streamHorizonSeconds } from "../model/dedup-horizon.ts";
import { type ConsumerSettings, nameRules, wholeDays } from "./consumer-rules.ts";
import { atMost, type Known, type Rule } from "./rules.ts";
import { hasNoRecords, type StrategySettings, strategyRules } from "./strategy-rules.ts";

type Named = Pick<ConsumerSettings, "consumerName" | "consumerNameIsToken" | "environmentNames">;
type Terms = { readonly [Term in keyof StreamHorizonInput]: Known };

/** A stream consumer's settings, every default applied. */
export interface StreamSettings extends Named, Terms, StrategySettings {
  readonly kind: "kinesis" | "table" | "kafka";
  /** The table has a stream; true for other sources. */
  readonly hasStream: boolean;
  readonly batchSize: Known;
  readonly retryAttempts: Known;
  readonly parallelizationFactor: Known;
  /** As the user gave it; undefined: none given, or a token. */
  readonly recordLifetimeSeconds: Known;
  readonly startingPosition: string;
  /** Props that the user gave, be they tokens. */
  readonly given: {
    readonly recordLifetime: boolean;
    readonly retention: boolean;
    readonly parallelizationFactor: boolean;
  };
}

/** The dedup horizon, or undefined where one of its terms is a token. */
export function streamHorizon(settings: StreamSettings): Known {
  const { redrives, retentionSeconds, recordAgeSecondsMax, deadLetterRetentionSeconds } = settings;
  const { batchWindowSeconds, functionTimeoutSeconds, producerResendWindowSeconds } = settings;
  const known = [redrives, retentionSeconds, recordAgeSecondsMax, deadLetterRetentionSeconds, batchWindowSeconds];
  if ([...known, functionTimeoutSeconds, producerResendWindowSeconds].includes(undefined)) return undefined;
  return streamHorizonSeconds(settings as StreamHorizonInput);
}

/** All rules of one stream consumer. */
export function streamRules(settings: StreamSettings): Rule[] {
  return [
    ...nameRules(settings),
    ...strategyRules(settings),
    ...sourceRules(settings),
    ...batchRules(settings),
    ...recordRules(settings),
  ];
}

function sourceRules({ kind, hasStream, given, startingPosition, strategy }: StreamSettings): Rule[] {
  return [
    {
      condition: hasStream,
      message:
        "the table of tableStream has no stream; set its stream (dynamoStream) to StreamViewType.NEW_AND_OLD_IMAGES",
    },
    {
      condition: given.retention || hasNoRecords({ strategy }), // SC1
      message:
        "how long the stream keeps a record is not known, because it is imported; set retentionPeriod beside kinesis, to the " +
        "longest that it will have",
    },
    {
      condition: kind !== "table" || startingPosition !== "AT_TIMESTAMP",
      message:
        "startingPosition is AT_TIMESTAMP, which a table's stream has not; set TRIM_HORIZON or LATEST, or leave it out",
    },
    {
      condition: kind !== "kafka" || !given.parallelizationFactor,
      message:
        "parallelizationFactor is for Kinesis and table streams; leave it out, and give the topic more partitions",
    },
  ];
}

function batchRules(settings: StreamSettings): Rule[] {
  const { batchSize, batchWindowSeconds, retryAttempts, parallelizationFactor, functionTimeoutSeconds } = settings;
  const { kind, recordAgeSecondsMax: age, retentionSeconds } = settings;
  const timeoutMax = kind === "kafka" ? KAFKA_FUNCTION_TIMEOUT_SECONDS_MAX : FUNCTION_TIMEOUT_SECONDS_MAX;
  return [
    {
      condition: atMost(functionTimeoutSeconds, timeoutMax),
      message:
        `timeout is ${functionTimeoutSeconds} s; set it to ${timeoutMax} s or less, which is Lambda's limit` +
        (kind === "kafka" ? " for Kafka" : ""),
    },
    {
      condition: isWithin(batchSize, 1, STREAM_BATCH_SIZE_MAX),
      message: `batchSize is ${batchSize}; set it to 1 to ${STREAM_BATCH_SIZE_MAX}`,
    },
    {
      condition: isWithin(batchWindowSeconds, 0, BATCHING_WINDOW_SECONDS_MAX),
      message: `maxBatchingWindow is ${batchWindowSeconds} s; set it to ${BATCHING_WINDOW_SECONDS_MAX} s or less`,
    },
    {
      condition: isWhole(parallelizationFactor) && isWithin(parallelizationFactor, 1, PARALLELIZATION_FACTOR_MAX),
      message: `parallelizationFactor is ${parallelizationFactor}; set it to 1 to ${PARALLELIZATION_FACTOR_MAX}`,
    },
    {
      condition: isWhole(retryAttempts) && isWithin(retryAttempts, 0, RETRY_ATTEMPTS_MAX), // SC2
      message:
        `retryAttempts is ${retryAttempts}; set it to 0 to ${RETRY_ATTEMPTS_MAX}: without a bound one record that always fails ` +
        "holds back its shard until it expires",
    },
    {
      condition: isWithin(age, RECORD_AGE_SECONDS_MIN, RECORD_AGE_SECONDS_MAX), // SC2
      message: `maxRecordAge is ${age} s; set it to ${RECORD_AGE_SECONDS_MIN} s to ${RECORD_AGE_SECONDS_MAX} s (7 days)`,
    },
    {
      condition: age === undefined || retentionSeconds === undefined || age < retentionSeconds, // SC3
      message:
        `maxRecordAge is ${age} s, but the stream keeps a record ${retentionSeconds} s: what is given up would be gone when ` +
        `somebody follows its failure message; set maxRecordAge to less than ${retentionSeconds} s, or leave it out`,
    },
  ];
}

function recordRules(settings: StreamSettings): Rule[] {
  const { redrives, recordLifetimeSeconds } = settings;
  const horizon = streamHorizon(settings);
  return [
    {
      condition: redrives === undefined || (Number.isSafeInteger(redrives) && redrives >= 0),
      message: `redrives is ${redrives}; set it to a whole number, 0 or more`,
    },
    {
      condition:
        settings.given.recordLifetime || horizon !== undefined || !settings.given.retention || hasNoRecords(settings),
      message:
        "the records' lifetime cannot be computed, because a retention, a timeout or redrives is known at deployment " +
        "only; set recordLifetime to the dedup horizon of the largest values that you will deploy",
    },
    {
      condition: hasNoRecords(settings) || atMost(horizon, recordLifetimeSeconds), // SC1
      message:
        `recordLifetime is ${recordLifetimeSeconds} s, but a copy of a message may arrive for ${horizon} s (the dedup ` +
        "horizon: (1 + redrives) x the longer of retention and maxRecordAge + redrives x DLQ retention + batch window + timeout + " +
        `producer's resend window); set recordLifetime to ${horizon} s (${wholeDays(horizon ?? 0)} days) or more, or leave it out`,
    },
  ];
}

function isWithin(value: Known, min: number, max: number): boolean {
  return atMost(min, value) && atMost(value, max);
}

function isWhole(value: Known): boolean {
  return value === undefined || Number.isSafeInteger(value);
}
