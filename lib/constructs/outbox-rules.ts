// What an outbox relay's settings must keep. Pure: numbers in, rules out.
//
//   OR1. A message can be sent only where the relay may send, so it is told at least one target, and the clients of all are there.
//   OR2. A batch that cannot be sent does not stand in its shard for ever: its retries are bounded, the sweeper has it then.
//   OR3. The alarm on the backlog is not silent between two sweeps, nor loud before the sweeper had its turn.

import { RETRY_ATTEMPTS_MAX } from "../aws/event-source-mapping.ts";
import { FUNCTION_TIMEOUT_SECONDS_MAX } from "../aws/limits.ts";
import { atMost, type Known, type Rule } from "./rules.ts";

/** A relay's settings, every default applied. */
export interface OutboxSettings {
  readonly targets: number;
  /** Packages that its targets need, and that are not installed. */
  readonly missingPackages: readonly string[];
  readonly timeoutSeconds: Known;
  readonly batchSize: Known;
  readonly retryAttempts: Known;
  readonly sweepSeconds: Known;
  readonly waitSecondsMax: Known;
}

const TIMEOUT_SECONDS_MIN = 10;
const BATCH_SIZE_MAX = 1_000;
const SWEEP_SECONDS_MAX = 3_600;
/** What the sweeper leaves alone. */
const FRESH_SECONDS = 60;

export function outboxRules(settings: OutboxSettings): Rule[] {
  const { targets, missingPackages, timeoutSeconds: timeout, batchSize, retryAttempts, sweepSeconds } = settings;
  const waitSecondsMin = sweepSeconds === undefined ? undefined : 2 * sweepSeconds + FRESH_SECONDS;
  return [
    {
      condition: targets > 0, // OR1
      message:
        "targets is empty, and the relay could send nothing; name the queues, topics and event buses of your messages",
    },
    {
      condition: missingPackages.length === 0, // OR1
      message: `targets need ${missingPackages.join(" and ")}, which semel cannot find; run npm install ${missingPackages.join(" ")}`,
    },
    {
      condition: isWithin(timeout, TIMEOUT_SECONDS_MIN, FUNCTION_TIMEOUT_SECONDS_MAX),
      message: `timeout is ${timeout} s; set it to ${TIMEOUT_SECONDS_MIN} to ${FUNCTION_TIMEOUT_SECONDS_MAX} s`,
    },
    {
      condition: isWithin(batchSize, 1, BATCH_SIZE_MAX),
      message: `batchSize is ${batchSize}; set it to 1 to ${BATCH_SIZE_MAX}`,
    },
    {
      condition: isWithin(retryAttempts, 0, RETRY_ATTEMPTS_MAX), // OR2
      message: `retryAttempts is ${retryAttempts}; set it to 0 to ${RETRY_ATTEMPTS_MAX}: endless retries would stop a shard`,
    },
    {
      condition:
        sweepSeconds === undefined || (isWithin(sweepSeconds, 60, SWEEP_SECONDS_MAX) && sweepSeconds % 60 === 0),
      message: `sweepInterval is ${sweepSeconds} s; set it to whole minutes, 1 to ${SWEEP_SECONDS_MAX / 60}`,
    },
    {
      condition: atMost(waitSecondsMin, settings.waitSecondsMax), // OR3
      message: `waitMax is ${settings.waitSecondsMax} s; set it to ${waitSecondsMin} s or more: two sweeps, and the minute that they leave alone`,
    },
  ];
}

function isWithin(value: Known, min: number, max: number): boolean {
  return value === undefined || (Number.isSafeInteger(value) && value >= min && value <= max);
}
