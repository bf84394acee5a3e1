// Creates the queues of the templates, with their redrive policies.
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { QUEUE_NAME_LENGTH_MAX } from "../aws/names.ts";
import type { MessageCounts } from "./idle.ts";
import { localError, reason } from "./local-error.ts";
import { physicalFifoName, physicalName } from "./physical-names.ts";
import type { TemplateResource } from "./resources.ts";
import type { StackRun } from "./stack-run.ts";
import { resolve } from "./template.ts";
import type { LocalQueue } from "./types.ts";
import { isObject, type JsonObject, objectAt, optionalTextAt, textAt } from "./values.ts";

/** Properties of AWS::SQS::Queue that are attributes of the queue, by the same name. */
const ATTRIBUTES = [
  "ContentBasedDeduplication",
  "DeduplicationScope",
  "DelaySeconds",
  "FifoQueue",
  "FifoThroughputLimit",
  "MaximumMessageSize",
  "MessageRetentionPeriod",
  "ReceiveMessageWaitTimeSeconds",
  "VisibilityTimeout",
] as const;

interface CreatedQueue extends LocalQueue {
  readonly run: StackRun;
  readonly resource: TemplateResource;
  /** False for one that was there before: it keeps its policy. */
  readonly isNew: boolean;
}

/** In two steps, since a redrive policy refers to another queue. */
export async function createQueues(runs: readonly StackRun[], client: SQSClient): Promise<LocalQueue[]> {
  const created: CreatedQueue[] = [];
  for (const run of runs) {
    for (const resource of run.resources("AWS::SQS::Queue")) created.push(await createQueue(run, resource, client));
  }
  for (const queue of created.filter(({ isNew }) => isNew)) await setPolicies(queue, client);
  return created;
}

async function createQueue(run: StackRun, resource: TemplateResource, client: SQSClient): Promise<CreatedQueue> {
  const { logicalId } = resource;
  const properties = Object.fromEntries(
    [...ATTRIBUTES, "QueueName"].map((name) => [name, resolve(resource.properties[name], run.scope)]),
  );
  const name = run.rename(queueName(run.name, logicalId, properties), QUEUE_NAME_LENGTH_MAX);
  const attributes = Object.fromEntries(
    ATTRIBUTES.filter((key) => properties[key] !== undefined).map((key) => [key, textAt(properties[key], key)]),
  );
  if (attributes["FifoQueue"] === "false") delete attributes["FifoQueue"]; // SQS refuses "false"
  const { url, isNew } = await createOrFind(name, attributes, client);
  const { Attributes: found } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  const arn = textAt(found?.QueueArn, `the ARN of queue ${name}`);
  run.provide(logicalId, { ref: url, attributes: { Arn: arn, QueueName: name, QueueUrl: url } });
  return { name, logicalId, stackName: run.name, url, arn, run, resource, isNew };
}

function queueName(stackName: string, logicalId: string, properties: JsonObject): string {
  const given = optionalTextAt(properties["QueueName"], `QueueName of ${logicalId}`);
  if (given !== undefined) return given;
  const isFifo = String(properties["FifoQueue"] ?? false) === "true";
  return (isFifo ? physicalFifoName : physicalName)(stackName, logicalId, QUEUE_NAME_LENGTH_MAX);
}

async function createOrFind(
  name: string,
  attributes: Record<string, string>,
  client: SQSClient,
): Promise<{ url: string; isNew: boolean }> {
  // Creating a queue that exists with the same attributes succeeds too, so look first.
  const existing = await client.send(new GetQueueUrlCommand({ QueueName: name })).catch((thrown: unknown) => {
    if (thrown instanceof Error && /NonExistent|NotExist/.test(thrown.name)) return undefined;
    throw localError(`Cannot reach the SQS engine for queue "${name}": ${reason(thrown)}`, thrown);
  });
  if (existing?.QueueUrl !== undefined) return { url: existing.QueueUrl, isNew: false };
  try {
    const { QueueUrl: url } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    return { url: textAt(url, `the URL of queue ${name}`), isNew: true };
  } catch (thrown) {
    throw localError(`Cannot create queue "${name}": ${reason(thrown)}`, thrown);
  }
}

async function setPolicies({ run, resource, name, url }: CreatedQueue, client: SQSClient): Promise<void> {
  const policies: Record<string, string> = {};
  for (const key of ["RedrivePolicy", "RedriveAllowPolicy"]) {
    const policy = resolve(resource.properties[key], run.scope);
    if (policy === undefined) continue;
    // CloudFormation takes the JSON text as well as the object.
    policies[key] = JSON.stringify(isObject(policy) ? policy : objectAt(JSON.parse(textAt(policy, key)), key));
  }
  if (Object.keys(policies).length === 0) return;
  try {
    await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: policies }));
  } catch (thrown) {
    throw localError(`Cannot set the redrive policy of queue "${name}": ${reason(thrown)}`, thrown);
  }
}

/** Those of a copy, which nobody else uses. */
export async function deleteQueues(queues: readonly LocalQueue[], client: SQSClient): Promise<void> {
  await Promise.all(queues.map(({ url }) => client.send(new DeleteQueueCommand({ QueueUrl: url }))));
}

const COUNTS = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesDelayed",
  "ApproximateNumberOfMessagesNotVisible",
] as const;

export async function countMessages(queue: LocalQueue, client: SQSClient): Promise<MessageCounts> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: [...COUNTS] });
  const { Attributes: attributes } = await client.send(command);
  // An engine that leaves a count out must not look drained.
  const [visible = NaN, delayed = NaN, inFlight = NaN] = COUNTS.map((name) => Number(attributes?.[name]));
  return { visible, delayed, inFlight };
}
