// Resolves a consumer's props once: every default applied, and the numbers that the rules look at.

import { Duration, Token } from "aws-cdk-lib";
import {
  EVENT_SOURCE_BATCH_SIZE_DEFAULT,
  FUNCTION_TIMEOUT_SECONDS_DEFAULT,
  MAX_RECEIVE_COUNT_MIN,
  QUEUE_RETENTION_SECONDS_DEFAULT,
  QUEUE_RETENTION_SECONDS_MAX,
} from "../aws/limits.ts";
import type { ExactlyOnceConsumerProps } from "./consumer-props.ts";
import { type ConsumerSettings, horizonSeconds, visibilityTimeoutSecondsMin, wholeDays } from "./consumer-rules.ts";
import type { Known } from "./rules.ts";
import { hasNoRecords } from "./strategy-rules.ts";

/** Longest resend that a producer is granted unless told: a day covers DynamoDB Streams' retention, which feeds relays. */
export const PRODUCER_RESEND_WINDOW_DAYS_DEFAULT = 1;
export const REDRIVES_DEFAULT = 1;
const FIFO_ONLY = ["fifoHighThroughput", "contentBasedDeduplication"] as const;

/** Props with every default that needs no other prop. */
export interface ResolvedProps {
  readonly timeout: Duration;
  readonly retentionPeriod: Duration;
  readonly deadLetterRetentionPeriod: Duration;
  readonly maxReceiveCount: number;
  readonly batchSize: number;
  readonly redrives: number;
  readonly producerResendWindow: Duration;
  /** Undefined only where it cannot be computed, which a rule reports. */
  readonly visibilityTimeout: Duration | undefined;
}

export function resolveProps(props: ExactlyOnceConsumerProps): ResolvedProps {
  const timeout = props.timeout ?? Duration.seconds(FUNCTION_TIMEOUT_SECONDS_DEFAULT);
  return {
    timeout,
    retentionPeriod: props.retentionPeriod ?? Duration.seconds(QUEUE_RETENTION_SECONDS_DEFAULT),
    deadLetterRetentionPeriod: props.deadLetterRetentionPeriod ?? Duration.seconds(QUEUE_RETENTION_SECONDS_MAX),
    maxReceiveCount: props.maxReceiveCount ?? MAX_RECEIVE_COUNT_MIN,
    batchSize: props.batchSize ?? EVENT_SOURCE_BATCH_SIZE_DEFAULT,
    redrives: props.redrives ?? (props.redrive === undefined ? REDRIVES_DEFAULT : 0), // WR2 of strategy-rules.ts
    producerResendWindow: props.producerResendWindow ?? Duration.days(PRODUCER_RESEND_WINDOW_DAYS_DEFAULT),
    visibilityTimeout: props.visibilityTimeout ?? visibilityTimeoutMin(timeout, props.maxBatchingWindow),
  };
}

/** The numbers that the rules look at; tokens become undefined. */
export function consumerSettings(props: ExactlyOnceConsumerProps, resolved: ResolvedProps): ConsumerSettings {
  return {
    consumerName: props.consumerName,
    consumerNameIsToken: Token.isUnresolved(props.consumerName),
    functionTimeoutSeconds: knownSeconds(resolved.timeout),
    visibilityTimeoutSeconds: knownSeconds(resolved.visibilityTimeout),
    batchSize: knownNumber(resolved.batchSize),
    batchWindowSeconds: knownSeconds(props.maxBatchingWindow ?? Duration.seconds(0)),
    sourceRetentionSeconds: knownSeconds(resolved.retentionPeriod),
    deadLetterRetentionSeconds: knownSeconds(resolved.deadLetterRetentionPeriod),
    maxReceiveCount: knownNumber(resolved.maxReceiveCount),
    isFifo: props.fifo === true,
    strategy: props.strategy,
    redrive: props.redrive,
    redrivesGiven: props.redrives,
    fifoOnly: FIFO_ONLY.filter((name) => props[name] === true),
    redrives: knownNumber(resolved.redrives),
    producerResendWindowSeconds: knownSeconds(resolved.producerResendWindow),
    recordLifetimeSeconds: knownSeconds(props.recordLifetime),
    given: {
      visibilityTimeout: props.visibilityTimeout !== undefined,
      recordLifetime: props.recordLifetime !== undefined,
    },
    environmentNames: Object.keys(props.environment ?? {}),
  };
}

/** The records' lifetime: as given, else the dedup horizon in whole days. Undefined where there are none. */
export function recordLifetime(props: ExactlyOnceConsumerProps, settings: ConsumerSettings): Duration | undefined {
  if (hasNoRecords(settings)) return undefined;
  return props.recordLifetime ?? Duration.days(wholeDays(horizonSeconds(settings) ?? 0));
}

function visibilityTimeoutMin(timeout: Duration, window: Duration | undefined): Duration | undefined {
  const timeoutSeconds = knownSeconds(timeout);
  const windowSeconds = knownSeconds(window ?? Duration.seconds(0));
  if (timeoutSeconds === undefined || windowSeconds === undefined) return undefined;
  return Duration.seconds(visibilityTimeoutSecondsMin(timeoutSeconds, windowSeconds));
}

export function knownSeconds(duration: Duration | undefined): Known {
  if (duration === undefined || duration.isUnresolved()) return undefined;
  return duration.toSeconds({ integral: false });
}

export function knownNumber(value: number): Known {
  return Token.isUnresolved(value) ? undefined : value;
}
