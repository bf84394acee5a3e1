// A Kinesis data stream as an event source: recorded events, or an endpoint from outside.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html, …/services-kinesis-parameters.html
import type { KinesisRecord } from "../../../aws/lambda.ts";
import type { Foundation } from "../../foundation.ts";
import { localError, reason } from "../../local-error.ts";
import { createDelivery, type StreamParts } from "../delivery.ts";
import type { LanesOptions } from "../lanes.ts";
import {
  type MappingResource,
  readFilter,
  readMapping,
  type StartingPosition,
  sourceArnOf,
  startingPositionOrTimeAt,
} from "../mapping.ts";
import { startReplay } from "../replay.ts";
import { startShardSource } from "../shard-source.ts";
import type { DefinedStream, StreamSource } from "../source.ts";
import { createShardsClient } from "./client.ts";
import { readRecorded } from "./recorded.ts";
import { filteredOf, KINESIS_RECORDS, type Origin } from "./records.ts";

/** Of a stream or of a consumer of it. */
const ARN = /^arn:aws:kinesis:[^:]*:[^:]*:stream\/([^/]+)(?:\/consumer\/.+)?$/;

export function isKinesisStream(arn: string): boolean {
  return ARN.test(arn);
}

/** Undefined for a mapping of anything else. */
export function defineKinesisStream(given: MappingResource, foundation: Foundation): DefinedStream | undefined {
  const arn = sourceArnOf(given);
  const [, name] = ARN.exec(arn ?? "") ?? [];
  if (arn === undefined || name === undefined) return undefined;
  const mapping = readMapping(given, { arn, source: `stream ${arn}` });
  const startingPosition = startingPositionOrTimeAt(given);
  const matches = readFilter(given, "data");
  const origin: Origin = { eventSourceARN: arn, awsRegion: foundation.identity.region };
  const passes = (record: KinesisRecord): boolean => matches(filteredOf(record));
  return {
    mapping,
    start(parts) {
      const lanes = {
        mapping,
        kind: KINESIS_RECORDS,
        delivery: createDelivery(mapping, KINESIS_RECORDS, parts),
        passes,
      };
      return startSource({ parts, lanes, startingPosition, name, origin });
    },
  };
}

interface SourceInput {
  readonly parts: StreamParts;
  readonly lanes: LanesOptions<KinesisRecord>;
  readonly startingPosition: StartingPosition;
  readonly name: string;
  readonly origin: Origin;
}

async function startSource({ parts, lanes, startingPosition, name, origin }: SourceInput): Promise<StreamSource> {
  const { fn, foundation, warn } = parts;
  const { logicalId, stackName, arn, source } = lanes.mapping;
  const face = { source: "kinesis" as const, logicalId, stackName, functionName: fn.definition.name, arn };
  const { kinesis: config } = foundation.clientConfig;
  if (config === undefined) {
    const replay = startReplay({
      ...lanes,
      read: (event, refuse) => readRecorded(event, { origin, nowMs: Date.now(), refuse }),
    });
    return { ...replay, face: { ...face, replay: replay.replay } };
  }
  const client = createShardsClient(config, name, origin);
  const started = await startShardSource({ ...lanes, client, startingPosition, warn }).catch((thrown: unknown) => {
    throw localError(
      `Cannot start event source ${logicalId}: ${source} can't be read at ${config.endpoint}: ${reason(thrown)}`,
      thrown,
    );
  });
  const refusal =
    `Cannot replay to ${source} (${logicalId}): it is read at ${config.endpoint}, and numbers its records itself; put the ` +
    "records there (PutRecords), or leave out endpoints.kinesis and AWS_ENDPOINT_URL_KINESIS";
  return {
    ...started,
    face: { ...face, replay: () => Promise.reject(localError(refusal)) },
  };
}
