// Faults of messages on their way between queue and function. The event source asks at each step; what the queue itself has to
// do, only our own engine can.
//
//   FM1. No fault loses a message: what is not delivered or not deleted comes again, when its visibility timeout ends.
//   FM2. What comes again has the id under which it came before; only a redrive gives new ones.
import type { SqsRecord } from "../../aws/lambda.ts";
import type { Gathered } from "../gather-batch.ts";
import { localError } from "../local-error.ts";
import type { SqsEngine } from "../sqs/engine.ts";
import type { LocalQueue } from "../types.ts";
import type { Injector } from "./desk.ts";
import type { LiveRule } from "./live-rule.ts";
import { createPauses } from "./pauses.ts";
import { type Named, suits, troubleOwn, troubleQueues } from "./queue-trouble.ts";
import { drawFrom } from "./random.ts";
import { createRedrives, type RedriveOptions } from "./redrives.ts";
import { startTimes } from "./timed.ts";
import type { DeliveryFault, DeliveryRule } from "./types.ts";

export interface DeliveryFaultsOptions extends RedriveOptions {
  /** Undefined for an engine of somebody else's. */
  readonly engine: SqsEngine | undefined;
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

const OWN_ENGINE_ONLY: readonly DeliveryFault[] = ["duplicate-late", "reorder"];

type Live = LiveRule<DeliveryRule>;

export function createDeliveryFaults(options: DeliveryFaultsOptions): DeliveryFaults {
  const { queues, engine } = options;
  const rules = new Set<Live>();

  const rulesFor = (fault: DeliveryFault, queue: Named): Live[] =>
    [...rules].filter((live) => live.rule.fault === fault && !live.isOver() && suits(live.rule, queue));

  /** The records that a rule of this kind fires for, counted. */
  const struck = (fault: DeliveryFault, queue: LocalQueue, records: readonly SqsRecord[]): SqsRecord[] =>
    rulesFor(fault, queue).flatMap((live) => {
      const hit = records.filter(() => live.fires());
      if (hit.length > 0) live.hit({ queue: queue.name, messageIds: hit.map((record) => record.messageId) });
      return hit;
    });

  const trouble = engine === undefined ? undefined : troubleQueues({ engine, queues, rulesFor });
  if (engine !== undefined && trouble !== undefined) {
    if (options.isCopy) troubleOwn(engine, queues, trouble);
    else engine.trouble = trouble;
  }
  const pauses = createPauses();
  const redrive = createRedrives(options);

  return {
    add(live) {
      const { fault } = live.rule;
      if (engine === undefined && OWN_ENGINE_ONLY.includes(fault)) {
        throw localError(
          `Cannot inject ${fault}: the SQS engine is not the embedded one, whose messages it has to touch; ` +
            `unset AWS_ENDPOINT_URL_SQS, or use duplicate or visibility-expiry`,
        );
      }
      if (fault === "pause") return startTimes(live, () => pauses.begin(live));
      if (fault === "redrive") return startTimes(live, () => redrive(live));
      rules.add(live);
      return () => void rules.delete(live);
    },
    pauseOf: pauses.of,
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
    pending: () => trouble?.pending() ?? 0,
    clear: pauses.clear,
  };
}
