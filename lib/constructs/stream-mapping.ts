// What feeds a stream consumer's function: the event source mapping, and what its poller may do in the function's name.

import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import {
  type EventSourceMapping,
  type EventSourceMappingOptions,
  type IEventSourceDlq,
  type IFunction,
  SourceAccessConfigurationType,
} from "aws-cdk-lib/aws-lambda";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { KAFKA_POLLERS_MIN } from "../aws/event-source-mapping.ts";
import { DEAD_LETTER_ACTIONS, MSK_ACTIONS, NETWORK_ACTIONS, TABLE_STREAM_ACTIONS } from "./grants.ts";
import type { ExactlyOnceStreamConsumerProps, KafkaSource, MskSource, StreamSource } from "./stream-props.ts";
import type { ResolvedStreamProps } from "./stream-settings.ts";

/** Partial responses, bisection, bounds and the failure queue are not up to the user. */
export function addStreamMapping(
  fn: IFunction,
  props: ExactlyOnceStreamConsumerProps,
  { resolved, failureQueue }: { readonly resolved: ResolvedStreamProps; readonly failureQueue: IQueue },
): EventSourceMapping {
  const mapping = fn.addEventSourceMapping("Source", {
    ...sourceOptions(props.source),
    startingPosition: resolved.startingPosition,
    startingPositionTimestamp: props.startingPositionTimestamp,
    batchSize: resolved.batchSize,
    maxBatchingWindow: props.maxBatchingWindow,
    parallelizationFactor: resolved.parallelizationFactor,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    retryAttempts: resolved.retryAttempts,
    maxRecordAge: resolved.maxRecordAge,
    onFailure: destination(failureQueue),
  });
  grantPolling(props.source, fn);
  return mapping;
}

/** CDK's own also grants to look up the queue, which Lambda does not need. */
export function destination(queue: IQueue): IEventSourceDlq {
  return {
    bind(_, fn) {
      queue.grant(fn, ...DEAD_LETTER_ACTIONS);
      return { destination: queue.queueArn };
    },
  };
}

function sourceOptions(source: StreamSource): EventSourceMappingOptions {
  if ("kinesis" in source) return { eventSourceArn: source.kinesis.streamArn };
  if ("tableStream" in source) return { eventSourceArn: source.tableStream.tableStreamArn };
  const where =
    "mskClusterArn" in source
      ? { eventSourceArn: source.mskClusterArn }
      : { kafkaBootstrapServers: [...source.kafkaBootstrapServers] };
  const access = accessOf(source);
  return {
    ...where,
    kafkaTopic: source.topic,
    kafkaConsumerGroupId: source.consumerGroupId,
    sourceAccessConfigurations: access.length === 0 ? undefined : access,
    provisionedPollerConfig: { minimumPollers: KAFKA_POLLERS_MIN },
  };
}

function accessOf({ secret, sourceAccessConfigurations = [] }: MskSource | KafkaSource) {
  if (secret === undefined) return [...sourceAccessConfigurations];
  const scram = { type: SourceAccessConfigurationType.SASL_SCRAM_512_AUTH, uri: secret.secretArn };
  return [scram, ...sourceAccessConfigurations];
}

function grantPolling(source: StreamSource, fn: IFunction): void {
  if ("kinesis" in source) source.kinesis.grantRead(fn);
  else if ("tableStream" in source) grantTableStream(source.tableStream, fn);
  else grantTopic(source, fn);
}

/** CDK's own grant for the first generation of Table lists the streams of the whole account. */
export function grantTableStream(table: ITable, grantee: IGrantable): void {
  table.encryptionKey?.grantDecrypt(grantee);
  const resourceArns = table.tableStreamArn === undefined ? [] : [table.tableStreamArn];
  Grant.addToPrincipal({ grantee, actions: [...TABLE_STREAM_ACTIONS], resourceArns });
}

function grantTopic(source: MskSource | KafkaSource, grantee: IFunction): void {
  source.secret?.grantRead(grantee);
  const isMsk = "mskClusterArn" in source;
  if (isMsk) {
    Grant.addToPrincipal({ grantee, actions: [...MSK_ACTIONS], resourceArns: [source.mskClusterArn] });
  }
  const { VPC_SUBNET } = SourceAccessConfigurationType;
  const inVpc = source.sourceAccessConfigurations?.some(({ type }) => type.type === VPC_SUBNET.type) === true;
  // A poller of MSK is always in the cluster's network. What it makes there has no name yet.
  if (isMsk || inVpc) Grant.addToPrincipal({ grantee, actions: [...NETWORK_ACTIONS], resourceArns: ["*"] });
}
