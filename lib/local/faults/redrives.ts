// Redrives of dead-letter queues, by message move tasks: what was in them comes again as new messages.
import { GetQueueAttributesCommand, type SQSClient, StartMessageMoveTaskCommand } from "@aws-sdk/client-sqs";
import { reason } from "../local-error.ts";
import type { LocalQueue } from "../types.ts";
import type { LiveRule } from "./live-rule.ts";
import { suits } from "./queue-trouble.ts";
import type { DeliveryRule } from "./types.ts";

export interface RedriveOptions {
  readonly queues: readonly LocalQueue[];
  readonly client: SQSClient;
  readonly warn: (text: string) => void;
  /** The engine is down by a fault, or was until now. */
  readonly isShaken: () => boolean;
}

/** Gives what starts a move task for each dead-letter queue of the rule that has messages. It says true: its time is used. */
export function createRedrives({
  queues,
  client,
  warn,
  isShaken,
}: RedriveOptions): (live: LiveRule<DeliveryRule>) => boolean {
  const redrive = async (live: LiveRule<DeliveryRule>): Promise<void> => {
    for (const queue of await deadLetterQueues(queues, client)) {
      if (live.isOver() || !suits(live.rule, queue)) continue;
      const visible = await countVisible(queue, client);
      if (visible === 0) continue;
      await client.send(new StartMessageMoveTaskCommand({ SourceArn: queue.arn }));
      live.hit({ queue: queue.name, detail: `${visible} messages` });
    }
  };
  const fail = (thrown: unknown): void => {
    if (!isShaken()) warn(`cannot redrive: ${reason(thrown)}`);
  };
  return (live) => {
    redrive(live).catch(fail);
    return true;
  };
}

async function deadLetterQueues(queues: readonly LocalQueue[], client: SQSClient): Promise<LocalQueue[]> {
  const targets = new Set<unknown>();
  for (const { url } of queues) {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["RedrivePolicy"] });
    const { Attributes: attributes } = await client.send(command);
    const policy: unknown = JSON.parse(attributes?.RedrivePolicy ?? "{}");
    targets.add((policy as { deadLetterTargetArn?: unknown }).deadLetterTargetArn);
  }
  return queues.filter(({ arn }) => targets.has(arn));
}

async function countVisible({ url }: LocalQueue, client: SQSClient): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["ApproximateNumberOfMessages"] });
  const { Attributes: attributes } = await client.send(command);
  return Number(attributes?.ApproximateNumberOfMessages ?? 0);
}
