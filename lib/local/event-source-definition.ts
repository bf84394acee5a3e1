// What a template says about an event source mapping of a queue, checked as AWS checks it.
import {
  BATCHING_WINDOW_SECONDS_MAX,
  EVENT_SOURCE_CONCURRENCY_DEFAULT,
  REPORT_BATCH_ITEM_FAILURES,
} from "../aws/event-source-mapping.ts";
import {
  EVENT_SOURCE_BATCH_SIZE_DEFAULT,
  EVENT_SOURCE_BATCH_SIZE_MAX,
  QUEUE_BATCH_MESSAGES_MAX,
} from "../aws/limits.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { localError, reason } from "./local-error.ts";
import type { TemplateResource } from "./resources.ts";
import type { Warn } from "./stack-run.ts";
import { isSelfManaged } from "./streams/kafka/kafka-topic.ts";
import { isStream } from "./streams/stream-sources.ts";
import { resolve, type TemplateScope } from "./template.ts";
import { integerAt, listAt, objectAt, textAt } from "./values.ts";

export interface EventSourceDefinition {
  readonly logicalId: string;
  readonly queueArn: string;
  readonly isFifo: boolean;
  /** Name or ARN. */
  readonly functionName: string;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly concurrency: number;
  readonly reportsFailures: boolean;
}

/** Undefined, with a warning, for a mapping that can't run here. */
export function defineEventSource(
  resource: TemplateResource,
  scope: TemplateScope,
  warn: Warn,
): EventSourceDefinition | undefined {
  const { logicalId, properties } = resource;
  const where = (name: string) => `${name} of ${logicalId}`;
  if (String(properties["Enabled"] ?? true) === "false") return undefined;
  if (isSelfManaged({ resource })) return undefined; // streams/ sees to it
  let queueArn: string;
  let functionName: string;
  try {
    queueArn = textAt(resolve(properties["EventSourceArn"], scope), where("EventSourceArn"));
    functionName = textAt(resolve(properties["FunctionName"], scope), where("FunctionName"));
  } catch (thrown) {
    warn(`event source ${logicalId} is left out: ${reason(thrown)}`);
    return undefined;
  }
  if (isStream(queueArn)) return undefined; // streams/ sees to it
  if (!queueArn.startsWith("arn:aws:sqs:")) {
    warn(
      `event source ${logicalId} is left out: ${queueArn} is no queue and no stream, and only those are polled here; invoke its function with recorded events`,
    );
    return undefined;
  }
  for (const name of ["FilterCriteria", "ProvisionedPollerConfig"]) {
    if (properties[name] !== undefined)
      warn(`event source ${logicalId} runs without its ${name}: it is not known here`);
  }
  const scaling = objectAt(properties["ScalingConfig"], where("ScalingConfig"));
  const definition = {
    logicalId,
    queueArn,
    isFifo: queueArn.endsWith(FIFO_QUEUE_SUFFIX),
    functionName,
    batchSize: integerAt(properties["BatchSize"], where("BatchSize"), EVENT_SOURCE_BATCH_SIZE_DEFAULT),
    windowMs:
      integerAt(properties["MaximumBatchingWindowInSeconds"], where("MaximumBatchingWindowInSeconds"), 0) * 1000,
    concurrency: integerAt(
      scaling["MaximumConcurrency"],
      where("MaximumConcurrency"),
      EVENT_SOURCE_CONCURRENCY_DEFAULT,
    ),
    reportsFailures: listAt(properties["FunctionResponseTypes"], where("FunctionResponseTypes")).includes(
      REPORT_BATCH_ITEM_FAILURES,
    ),
  };
  check(definition);
  return definition;
}

function check({ logicalId, isFifo, batchSize, windowMs }: EventSourceDefinition): void {
  const refuse = (text: string) => localError(`Cannot start event source ${logicalId}: ${text}`);
  const batchSizeMax = isFifo ? QUEUE_BATCH_MESSAGES_MAX : EVENT_SOURCE_BATCH_SIZE_MAX;
  if (batchSize < 1 || batchSize > batchSizeMax)
    throw refuse(`its batch size is ${batchSize}; allowed: 1 to ${batchSizeMax}`);
  if (isFifo && windowMs > 0) throw refuse("a FIFO queue has no batching window; remove it");
  if (windowMs < 0 || windowMs > BATCHING_WINDOW_SECONDS_MAX * 1000) {
    throw refuse(`its batching window is ${windowMs / 1000} s; allowed: 0 to ${BATCHING_WINDOW_SECONDS_MAX} s`);
  }
  if (batchSize > QUEUE_BATCH_MESSAGES_MAX && windowMs === 0) {
    throw refuse(
      `its batch size is ${batchSize}; above ${QUEUE_BATCH_MESSAGES_MAX} it needs a batching window of 1 s or more`,
    );
  }
}
