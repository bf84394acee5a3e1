// What the sources of ordered messages have in common.

import type { BatchResponse } from "../../../lib/aws/lambda.ts";
import { call } from "../../../lib/local/sqs/call.ts";
import { createSqsEngine } from "../../../lib/local/sqs/engine.ts";
import { advance } from "../../../lib/local/sqs/queue.ts";
import type { JsonObject } from "../../../lib/local/values.ts";
import type { Timeline } from "../seeded/timeline.ts";
import type { Place, Sent } from "./ledger.ts";

/** What one invocation is given. */
export interface Batch {
  readonly event: object;
  readonly messages: readonly Sent[];
  /** What its answer says is heard; undefined: it had none. False: it names what it was not given. */
  settle(response: BatchResponse | undefined): boolean;
  /** Does the answer name this message, or hold it back? */
  returns(response: BatchResponse, message: Sent): boolean;
}

export interface OrderedSource {
  /** Puts a message at the end of its ordering key. `register` notes it under its place. */
  send(group: string, body: object, register: (place: Place) => Sent): void;
  /** The next batch, if there is one that may begin. */
  take(): Batch | undefined;
  /** The same batch again, whose answer nobody hears. */
  again(batch: Batch): Batch;
  /** What is not settled. */
  left(): readonly Sent[];
  /** Shards are split or merged, batches run side by side in another number, a queue is made anew. Says what, or nothing. */
  change(): string | undefined;
  /** Which life of the source it is now. */
  epoch(): string | undefined;
}

export interface Queues {
  /** Throws what SQS answers. */
  act(action: string, input: JsonObject): JsonObject;
  create(name: string, attributes: Readonly<Record<string, string>>): string;
  /** Ids of what is in it. */
  idsIn(name: string): string[];
  readonly deadUrl: string;
}

export const REGION = "eu-west-1";

/** An SQS of our own, with the dead-letter queue. */
export function createQueues(timeline: Timeline, isFifo: boolean): Queues {
  let ids = 0;
  const newId = (): string => `m${++ids}`;
  const engine = createSqsEngine({ region: REGION, clock: timeline, newId });
  const caller = { onGone: () => {} };
  const act = (action: string, input: JsonObject): JsonObject => call(engine, { action, input }, caller) as JsonObject;
  const create = (QueueName: string, Attributes: Readonly<Record<string, string>>): string =>
    String(act("CreateQueue", { QueueName, Attributes: { ...Attributes } })["QueueUrl"]);
  const deadUrl = isFifo ? create("dead.fifo", { FifoQueue: "true" }) : create("dead", {});
  return {
    act,
    create,
    deadUrl,
    idsIn(name) {
      const queue = engine.queues.get(name);
      if (!queue) throw new Error(`There is no queue ${name}`);
      advance(queue, timeline.nowMs());
      return [...queue.messages.keys()];
    },
  };
}

/** What a response names, as texts. */
export function namedIn({ batchItemFailures }: BatchResponse): string[] {
  return batchItemFailures.map(({ itemIdentifier }) =>
    typeof itemIdentifier === "string" ? itemIdentifier : `${itemIdentifier.partition}:${itemIdentifier.offset}`,
  );
}
