// Ordered messages through the real runtime: each appends its place to the log of its key, and looks first at what the ones
// before it left.

import type { ExactlyOnceOptions, Message, Tx } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { type TestConsumer, testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import type { MemoryQueue } from "../support/memory-queue.ts";
import type { TestRecord, TestSource } from "../support/source-events.ts";

export interface Sent {
  readonly id: string;
  readonly key: string;
  readonly at: number;
}

/** `a b a`: messages of these keys, in this order. */
export function records(keys: string, from = 8): TestRecord[] {
  return keys.split(" ").map((key, index) => {
    const at = from + index; // so that digits grow within a batch
    return { key, at, body: { id: `${key}-${at}`, key, at } satisfies Sent };
  });
}

/** What was sent: of DynamoDB Streams, it is an attribute of the item. */
export function sent({ body }: Pick<Message, "body">): Sent {
  const { newImage } = body as { newImage?: { body: string } };
  return newImage === undefined ? (body as Sent) : (JSON.parse(newImage.body) as Sent);
}

export interface Scene extends TestConsumer<unknown> {
  /** Delivers these, and resolves with what comes again under the first reading of AWS's page. */
  deliver(batch: readonly TestRecord[], handler?: Handle, delivery?: DeliveryOptions): Promise<TestRecord[]>;
  readonly response: () => unknown;
  /** Places in the log of a key, in the order of their effects. */
  log(key: string): number[];
  /** `a8` where the handler of the message at 8 started, `a8.` where it ended. */
  readonly trace: string[];
}

export interface DeliveryOptions {
  readonly timeLeftMs?: number;
  /** An invocation of the same messages beside it: an old one, whose answer nobody hears. @default 0 */
  readonly zombies?: number;
}

export type Handle = (message: Sent, tx: Tx, scene: Scene) => unknown;

export function append({ key, at }: Sent, tx: Tx): void {
  tx.update({
    TableName: "Orders",
    Key: { orderId: key },
    UpdateExpression: "SET places = list_append(if_not_exists(places, :none), :place)",
    ExpressionAttributeValues: { ":none": [], ":place": [at] },
  });
}

export interface SceneOptions {
  readonly options?: ExactlyOnceOptions;
  readonly nextFault?: (request: DynamoDbRequest) => Fault;
  readonly queue?: MemoryQueue;
}

export function orderedScene(source: TestSource, { options = {}, nextFault, queue }: SceneOptions = {}): Scene {
  const key: ExactlyOnceOptions["key"] = (message) => sent(message).id;
  const consumer = testConsumer({ key, ...options }, nextFault, queue);
  const { orders, host, context, memory } = consumer;
  const trace: string[] = [];
  let last: unknown;
  const scene: Scene = {
    ...consumer,
    trace,
    response: () => last,
    log(orderingKey) {
      const item = memory.items("Orders").find(({ orderId }) => orderId?.S === orderingKey);
      return (item?.["places"]?.L ?? []).map(({ N }) => Number(N));
    },
    async deliver(batch, handle = append, { timeLeftMs, zombies = 0 } = {}) {
      const handler = orders.lambda(async (message, tx) => {
        const own = sent(message);
        trace.push(`${own.key}${own.at}`);
        await handle(own, tx, scene);
        trace.push(`${own.key}${own.at}.`);
      });
      const invoke = (): Promise<unknown> => handler(source.event(batch), context(timeLeftMs));
      [last] = await host.run(Promise.all(Array.from({ length: 1 + zombies }, invoke)));
      const [again] = source.again(batch, last);
      return batch.filter((_, index) => again?.has(index));
    },
  };
  return scene;
}
