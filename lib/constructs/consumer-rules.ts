// What a consumer's settings must keep for exactly-once effects. Pure: numbers in, rules out.
//
//   C1. A message stays invisible while its function may still run: visibility timeout >= 6 x timeout + batch window.
//   C2. Throttles and crashes burn receives: maxReceiveCount >= 5.
//   C3. A standard queue's message keeps its enqueue time in the DLQ (a FIFO queue's does not): DLQ retention >= source retention.
//   C4. A record outlives every copy of its message: record lifetime >= dedup horizon.
//   C5. Two consumers that share records would swallow each other's messages: names are unique in a table.
//   C6. Lambda takes at most 10 messages of a FIFO queue at a time, and has no batching window for it.

import {
  EVENT_SOURCE_BATCH_SIZE_MAX,
  FUNCTION_TIMEOUT_SECONDS_MAX,
  MAX_RECEIVE_COUNT_MIN,
  QUEUE_BATCH_MESSAGES_MAX,
  VISIBILITY_TO_TIMEOUT_RATIO_MIN,
} from "../aws/limits.ts";
import { EVENT_SOURCE_BATCH_SIZE_WITHOUT_WINDOW_MAX } from "../aws/queues.ts";
import { ENVIRONMENT } from "../contract.ts";
import { dedupHorizonSeconds } from "../model/dedup-horizon.ts";
import { atMost, type Known, type Rule } from "./rules.ts";
import { hasNoRecords, type RedriveSettings, redriveRules, strategyRules } from "./strategy-rules.ts";

/** A consumer's settings, every default applied. */
export interface ConsumerSettings extends RedriveSettings {
  readonly consumerName: string;
  /** consumerName is a CloudFormation token. */
  readonly consumerNameIsToken: boolean;
  readonly functionTimeoutSeconds: Known;
  readonly visibilityTimeoutSeconds: Known;
  readonly batchSize: Known;
  readonly batchWindowSeconds: Known;
  readonly sourceRetentionSeconds: Known;
  readonly deadLetterRetentionSeconds: Known;
  readonly maxReceiveCount: Known;
  /** Props that only FIFO queues have, as far as they are switched on. */
  readonly fifoOnly: readonly string[];
  readonly redrives: Known;
  readonly producerResendWindowSeconds: Known;
  /** As the user gave it; undefined: none given, or a token. */
  readonly recordLifetimeSeconds: Known;
  /** Props that the user gave, be they tokens. */
  readonly given: { readonly visibilityTimeout: boolean; readonly recordLifetime: boolean };
  readonly environmentNames: readonly string[];
}

const CONSUMER_NAME_PATTERN = /^[A-Za-z0-9._-]{1,128}$/;
const SECONDS_PER_DAY = 24 * 60 * 60;

/** The least visibility timeout that C1 allows. */
export function visibilityTimeoutSecondsMin(functionTimeoutSeconds: number, batchWindowSeconds: number): number {
  return VISIBILITY_TO_TIMEOUT_RATIO_MIN * functionTimeoutSeconds + batchWindowSeconds;
}

/** The dedup horizon, or undefined where one of its terms is a token. */
export function horizonSeconds(settings: ConsumerSettings): Known {
  const terms = {
    redrives: settings.redrives,
    sourceRetentionSeconds: settings.sourceRetentionSeconds,
    deadLetterRetentionSeconds: settings.deadLetterRetentionSeconds,
    visibilityTimeoutSeconds: settings.visibilityTimeoutSeconds,
    functionTimeoutSeconds: settings.functionTimeoutSeconds,
    producerResendWindowSeconds: settings.producerResendWindowSeconds,
  };
  return allKnown(terms) ? dedupHorizonSeconds(terms) : undefined;
}

/** Whole days, rounded up: a record that lives longer than needed does no harm. */
export function wholeDays(seconds: number): number {
  return Math.ceil(seconds / SECONDS_PER_DAY);
}

/** All rules of one consumer. */
export function consumerRules(settings: ConsumerSettings): Rule[] {
  return [
    ...nameRules(settings),
    ...strategyRules(settings),
    ...redriveRules(settings),
    ...timeoutRules(settings),
    ...queueRules(settings),
    ...batchRules(settings),
    ...recordRules(settings),
  ];
}

/** Of every consumer, whatever feeds it. */
export function nameRules(
  settings: Pick<ConsumerSettings, "consumerName" | "consumerNameIsToken" | "environmentNames">,
): Rule[] {
  const owned = Object.values(ENVIRONMENT).filter((name) => settings.environmentNames.includes(name));
  return [
    {
      condition: settings.consumerNameIsToken || CONSUMER_NAME_PATTERN.test(settings.consumerName),
      message: `consumerName is "${settings.consumerName}"; set 1 to 128 letters, digits, dots, underscores or hyphens`,
    },
    {
      condition: owned.length === 0,
      message: `environment sets ${owned.join(", ")}, which this construct sets from its own props; leave it out`,
    },
  ];
}

/** C1. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
function timeoutRules(settings: ConsumerSettings): Rule[] {
  const { functionTimeoutSeconds: timeout, visibilityTimeoutSeconds: visibility } = settings;
  const window = settings.batchWindowSeconds;
  const min = timeout === undefined || window === undefined ? undefined : visibilityTimeoutSecondsMin(timeout, window);
  return [
    {
      condition: atMost(timeout, FUNCTION_TIMEOUT_SECONDS_MAX),
      message: `timeout is ${timeout} s; set it to ${FUNCTION_TIMEOUT_SECONDS_MAX} s or less, which is Lambda's limit`,
    },
    {
      condition: atMost(min, visibility),
      message:
        `visibilityTimeout is ${visibility} s, but the function may run ${timeout} s and the batch window is ` +
        `${window} s: 6 x ${timeout} + ${window} = ${min} s are needed; ` +
        `set visibilityTimeout to ${min} s or more`,
    },
    {
      condition: settings.given.visibilityTimeout || min !== undefined,
      message:
        "the visibility timeout cannot be computed, because timeout or maxBatchingWindow is known at deployment only; " +
        "set visibilityTimeout to 6 x timeout + maxBatchingWindow of the largest values that you will deploy",
    },
  ];
}

function queueRules(settings: ConsumerSettings): Rule[] {
  const { isFifo, fifoOnly, sourceRetentionSeconds, deadLetterRetentionSeconds } = settings;
  return [
    {
      condition: atMost(MAX_RECEIVE_COUNT_MIN, settings.maxReceiveCount), // C2
      message: `maxReceiveCount is ${settings.maxReceiveCount}; set it to ${MAX_RECEIVE_COUNT_MIN} or more, because throttles and crashes count as receives too`,
    },
    {
      condition: isFifo || atMost(sourceRetentionSeconds, deadLetterRetentionSeconds), // C3
      message:
        `deadLetterRetentionPeriod is ${deadLetterRetentionSeconds} s, less than the queue's ${sourceRetentionSeconds} s, ` +
        `and a message keeps its age when it moves; set deadLetterRetentionPeriod to ${sourceRetentionSeconds} s or more`,
    },
    {
      condition: isFifo || fifoOnly.length === 0,
      message: `${fifoOnly.join(" and ")} is for FIFO queues; set fifo to true, or leave it out`,
    },
  ];
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
function batchRules({ isFifo, batchSize, batchWindowSeconds }: ConsumerSettings): Rule[] {
  if (isFifo) {
    return [
      {
        condition: atMost(1, batchSize) && atMost(batchSize, QUEUE_BATCH_MESSAGES_MAX), // C6
        message: `batchSize is ${batchSize}; set it to 1 to ${QUEUE_BATCH_MESSAGES_MAX}, which is Lambda's limit for a FIFO queue`,
      },
      {
        condition: atMost(batchWindowSeconds, 0), // C6
        message: `maxBatchingWindow is ${batchWindowSeconds} s, but Lambda has none for a FIFO queue; leave it out`,
      },
    ];
  }
  return [
    {
      condition: atMost(1, batchSize) && atMost(batchSize, EVENT_SOURCE_BATCH_SIZE_MAX),
      message: `batchSize is ${batchSize}; set it to 1 to ${EVENT_SOURCE_BATCH_SIZE_MAX}`,
    },
    {
      condition: atMost(batchSize, EVENT_SOURCE_BATCH_SIZE_WITHOUT_WINDOW_MAX) || atMost(1, batchWindowSeconds),
      message:
        `batchSize is ${batchSize} and maxBatchingWindow ${batchWindowSeconds} s; set maxBatchingWindow to 1 s or more, ` +
        `or batchSize to ${EVENT_SOURCE_BATCH_SIZE_WITHOUT_WINDOW_MAX} or less`,
    },
  ];
}

function recordRules(settings: ConsumerSettings): Rule[] {
  const { redrives, recordLifetimeSeconds } = settings;
  const horizon = horizonSeconds(settings);
  return [
    {
      condition: redrives === undefined || (Number.isSafeInteger(redrives) && redrives >= 0),
      message: `redrives is ${redrives}; set it to a whole number, 0 or more`,
    },
    {
      condition: settings.given.recordLifetime || horizon !== undefined || hasNoRecords(settings),
      message:
        "the records' lifetime cannot be computed, because a retention, a timeout or redrives is known at deployment " +
        "only; set recordLifetime to the dedup horizon of the largest values that you will deploy",
    },
    {
      condition: hasNoRecords(settings) || atMost(horizon, recordLifetimeSeconds), // C4
      message:
        `recordLifetime is ${recordLifetimeSeconds} s, but a copy of a message may arrive for ${horizon} s (the dedup ` +
        `horizon: (1 + redrives) x (retention + DLQ retention) + visibility timeout + timeout + producer's resend window); ` +
        `set recordLifetime to ${horizon} s (${wholeDays(horizon ?? 0)} days) or more, or leave it out`,
    },
  ];
}

function allKnown<K extends string>(terms: Record<K, Known>): terms is Record<K, number> {
  return Object.values<Known>(terms).every((term) => term !== undefined);
}
