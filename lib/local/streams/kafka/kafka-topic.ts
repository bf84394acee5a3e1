// A topic of Kafka as an event source, of an MSK cluster or of one of its own: recorded events, or an endpoint from outside.
// https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html, …/kafka-esm-parameters.html
import { randomUUID } from "node:crypto";
import {
  KAFKA_BATCHING_WINDOW_MS_DEFAULT,
  KAFKA_POLLERS_MAX,
  KAFKA_POLLERS_MIN,
  KAFKA_RETRIES_WITH_DESTINATION,
} from "../../../aws/event-source-mapping.ts";
import type { KafkaRecord } from "../../../aws/lambda.ts";
import type { Foundation } from "../../foundation.ts";
import { localError } from "../../local-error.ts";
import { resolve } from "../../template.ts";
import { integerAt, isObject, listAt, objectAt, optionalTextAt, textAt } from "../../values.ts";
import { createDelivery, type StreamParts } from "../delivery.ts";
import {
  type MappingResource,
  readFilter,
  readMapping,
  type StartingPosition,
  type StreamMapping,
  sourceArnOf,
  startingPositionOrTimeAt,
} from "../mapping.ts";
import { startReplay } from "../replay.ts";
import type { DefinedStream, StreamSource } from "../source.ts";
import { readRecorded } from "./recorded.ts";
import { type Cluster, filteredOf, kafkaRecords } from "./records.ts";
import { startTopicSource } from "./topic-source.ts";

export interface KafkaMapping extends StreamMapping {
  readonly topic: string;
  readonly cluster: Cluster;
  readonly groupId: string;
  readonly startAt: StartingPosition;
}

export function isKafkaCluster(arn: string): boolean {
  return arn.startsWith("arn:aws:kafka:");
}

/** Of a cluster that is no resource of AWS: the mapping has no EventSourceArn. */
export function isSelfManaged({ resource }: Pick<MappingResource, "resource">): boolean {
  return resource.properties["SelfManagedEventSource"] !== undefined;
}

/** Undefined for a mapping of anything else. */
export function defineKafkaTopic(given: MappingResource, foundation: Foundation): DefinedStream | undefined {
  const cluster = clusterOf(given, foundation.kafka);
  if (cluster === undefined) return undefined;
  const mapping = readKafkaMapping(given, cluster);
  const matches = readFilter(given, "value");
  const passes = (record: KafkaRecord): boolean => matches(filteredOf(record));
  return { mapping, start: (parts) => startSource(mapping, passes, parts) };
}

function clusterOf(given: MappingResource, servers: string | undefined): Cluster | undefined {
  const { resource, run, warn } = given;
  if (!isSelfManaged(given)) {
    const arn = sourceArnOf(given);
    if (arn === undefined || !isKafkaCluster(arn)) return undefined;
    return {
      eventSource: "aws:kafka",
      eventSourceArn: arn,
      ...(servers !== undefined && { bootstrapServers: servers }),
    };
  }
  if (String(resource.properties["Enabled"] ?? true) === "false") return undefined;
  try {
    resolve(resource.properties["FunctionName"], run.scope);
    const source = objectAt(
      resolve(resource.properties["SelfManagedEventSource"], run.scope),
      "SelfManagedEventSource",
    );
    const list = listAt(objectAt(source["Endpoints"], "Endpoints")["KafkaBootstrapServers"], "KafkaBootstrapServers");
    if (list.length > 0) {
      const bootstrapServers = list.map((one) => textAt(one, "KafkaBootstrapServers")).join(",");
      return { eventSource: "SelfManagedKafka", bootstrapServers };
    }
    warn(`event source ${resource.logicalId} is left out: its SelfManagedEventSource has no KafkaBootstrapServers`);
  } catch (thrown) {
    warn(
      `event source ${resource.logicalId} is left out: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
    );
  }
  return undefined;
}

function readKafkaMapping(given: MappingResource, cluster: Cluster): KafkaMapping {
  const { resource, run, warn } = given;
  const { logicalId, properties } = resource;
  const refuse = (what: string) => localError(`Cannot start event source ${logicalId}: ${what}`);
  const topics = listAt(resolve(properties["Topics"], run.scope), `Topics of ${logicalId}`);
  if (topics.length !== 1) throw refuse(`its Topics are ${JSON.stringify(topics)}; allowed: one topic`);
  if (properties["ParallelizationFactor"] !== undefined) {
    throw refuse("it has a ParallelizationFactor, which is for Kinesis and tables' streams; remove it");
  }
  const name =
    cluster.eventSource === "aws:kafka" ? "AmazonManagedKafkaEventSourceConfig" : "SelfManagedKafkaEventSourceConfig";
  const config = objectAt(resolve(properties[name], run.scope), `${name} of ${logicalId}`);
  if (config["ConsumptionMode"] !== undefined && config["ConsumptionMode"] !== "Stream") {
    throw refuse(`its ConsumptionMode is ${JSON.stringify(config["ConsumptionMode"])}; only "Stream" runs here`);
  }
  if (config["SchemaRegistryConfig"] !== undefined)
    warn(`event source ${logicalId} runs without its SchemaRegistryConfig: values stay as they are`);
  const topic = textAt(topics[0], `Topics of ${logicalId}`);
  const arn = cluster.eventSource === "aws:kafka" ? cluster.eventSourceArn : "";
  const common = readMapping(given, { arn, source: `topic ${topic}` });
  const { onFailure, rules } = common;
  const retriesMax = rules.retriesMax ?? (onFailure === undefined ? undefined : KAFKA_RETRIES_WITH_DESTINATION);
  const groupId = optionalTextAt(config["ConsumerGroupId"], `ConsumerGroupId of ${logicalId}`);
  return {
    ...common,
    ...(properties["MaximumBatchingWindowInSeconds"] === undefined && { windowMs: KAFKA_BATCHING_WINDOW_MS_DEFAULT }),
    parallelizationFactor: pollersOf(given, refuse),
    rules: { ...rules, retriesMax },
    topic,
    cluster,
    groupId: groupId === undefined ? `semel-${randomUUID()}` : run.rename(groupId, GROUP_ID_CHARS_MAX), // unique, as AWS makes it
    startAt: startingPositionOrTimeAt(given),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AmazonManagedKafkaEventSourceConfig.html */
const GROUP_ID_CHARS_MAX = 200;
type Refusing = (what: string) => Error;

const ERROR_HANDLING = [
  "BisectBatchOnFunctionError",
  "FunctionResponseTypes",
  "MaximumRecordAgeInSeconds",
  "MaximumRetryAttempts",
] as const;

/**
 * Each has partitions of its own. Lambda adds pollers under load, up to as many as there are partitions; here there are always as many
 * as it has at least. https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html
 */
function pollersOf({ resource, run }: MappingResource, refuse: Refusing): number {
  const { properties } = resource;
  const config = resolve(properties["ProvisionedPollerConfig"], run.scope);
  if (!isObject(config)) {
    const needs = ERROR_HANDLING.find((name) => properties[name] !== undefined);
    if (needs === undefined) return KAFKA_POLLERS_MIN;
    throw refuse(
      `it has ${needs}, which Lambda has for Kafka only with provisioned pollers; set ProvisionedPollerConfig`,
    );
  }
  const pollers = integerAt(config["MinimumPollers"], `MinimumPollers of ${resource.logicalId}`, KAFKA_POLLERS_MIN);
  if (pollers >= KAFKA_POLLERS_MIN && pollers <= KAFKA_POLLERS_MAX) return pollers;
  throw refuse(`its MinimumPollers are ${pollers}; allowed: ${KAFKA_POLLERS_MIN} to ${KAFKA_POLLERS_MAX}`);
}

async function startSource(
  mapping: KafkaMapping,
  passes: (record: KafkaRecord) => boolean,
  parts: StreamParts,
): Promise<StreamSource> {
  const { logicalId, stackName, topic, cluster } = mapping;
  const { kafka: servers } = parts.foundation;
  const kind = kafkaRecords(cluster, topic);
  const lanes = { mapping, kind, delivery: createDelivery(mapping, kind, parts) };
  const face = {
    source: "kafka" as const,
    logicalId,
    stackName,
    functionName: parts.fn.definition.name,
    ...("eventSourceArn" in cluster && { arn: cluster.eventSourceArn }),
    topic,
  };
  if (servers === undefined) {
    const { eventSource } = cluster;
    const replay = startReplay({
      ...lanes,
      passes,
      sharesLanes: true,
      read: (event, refuse) => readRecorded(event, { eventSource, topic, nowMs: Date.now(), refuse }),
    });
    return { ...replay, face: { ...face, replay: replay.replay } };
  }
  const started = await startTopicSource({ ...lanes, mapping, passes, servers, warn: parts.warn });
  const refusal =
    `Cannot replay to topic ${topic} (${logicalId}): it is read at ${servers}, and has its offsets from there; write the ` +
    "records there, or leave out endpoints.kafka and KAFKA_BOOTSTRAP_SERVERS";
  return { ...started, face: { ...face, replay: () => Promise.reject(localError(refusal)) } };
}
