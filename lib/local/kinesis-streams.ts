// Kinesis streams of the templates. With an endpoint they are made there; without one there is only their name, for what refers to it,
// and recorded events to replay.
import { KINESIS_STREAM_NAME_LENGTH_MAX, ON_DEMAND_SHARDS } from "../aws/kinesis.ts";
import { localError, reason } from "./local-error.ts";
import { physicalName } from "./physical-names.ts";
import type { TemplateResource } from "./resources.ts";
import { LOCAL_ACCOUNT_ID, type StackRun } from "./stack-run.ts";
import { createStream, deleteStream } from "./streams/kinesis/client.ts";
import { resolve } from "./template.ts";
import type { ClientConfig } from "./types.ts";
import { integerAt, objectAt, optionalTextAt, textAt } from "./values.ts";

export interface KinesisInput {
  readonly runs: readonly StackRun[];
  readonly region: string;
  /** Of the endpoint. */
  readonly config: ClientConfig | undefined;
}

/** The names of those that were made. */
export async function createKinesisStreams(input: KinesisInput): Promise<string[]> {
  const { runs, region, config } = input;
  const made: string[] = [];
  for (const run of runs) {
    for (const resource of run.resources("AWS::Kinesis::Stream")) {
      const { logicalId } = resource;
      const { name, shards } = readStream(run, resource);
      let arn = `arn:aws:kinesis:${region}:${LOCAL_ACCOUNT_ID}:stream/${name}`;
      if (config !== undefined) {
        arn = await createStream(config, name, shards).catch((thrown: unknown) => {
          throw localError(
            `Cannot create stream "${name}" (${logicalId}) at ${config.endpoint}: ${reason(thrown)}`,
            thrown,
          );
        });
        made.push(name);
      }
      run.provide(logicalId, { ref: name, attributes: { Arn: arn } });
    }
  }
  for (const run of runs) {
    for (const resource of run.resources("AWS::Kinesis::StreamConsumer")) provideConsumer(run, resource);
  }
  return made;
}

function readStream(run: StackRun, { logicalId, properties }: TemplateResource) {
  const given = optionalTextAt(resolve(properties["Name"], run.scope), `Name of ${logicalId}`);
  const own = given ?? physicalName(run.name, logicalId, KINESIS_STREAM_NAME_LENGTH_MAX);
  const mode = objectAt(properties["StreamModeDetails"], `StreamModeDetails of ${logicalId}`)["StreamMode"];
  const shards = resolve(properties["ShardCount"], run.scope);
  return {
    name: run.rename(own, KINESIS_STREAM_NAME_LENGTH_MAX),
    shards: integerAt(shards, `ShardCount of ${logicalId}`, mode === "ON_DEMAND" ? ON_DEMAND_SHARDS : 1),
  };
}

/** With enhanced fan-out on AWS; here it is the stream, under another ARN. */
function provideConsumer(run: StackRun, { logicalId, properties }: TemplateResource): void {
  const text = (property: string): string =>
    textAt(resolve(properties[property], run.scope), `${property} of ${logicalId}`);
  const [name, stream] = [text("ConsumerName"), text("StreamARN")];
  const arn = `${stream}/consumer/${name}:1`; // AWS ends it with the time when it was made
  run.provide(logicalId, { ref: arn, attributes: { ConsumerARN: arn, ConsumerName: name, StreamARN: stream } });
}

/** Those of a copy, which nobody else uses. */
export async function deleteKinesisStreams(names: readonly string[], config: ClientConfig | undefined): Promise<void> {
  if (config !== undefined) await Promise.all(names.map((name) => deleteStream(config, name)));
}
