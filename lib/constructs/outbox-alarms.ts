// The relay's metrics and the alarms on them.

import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, Metric, type MetricOptions, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { RELAY_METRICS } from "../contract.ts";

type RelayMetric = Exclude<keyof typeof RELAY_METRICS, "namespace" | "dimension">;

export function relayMetric(fn: IFunction, name: RelayMetric, options: MetricOptions = {}): Metric {
  return new Metric({
    namespace: RELAY_METRICS.namespace,
    metricName: RELAY_METRICS[name].name,
    dimensionsMap: { [RELAY_METRICS.dimension]: fn.functionName },
    ...options,
  });
}

export interface AlarmSettings {
  readonly function: IFunction;
  readonly deadLetterQueue: IQueue;
  readonly failureQueue: IQueue;
  readonly latencyMax: Duration;
  readonly waitMax: Duration;
  readonly sweepInterval: Duration;
}

/** Without actions: those are the user's. */
export function createAlarms(scope: Construct, settings: AlarmSettings): Alarm[] {
  const { function: fn, latencyMax, waitMax, sweepInterval } = settings;
  const queueAlarm = (id: string, queue: IQueue, alarmDescription: string): Alarm =>
    new Alarm(scope, id, {
      alarmDescription,
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: "Maximum" }),
      threshold: 0,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  return [
    new Alarm(scope, "LatencyAlarm", {
      alarmDescription: "Messages of the outbox are sent late: 1 of 100 took longer than the threshold (ms).",
      metric: relayMetric(fn, "latency", { statistic: "p99", period: Duration.minutes(1) }),
      threshold: latencyMax.toMilliseconds(),
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }),
    new Alarm(scope, "BacklogAlarm", {
      alarmDescription: "A message of the outbox waits longer than the threshold (ms), or the sweeper did not look.",
      metric: relayMetric(fn, "oldestUnsent", { statistic: "Maximum", period: sweepInterval }),
      threshold: waitMax.toMilliseconds(),
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: TreatMissingData.BREACHING,
    }),
    queueAlarm(
      "DeadLetterAlarm",
      settings.deadLetterQueue,
      "Messages of the outbox were refused by their targets for good.",
    ),
    queueAlarm(
      "FailureAlarm",
      settings.failureQueue,
      "Lambda gave up a batch of the outbox's stream; the sweeper has its items.",
    ),
  ];
}
