// A small world for schedules: a queue that delivers at least once, workers that die, a store that answers badly. The
// runtime in it is the real one, on virtual time.

import type { LambdaContext, SqsBatchResponse } from "../../lib/aws/lambda.ts";
import type { Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send, SendOptions } from "../../lib/store/send.ts";
import { type Fault, faultySend } from "../support/faulty-send.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

/** What happens at a request: an answer gone wrong, or the worker's death just before or after it is applied. */
export type Trouble = Fault | "dies-before" | "dies-after";

export interface SimulatedMessage {
  readonly messageId: string;
  readonly key: string;
}

/** One invocation: which messages it gets, and how long its handler takes for each, ms. */
export interface Invocation {
  readonly messages: readonly SimulatedMessage[];
  readonly handlerMs: number;
}

export interface World {
  readonly memory: MemoryDynamoDb;
  readonly host: VirtualHost;
  readonly acknowledged: ReadonlySet<string>;
  /** Runs invocations side by side, each in a worker of its own, and takes what they acknowledge off the queue. */
  deliver(invocations: readonly Invocation[]): Promise<void>;
  /** Records, effects and acknowledgements agree. Throws what is wrong. */
  check(): void;
}

const TIMEOUT_MS = 4_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Troubles meet the requests in order; then there are none. */
export function createWorld(troubles: readonly Trouble[], random: () => number): World {
  const host = virtualHost(random);
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Effects: { partitionKey: "id" },
  });
  const left = [...troubles];
  const acknowledged = new Set<string>();
  const keys = new Map<string, string>();

  async function invoke({ messages, handlerMs }: Invocation): Promise<void> {
    for (const { messageId, key } of messages) keys.set(messageId, key);
    const worker = createWorker(memory, host, () => left.shift() ?? "none");
    const orders = createExactlyOnce(
      { consumer: "orders", table: "Records", retentionDays: 40, key: "key", logger: silent },
      { host, send: worker.send, environment: {} },
    );
    const handler = orders.lambda((message, tx) => post((message.body as SimulatedMessage).key, tx, handlerMs, host));
    const endMs = host.nowMs() + TIMEOUT_MS;
    const context: LambdaContext = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    const event = sqsEvent(...messages.map(({ messageId, key }) => ({ messageId, body: { key } })));
    const response = await Promise.race([handler(event, context), worker.died]);
    if (response === undefined) return; // nothing of the batch is deleted
    for (const messageId of succeeded(messages, response)) acknowledged.add(messageId);
  }

  return {
    memory,
    host,
    acknowledged,
    async deliver(invocations) {
      await host.run(Promise.all(invocations.map(invoke)));
    },
    check: () => check(memory, acknowledged, keys),
  };
}

function succeeded(messages: readonly SimulatedMessage[], { batchItemFailures }: SqsBatchResponse): string[] {
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return messages.map(({ messageId }) => messageId).filter((id) => !failed.has(id));
}

/** One effect of each kind: a put, an increment, and a guarded read with a write that depends on it. */
async function post(key: string, tx: Tx, handlerMs: number, host: VirtualHost): Promise<void> {
  const sum = { TableName: "Effects", Key: { id: "sum" } };
  const found = await tx.get<{ n: number }>(sum);
  if (handlerMs > 0) await new Promise<void>((resolve) => host.after(handlerMs, resolve));
  tx.put({ TableName: "Effects", Item: { id: `put ${key}` } });
  tx.increment({ TableName: "Effects", Key: { id: `count ${key}` } }, { n: 1 });
  tx.update({
    ...sum,
    UpdateExpression: "SET n = :n",
    ExpressionAttributeValues: { ":n": (found?.n ?? 0) + 1 },
  });
}

interface Worker {
  readonly send: Send;
  /** Settles, with nothing, when the process is killed. */
  readonly died: Promise<undefined>;
}

/** A dead worker sends nothing more and hears nothing more; what it sent may have been applied. */
function createWorker(memory: MemoryDynamoDb, host: VirtualHost, next: () => Trouble): Worker {
  let dead = false;
  let die = (): void => {};
  const died = new Promise<undefined>((resolve) => {
    die = () => {
      dead = true;
      resolve(undefined);
    };
  });
  const never = new Promise<never>(() => {});
  let fault: Fault = "none";
  const faulty = faultySend(memory, host, () => fault);
  const send = <R extends DynamoDbRequest>(request: R, options: SendOptions): Promise<AnswerOf<R>> => {
    if (dead) return never;
    const trouble = next();
    if (trouble === "dies-before") die();
    if (dead) return never;
    if (trouble === "dies-after") {
      fault = "none";
      void faulty.send(request, {}).catch(() => {});
      die();
      return never;
    }
    fault = trouble as Fault;
    const answer = faulty.send(request, options);
    return answer.then(
      (value) => (dead ? never : value),
      (error) => (dead ? never : Promise.reject(error)),
    );
  };
  return { send, died };
}

/** I1: at most once. I2: acknowledged only if committed. I3: a record exactly where its effects are. */
function check(memory: MemoryDynamoDb, acknowledged: ReadonlySet<string>, keys: ReadonlyMap<string, string>): void {
  const effects = new Map(memory.items("Effects").map((item) => [item["id"]?.S ?? "", Number(item["n"]?.N ?? 1)]));
  const records = memory.items("Records").length;
  const distinct = new Set(keys.values());
  const committed = [...distinct].filter((key) => effects.has(`put ${key}`));
  for (const key of distinct) {
    const count = effects.get(`count ${key}`) ?? 0;
    const expected = committed.includes(key) ? 1 : 0;
    if (count !== expected) throw new Error(`I1, I3: key ${key} was put ${expected} and counted ${count} times`);
  }
  if (records !== committed.length) throw new Error(`I3: ${records} records, ${committed.length} committed keys`);
  const sum = effects.get("sum") ?? 0;
  if (sum !== committed.length) throw new Error(`I1: the guarded sum is ${sum}, committed are ${committed.length}`);
  for (const messageId of acknowledged) {
    const key = keys.get(messageId) ?? "";
    if (!committed.includes(key)) throw new Error(`I2: ${messageId} was acknowledged, but ${key} is not committed`);
  }
}
