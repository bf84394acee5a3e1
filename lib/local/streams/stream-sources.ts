// The event source mappings of streams, joined with their functions and the queues that hear of failures.
import type { EventSourcesInput } from "../event-sources.ts";
import type { StreamParts } from "./delivery.ts";
import { defineKafkaTopic, isKafkaCluster } from "./kafka/kafka-topic.ts";
import { defineKinesisStream, isKinesisStream } from "./kinesis/kinesis-stream.ts";
import type { DefinedStream, StreamSource } from "./source.ts";
import { defineTableStream, isTableStream } from "./tables/table-stream.ts";

export type StreamSourcesInput = Pick<EventSourcesInput, "runs" | "queues" | "functions" | "foundation" | "warn">;

/** One for each kind of stream. */
const KINDS = [defineTableStream, defineKinesisStream, defineKafkaTopic] as const;

/** Mappings of all other sources are not seen to here. */
export function isStream(arn: string): boolean {
  return isTableStream(arn) || isKinesisStream(arn) || isKafkaCluster(arn);
}

/** Checks all before it starts the first. */
export async function startStreamSources(input: StreamSourcesInput): Promise<StreamSource[]> {
  const { runs, foundation, warn } = input;
  const joined = runs.flatMap((run) =>
    run.resources("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
      const defined = KINDS.flatMap((define) => define({ resource, run, warn }, foundation) ?? []);
      return defined.flatMap((one) => join(one, input));
    }),
  );
  const started: StreamSource[] = [];
  try {
    for (const { defined, parts } of joined) started.push(await defined.start(parts));
  } catch (thrown) {
    await Promise.all(started.map((source) => source.stop()));
    throw thrown;
  }
  return started;
}

/** The first that is busy. */
export async function whatStreamsHave(streams: readonly StreamSource[]): Promise<string | undefined> {
  for (const stream of streams) {
    const busy = await stream.whatIsBusy();
    if (busy !== undefined) return busy;
  }
  return undefined;
}

interface Joined {
  readonly defined: DefinedStream;
  readonly parts: StreamParts;
}

function join(defined: DefinedStream, { queues, functions, foundation, warn }: StreamSourcesInput): Joined[] {
  const { logicalId, functionName, onFailure } = defined.mapping;
  const fn = functions.find(({ definition: { name, arn } }) => name === functionName || arn === functionName);
  if (fn === undefined) {
    warn(`event source ${logicalId} is left out: function ${functionName} does not run here`);
    return [];
  }
  const failures = queues.find(({ arn }) => arn === onFailure);
  if (onFailure !== undefined && failures === undefined) {
    warn(`event source ${logicalId} runs without its on-failure destination: ${onFailure} is no queue that runs here`);
  }
  return [{ defined, parts: { fn, failures, foundation, warn } }];
}
