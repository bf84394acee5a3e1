// The event source mappings of the stacks, joined with their queues and functions.
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { VISIBILITY_TIMEOUT_SECONDS_DEFAULT } from "../aws/event-source-mapping.ts";
import { type EventSource, startEventSource } from "./event-source.ts";
import { defineEventSource, type EventSourceDefinition } from "./event-source-definition.ts";
import type { Foundation } from "./foundation.ts";
import type { RunningFunction } from "./functions.ts";
import type { Interference } from "./interference.ts";
import { localError } from "./local-error.ts";
import type { StackRun, Warn } from "./stack-run.ts";
import type { LocalQueue } from "./types.ts";

export interface EventSourcesInput {
  readonly runs: readonly StackRun[];
  readonly queues: readonly LocalQueue[];
  readonly functions: readonly RunningFunction[];
  readonly foundation: Foundation;
  readonly warn: Warn;
  readonly interference: Interference;
  readonly onUnreachable: (error: Error) => void;
}

/** Beside the long polls, deletes need connections too. */
const CONNECTIONS_PER_LOOP = 2;

/** Checks all before it starts the first. */
export async function startEventSources(input: EventSourcesInput): Promise<EventSource[]> {
  const joined = input.runs.flatMap((run) =>
    run.resources("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
      const definition = defineEventSource(resource, run.scope, input.warn);
      return definition === undefined ? [] : join(definition, input);
    }),
  );
  for (const source of joined) await checkVisibility(source, input.foundation.sqsClient);
  return joined.map(({ definition, queue, fn }) => {
    const agent = { maxSockets: definition.concurrency * CONNECTIONS_PER_LOOP, keepAlive: true };
    const requestHandler = { httpAgent: agent, httpsAgent: agent };
    const client = new SQSClient({ ...input.foundation.clientConfig.sqs, requestHandler });
    const { warn, onUnreachable, interference } = input;
    const { region } = input.foundation.identity;
    const { injectors, isShaken } = interference;
    const common = { warn, onUnreachable, isShaken, faults: injectors.deliveries };
    const source = startEventSource({ definition, queue, region, pool: fn.pool, client, ...common });
    return {
      queue,
      async stop() {
        await source.stop();
        client.destroy(); // may be called again
      },
    };
  });
}

interface Joined {
  readonly definition: EventSourceDefinition;
  readonly queue: LocalQueue;
  readonly fn: RunningFunction;
}

function join(definition: EventSourceDefinition, { queues, functions, warn }: EventSourcesInput): Joined[] {
  const { logicalId, queueArn, functionName } = definition;
  const queue = queues.find(({ arn }) => arn === queueArn);
  const fn = functions.find(({ definition: { name, arn } }) => name === functionName || arn === functionName);
  if (queue === undefined) warn(`event source ${logicalId} is left out: queue ${queueArn} does not run here`);
  if (fn === undefined) warn(`event source ${logicalId} is left out: function ${functionName} does not run here`);
  return queue === undefined || fn === undefined ? [] : [{ definition, queue, fn }];
}

/** AWS refuses such a mapping. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html */
async function checkVisibility({ definition, queue, fn }: Joined, client: SQSClient): Promise<void> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ["VisibilityTimeout"] });
  const { Attributes: attributes } = await client.send(command);
  const visibilitySeconds = Number(attributes?.VisibilityTimeout ?? VISIBILITY_TIMEOUT_SECONDS_DEFAULT);
  const timeoutSeconds = fn.definition.timeoutMs / 1000;
  if (timeoutSeconds <= visibilitySeconds) return;
  throw localError(
    `Cannot start event source ${definition.logicalId}: the visibility timeout of queue ${queue.name} is ` +
      `${visibilitySeconds} s, less than the ${timeoutSeconds} s that function ${fn.definition.name} may run; ` +
      `set it to ${timeoutSeconds} s or more (AWS advises 6 times the function's timeout)`,
  );
}
