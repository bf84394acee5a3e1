// Resolves a stream consumer's props once: every default applied, and the numbers that the rules look at.

import { Duration, Stack, Token } from "aws-cdk-lib";
import { CfnGlobalTable, type ITable } from "aws-cdk-lib/aws-dynamodb";
import { CfnStream } from "aws-cdk-lib/aws-kinesis";
import { StartingPosition } from "aws-cdk-lib/aws-lambda";
import {
  KINESIS_RETENTION_HOURS_DEFAULT,
  RECORD_AGE_SECONDS_MAX,
  STREAM_BATCH_SIZE_DEFAULT,
  TABLE_STREAM_RETENTION_SECONDS,
} from "../aws/event-source-mapping.ts";
import { FUNCTION_TIMEOUT_SECONDS_DEFAULT, QUEUE_RETENTION_SECONDS_MAX } from "../aws/limits.ts";
import { wholeDays } from "./consumer-rules.ts";
import {
  knownNumber,
  knownSeconds,
  PRODUCER_RESEND_WINDOW_DAYS_DEFAULT,
  REDRIVES_DEFAULT,
} from "./consumer-settings.ts";
import type { Known } from "./rules.ts";
import { hasNoRecords } from "./strategy-rules.ts";
import type { ExactlyOnceStreamConsumerProps, KinesisSource, StreamSource } from "./stream-props.ts";
import { type StreamSettings, streamHorizon } from "./stream-rules.ts";

/**
 * With the backoff between them these outlast a trouble of minutes. What always fails in the handler itself is better rejected
 * by a PermanentError, at once.
 */
const RETRY_ATTEMPTS_DEFAULT = 100;
/** Leaves as long again to read what a failure message points to. */
const RECORD_AGE_SHARE_DEFAULT = 1 / 2;
const RECORD_AGE_HOURS_OF_UNKNOWN = 12;

export interface ResolvedStreamProps {
  readonly timeout: Duration;
  readonly startingPosition: StartingPosition;
  readonly batchSize: number;
  readonly parallelizationFactor: number | undefined;
  readonly retryAttempts: number;
  readonly maxRecordAge: Duration;
  readonly deadLetterRetentionPeriod: Duration;
  readonly redrives: number;
  readonly producerResendWindow: Duration;
  /** Undefined for an imported stream without one. */
  readonly retentionPeriod: Duration | undefined;
}

export function resolveStreamProps(props: ExactlyOnceStreamConsumerProps): ResolvedStreamProps {
  const retentionPeriod = retentionOf(props.source);
  return {
    timeout: props.timeout ?? Duration.seconds(FUNCTION_TIMEOUT_SECONDS_DEFAULT),
    startingPosition: props.startingPosition ?? StartingPosition.TRIM_HORIZON,
    batchSize: props.batchSize ?? STREAM_BATCH_SIZE_DEFAULT,
    parallelizationFactor: props.parallelizationFactor,
    retryAttempts: props.retryAttempts ?? RETRY_ATTEMPTS_DEFAULT,
    maxRecordAge: props.maxRecordAge ?? recordAgeDefault(knownSeconds(retentionPeriod)),
    deadLetterRetentionPeriod: props.deadLetterRetentionPeriod ?? Duration.seconds(QUEUE_RETENTION_SECONDS_MAX),
    redrives: props.redrives ?? REDRIVES_DEFAULT,
    producerResendWindow: props.producerResendWindow ?? Duration.days(PRODUCER_RESEND_WINDOW_DAYS_DEFAULT),
    retentionPeriod,
  };
}

/** The numbers that the rules look at; tokens become undefined. */
export function streamSettings(props: ExactlyOnceStreamConsumerProps, resolved: ResolvedStreamProps): StreamSettings {
  const { source } = props;
  return {
    kind: "kinesis" in source ? "kinesis" : "tableStream" in source ? "table" : "kafka",
    hasStream: !("tableStream" in source) || hasStream(source.tableStream),
    consumerName: props.consumerName,
    consumerNameIsToken: Token.isUnresolved(props.consumerName),
    environmentNames: Object.keys(props.environment ?? {}),
    functionTimeoutSeconds: knownSeconds(resolved.timeout),
    batchSize: knownNumber(resolved.batchSize),
    batchWindowSeconds: knownSeconds(props.maxBatchingWindow ?? Duration.seconds(0)),
    retryAttempts: knownNumber(resolved.retryAttempts),
    parallelizationFactor: knownNumber(resolved.parallelizationFactor ?? 1),
    recordAgeSecondsMax: knownSeconds(resolved.maxRecordAge),
    retentionSeconds: knownSeconds(resolved.retentionPeriod),
    deadLetterRetentionSeconds: knownSeconds(resolved.deadLetterRetentionPeriod),
    redrives: knownNumber(resolved.redrives),
    producerResendWindowSeconds: knownSeconds(resolved.producerResendWindow),
    recordLifetimeSeconds: knownSeconds(props.recordLifetime),
    startingPosition: resolved.startingPosition,
    strategy: props.strategy,
    given: {
      recordLifetime: props.recordLifetime !== undefined,
      retention: resolved.retentionPeriod !== undefined,
      parallelizationFactor: props.parallelizationFactor !== undefined,
    },
  };
}

/** The records' lifetime: as given, else the dedup horizon in whole days. Undefined where there are none. */
export function streamRecordLifetime(
  props: ExactlyOnceStreamConsumerProps,
  settings: StreamSettings,
): Duration | undefined {
  if (hasNoRecords(settings)) return undefined;
  return props.recordLifetime ?? Duration.days(wholeDays(streamHorizon(settings) ?? 0));
}

function retentionOf(source: StreamSource): Duration | undefined {
  if ("kinesis" in source) return kinesisRetention(source);
  if ("tableStream" in source) return Duration.seconds(TABLE_STREAM_RETENTION_SECONDS);
  return source.retentionPeriod;
}

/** TableV2 has a stream's ARN also where it has no stream. */
function hasStream(table: ITable): boolean {
  const resource = table.node.defaultChild;
  if (!(resource instanceof CfnGlobalTable)) return table.tableStreamArn !== undefined;
  return Stack.of(resource).resolve(resource.streamSpecification) !== undefined;
}

/** A stream of this app tells by itself; what was said beside it does not count then. */
function kinesisRetention({ kinesis, retentionPeriod }: KinesisSource): Duration | undefined {
  const resource = kinesis.node.defaultChild;
  if (!(resource instanceof CfnStream)) return retentionPeriod;
  return Duration.hours(resource.retentionPeriodHours ?? KINESIS_RETENTION_HOURS_DEFAULT);
}

function recordAgeDefault(retentionSeconds: Known): Duration {
  if (retentionSeconds === undefined) return Duration.hours(RECORD_AGE_HOURS_OF_UNKNOWN);
  return Duration.seconds(Math.min(Math.floor(retentionSeconds * RECORD_AGE_SHARE_DEFAULT), RECORD_AGE_SECONDS_MAX));
}
