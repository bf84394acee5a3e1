// Faults inside the embedded SQS engine: messages that come again after they were deleted, and messages out of turn.
import type { SqsEngine } from "../sqs/engine.ts";
import type { StoredMessage } from "../sqs/message.ts";
import type { Queue } from "../sqs/queue.ts";
import { reappear, reorder, type SqsTrouble } from "../sqs/trouble.ts";
import type { LocalQueue } from "../types.ts";
import type { LiveRule } from "./live-rule.ts";
import { drawFrom } from "./random.ts";
import type { DeliveryFault, DeliveryRule } from "./types.ts";

/** What a rule may call a queue. */
export type Named = Pick<LocalQueue, "name" | "logicalId">;

export interface QueueTroubleOptions {
  readonly engine: SqsEngine;
  readonly queues: readonly LocalQueue[];
  readonly rulesFor: (fault: DeliveryFault, queue: Named) => readonly LiveRule<DeliveryRule>[];
}

export interface QueueTrouble extends SqsTrouble {
  /** Messages that will come again. */
  pending(): number;
}

/** A reorder moves so many messages to the end at most. */
const REORDERED_MAX = 10;

export function troubleQueues({ engine, queues, rulesFor }: QueueTroubleOptions): QueueTrouble {
  const copies = new WeakSet<StoredMessage>(); // not to come a third time
  let pending = 0;
  return {
    onDeleted(queue, message) {
      if (queue.isFifo || copies.has(message)) return;
      const live = rulesFor("duplicate-late", nameOf(queue, queues)).find((one) => one.fires());
      if (live === undefined) return;
      const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
      pending += 1;
      setTimeout(() => {
        pending -= 1;
        const copy = reappear(engine, queue, message);
        if (copy === undefined) return;
        copies.add(copy);
        live.hit({ queue: queue.name, messageIds: [message.id], ms });
      }, ms);
    },
    onReceive(queue) {
      if (queue.isFifo || queue.counts.visible < 2) return;
      const live = rulesFor("reorder", nameOf(queue, queues)).find((one) => one.fires());
      if (live === undefined) return;
      const messages = drawFrom([1, Math.min(REORDERED_MAX, queue.counts.visible - 1)], live.random);
      reorder(queue, messages);
      live.hit({ queue: queue.name, detail: `${messages} to the end` });
    },
    pending: () => pending,
  };
}

/** Of a copy of the stacks: its queues meet its trouble, not that of the first. */
export function troubleOwn(engine: SqsEngine, queues: readonly LocalQueue[], trouble: SqsTrouble): void {
  for (const { name } of queues) {
    const queue = engine.queues.get(name);
    if (queue !== undefined) engine.troubles.set(queue, trouble);
  }
}

export function suits({ queue }: DeliveryRule, { name, logicalId }: Named): boolean {
  return queue === undefined || queue === name || queue === logicalId;
}

/** Of the engine's queues some are of no template. */
function nameOf({ name, arn }: Queue, queues: readonly LocalQueue[]): Named {
  return queues.find((one) => one.arn === arn) ?? { name, logicalId: name };
}
