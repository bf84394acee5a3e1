// The event source mappings of tables' streams, joined with their functions and the queues that hear of failures.
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { EventSourcesInput } from "../event-sources.ts";
import type { RunningFunction } from "../functions.ts";
import { reason } from "../local-error.ts";
import type { LocalQueue } from "../types.ts";
import type { InvocationResult } from "../worker.ts";
import { createStreamsClient } from "./client.ts";
import { failureMessage } from "./failure-message.ts";
import { judgeStreamResponse } from "./response.ts";
import { defineStream, type StreamDefinition } from "./stream-definition.ts";
import { type StreamSource, type StreamSourceOptions, startStreamSource } from "./stream-source.ts";

export type StreamSourcesInput = Pick<EventSourcesInput, "runs" | "queues" | "functions" | "foundation" | "warn">;

const RETRY_SEND_MS = 500;

export async function startStreamSources(input: StreamSourcesInput): Promise<StreamSource[]> {
  const { runs, foundation, warn } = input;
  const joined = runs.flatMap((run) =>
    run.resources("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
      const definition = defineStream(resource, run.scope, warn);
      return definition === undefined ? [] : join(definition, input);
    }),
  );
  const client = createStreamsClient(foundation.clientConfig.dynamodb);
  const common = { client, region: foundation.identity.region, dropsUnchanged: foundation.embedded.dynamodb, warn };
  const start = (one: Joined) =>
    startStreamSource({
      ...common,
      definition: one.definition,
      invoke: invokeOf(one, input),
      giveUp: giveUpOf(one, input),
    });
  const started: StreamSource[] = [];
  for (const one of joined) started.push(await start(one));
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
  readonly definition: StreamDefinition;
  readonly fn: RunningFunction;
  /** That hears of what is given up. */
  readonly failures: LocalQueue | undefined;
}

function join(definition: StreamDefinition, { queues, functions, foundation, warn }: StreamSourcesInput): Joined[] {
  const { logicalId, functionName, onFailure } = definition;
  const fn = functions.find(({ definition: { name, arn } }) => name === functionName || arn === functionName);
  if (fn === undefined) {
    warn(`event source ${logicalId} is left out: function ${functionName} does not run here`);
    return [];
  }
  if (!foundation.dynamodb.endpoint.startsWith("http:")) {
    warn(
      `event source ${logicalId} is left out: the streams of ${foundation.dynamodb.endpoint} are not read from here`,
    );
    return [];
  }
  const failures = queues.find(({ arn }) => arn === onFailure);
  if (onFailure !== undefined && failures === undefined) {
    warn(`event source ${logicalId} runs without its on-failure destination: ${onFailure} is no queue that runs here`);
  }
  return [{ definition, fn, failures }];
}

function invokeOf({ definition, fn }: Joined, { warn }: StreamSourcesInput): StreamSourceOptions["invoke"] {
  return async (records) => {
    const sequenceNumbers = records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? "");
    let requestId: string | undefined;
    let complaint = "";
    const complain = (text: string): void => {
      if (complaint !== text) warn(`the whole batch of stream ${definition.streamArn} comes again: ${text}`);
      complaint = text;
    };
    const doneOf = (result: InvocationResult): number | undefined => {
      if (result.outcome !== "success") return undefined;
      const { reportsFailures } = definition;
      const verdict = judgeStreamResponse(result.payload, { sequenceNumbers, reportsFailures });
      if (verdict.kind === "failed") complain(verdict.reason);
      return verdict.kind === "done" ? verdict.count : undefined;
    };
    // A copy that faults start gives its own result to nobody.
    const result = await fn.pool.run(JSON.stringify({ Records: records }), {
      messageIds: sequenceNumbers,
      settle: async (own, id) => {
        requestId = id;
        return sequenceNumbers.slice(0, doneOf(own) ?? 0);
      },
    });
    return { done: doneOf(result), outcome: result.outcome, requestId };
  };
}

/** Until it is sent: what is given up without a word would be lost. */
function giveUpOf({ definition, fn, failures }: Joined, input: StreamSourcesInput): StreamSourceOptions["giveUp"] {
  const { streamArn } = definition;
  return async (shardId, given, signal) => {
    const { warn, foundation } = input;
    warn(`${given.records.length} records of stream ${streamArn} are given up: ${given.condition}`);
    if (failures === undefined) return;
    const functionArn = fn.definition.arn;
    const message = failureMessage({ ...given, functionArn, shardId, streamArn, nowMs: Date.now() });
    const command = new SendMessageCommand({ QueueUrl: failures.url, MessageBody: JSON.stringify(message) });
    while (!signal.aborted) {
      const failed = await foundation.sqsClient.send(command).then(() => undefined, reason);
      if (failed === undefined) return;
      warn(`cannot send to ${failures.name}, the on-failure destination of stream ${streamArn}: ${failed}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_SEND_MS));
    }
  };
}
