// Faults of messages on their way between queue and function. The event source asks at each step; what the queue itself has to
// do, only our own engine can.
//
//   FM1. No fault loses a message: what is not delivered or not deleted comes again, when its visibility timeout ends.
//   FM2. What comes again has the id under which it came before; only a redrive gives new ones.
import { GetQueueAttributesCommand, type SQSClient, StartMessageMoveTaskCommand } from "@aws-sdk/client-sqs";
import type { SqsRecord } from "../../aws/lambda.ts";
import type { Gathered } from "../gather-batch.ts";
import { localError, reason } from "../local-error.ts";
import type { SqsEngine } from "../sqs/engine.ts";
import type { StoredMessage } from "../sqs/message.ts";
import type { Queue } from "../sqs/queue.ts";
import { reappear, reorder, type SqsTrouble } from "../sqs/trouble.ts";
import type { LocalQueue } from "../types.ts";
import type { Injector } from "./desk.ts";
import type { LiveRule } from "./live-rule.ts";
import { drawFrom } from "./random.ts";
import { startTimes } from "./timed.ts";
import type { DeliveryFault, DeliveryRule } from "./types.ts";

export interface DeliveryFaultsOptions {
  readonly queues: readonly LocalQueue[];
  readonly client: SQSClient;
  /** Undefined for an engine of somebody else's. */
  readonly engine: SqsEngine | undefined;
  readonly warn: (text: string) => void;
  /** The engine is down by a fault, or was until now. */
  readonly isShaken: () => boolean;
  /** Of a copy of the stacks: the queues of others are not troubled. */
  readonly isCopy: boolean;
}

/** What a delivery may be told to do. */
export interface DeliveryActs {
  /** Delivers these messages to another worker at once. */
  repeat(records: readonly SqsRecord[]): void;
  /** Makes the message visible at once. */
  expire(record: SqsRecord): void;
}

export interface DeliveryFaults extends Injector<DeliveryRule> {
  /** Undefined when the poller may receive; else resolves when it may. */
  pauseOf(queue: LocalQueue): Promise<void> | undefined;
  /** Before a batch is delivered. */
  shape(queue: LocalQueue, gathered: Gathered, batchSize: number): Gathered;
  /** When it is delivered. */
  delivered(queue: LocalQueue, batch: readonly SqsRecord[], acts: DeliveryActs): void;
  /** Those of them that are really deleted. */
  toDelete(queue: LocalQueue, records: readonly SqsRecord[]): readonly SqsRecord[];
  /** Messages that will come again. */
  pending(): number;
}

/** A reorder moves so many messages to the end at most. */
const REORDERED_MAX = 10;
const OWN_ENGINE_ONLY: readonly DeliveryFault[] = ["duplicate-late", "reorder"];

type Live = LiveRule<DeliveryRule>;

export function createDeliveryFaults(options: DeliveryFaultsOptions): DeliveryFaults {
  const { queues, client, engine, warn } = options;
  const rules = new Set<Live>();
  const pauses = new Map<Live, () => void>(); // how each ends
  const paused = new Map<Live, Promise<void>>();
  const copies = new WeakSet<StoredMessage>(); // not to come a third time
  let pending = 0;

  const rulesFor = (fault: DeliveryFault, queue: Named): Live[] =>
    [...rules].filter((live) => live.rule.fault === fault && !live.isOver() && suits(live.rule, queue));

  /** The records that a rule of this kind fires for, counted. */
  const struck = (fault: DeliveryFault, queue: LocalQueue, records: readonly SqsRecord[]): SqsRecord[] =>
    rulesFor(fault, queue).flatMap((live) => {
      const hit = records.filter(() => live.fires());
      if (hit.length > 0) live.hit({ queue: queue.name, messageIds: hit.map((record) => record.messageId) });
      return hit;
    });

  const trouble: SqsTrouble = {
    onDeleted(queue, message) {
      if (engine === undefined || copies.has(message)) return;
      const named = nameOf(queue, queues);
      for (const live of queue.isFifo ? [] : rulesFor("duplicate-late", named)) {
        if (!live.fires()) continue;
        const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
        pending += 1;
        setTimeout(() => {
          pending -= 1;
          const copy = reappear(engine, queue, message);
          if (copy === undefined) return;
          copies.add(copy);
          live.hit({ queue: queue.name, messageIds: [message.id], ms });
        }, ms);
        return;
      }
    },
    onReceive(queue) {
      if (queue.isFifo || queue.counts.visible < 2) return;
      for (const live of rulesFor("reorder", nameOf(queue, queues))) {
        if (!live.fires()) continue;
        const messages = drawFrom([1, Math.min(REORDERED_MAX, queue.counts.visible - 1)], live.random);
        reorder(queue, messages);
        live.hit({ queue: queue.name, detail: `${messages} to the end` });
      }
    },
  };
  const own = options.isCopy ? queues.map(({ name }) => engine?.queues.get(name)) : [];
  for (const queue of own) if (queue !== undefined) engine?.troubles.set(queue, trouble);
  if (engine !== undefined && !options.isCopy) engine.trouble = trouble;

  const pause = (live: Live): boolean => {
    if (pauses.has(live)) return false;
    const ms = drawFrom(live.rule.forMs ?? 0, live.random);
    const over = new Promise<void>((resolve) => {
      const timer = setTimeout(() => pauses.get(live)?.(), ms);
      pauses.set(live, () => {
        clearTimeout(timer);
        pauses.delete(live);
        paused.delete(live);
        resolve();
      });
    });
    paused.set(live, over);
    live.hit({ ...(live.rule.queue === undefined ? {} : { queue: live.rule.queue }), ms });
    return true;
  };

  const redrive = async (live: Live): Promise<void> => {
    for (const queue of await deadLetterQueues(queues, client)) {
      if (live.isOver() || !suits(live.rule, queue)) continue;
      const visible = await countVisible(queue, client);
      if (visible === 0) continue;
      await client.send(new StartMessageMoveTaskCommand({ SourceArn: queue.arn }));
      live.hit({ queue: queue.name, detail: `${visible} messages` });
    }
  };

  return {
    add(live) {
      const { fault } = live.rule;
      if (engine === undefined && OWN_ENGINE_ONLY.includes(fault)) {
        throw localError(
          `Cannot inject ${fault}: the SQS engine is not the embedded one, whose messages it has to touch; ` +
            `unset AWS_ENDPOINT_URL_SQS, or use duplicate or visibility-expiry`,
        );
      }
      if (fault === "pause") return startTimes(live, () => pause(live));
      if (fault === "redrive") {
        const fail = (thrown: unknown) => {
          if (!options.isShaken()) warn(`cannot redrive: ${reason(thrown)}`);
        };
        return startTimes(live, () => {
          redrive(live).catch(fail);
          return true;
        });
      }
      rules.add(live);
      return () => void rules.delete(live);
    },
    pauseOf: (queue) => [...paused].find(([live]) => suits(live.rule, queue))?.[1],
    shape(queue, { batch, carried }, batchSize) {
      const [twice] = batchSize < 2 ? [] : struck("duplicate-in-batch", queue, batch.slice(0, 1));
      if (twice === undefined) return { batch, carried };
      const kept = batch.slice(0, Math.max(1, batchSize - 1)); // the rest is the beginning of the next batch
      return { batch: [...kept, twice], carried: [...batch.slice(kept.length), ...carried] };
    },
    delivered(queue, batch, { repeat, expire }) {
      const twice = struck("duplicate", queue, batch);
      if (twice.length > 0) repeat(twice);
      for (const live of rulesFor("visibility-expiry", queue)) {
        for (const record of batch.filter(() => live.fires())) {
          const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
          live.hit({ queue: queue.name, messageIds: [record.messageId], ms });
          setTimeout(() => expire(record), ms);
        }
      }
    },
    toDelete(queue, records) {
      const lost = new Set(struck("lost-delete", queue, records));
      return lost.size === 0 ? records : records.filter((record) => !lost.has(record)); // FM1
    },
    pending: () => pending,
    clear() {
      for (const end of [...pauses.values()]) end();
    },
  };
}

type Named = Pick<LocalQueue, "name" | "logicalId">;

function suits({ queue }: DeliveryRule, { name, logicalId }: Named): boolean {
  return queue === undefined || queue === name || queue === logicalId;
}

/** Of the engine's queues some are of no template. */
function nameOf({ name, arn }: Queue, queues: readonly LocalQueue[]): Named {
  return queues.find((one) => one.arn === arn) ?? { name, logicalId: name };
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
  const names = ["ApproximateNumberOfMessages"] as const;
  const { Attributes: attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }),
  );
  return Number(attributes?.ApproximateNumberOfMessages ?? 0);
}
