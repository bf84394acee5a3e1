// A small world for schedules: a queue that delivers at least once, workers that die, a store that answers badly. The
// runtime in it is the real one, on virtual time.

import type { LambdaContext, SqsBatchResponse, SqsEvent } from "../../lib/aws/lambda.ts";
import type { SqsAnswerOf, SqsRequest, SqsSend } from "../../lib/consumer/sqs-send.ts";
import { type ExactlyOnceOptions, PermanentError, type Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send, SendOptions } from "../../lib/store/send.ts";
import { type Fault, faultySend } from "../support/faulty-send.ts";
import { DLQ_URL, type MemoryQueue, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";
import { check, complaintsOf, isGuarded, rejectedIn } from "./checks.ts";
import { checkOutbox, sendShipment } from "./outbox-checks.ts";

/** What happens at a request: an answer gone wrong, or the worker's death just before or after it is applied. */
export type Trouble = Fault | "dies-before" | "dies-after";

export interface SimulatedMessage {
  readonly messageId: string;
  readonly key: string;
}

/** One invocation: which messages it gets, how long its handler takes for each, ms, and which it gives up for good. */
export interface Invocation {
  readonly messages: readonly SimulatedMessage[];
  readonly handlerMs: number;
  readonly rejects?: ReadonlySet<string>;
  /** It begins so much later than the others of its round, ms. */
  readonly startMs?: number;
}

/** The consumer of the world, where it is not the plain one. */
export interface Consumer extends Pick<ExactlyOnceOptions, "strategy" | "leaseSeconds"> {
  /** Its handler sends, too. */
  readonly sends?: true;
}

export interface World {
  readonly memory: MemoryDynamoDb;
  readonly host: VirtualHost;
  readonly acknowledged: ReadonlySet<string>;
  /** Runs invocations side by side, each in a worker of its own, and takes what they acknowledge off the queue. */
  deliver(invocations: readonly Invocation[]): Promise<void>;
  /** Lets time pass, and whatever was to come in it. */
  elapse(ms: number): Promise<void>;
  /** Records, effects and acknowledgements agree. Throws what is wrong. */
  check(): void;
}

const TIMEOUT_MS = 4_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Troubles meet the requests in order; then there are none. */
export function createWorld(troubles: readonly Trouble[], random: () => number, consumer: Consumer = {}): World {
  const host = virtualHost(random);
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Effects: { partitionKey: "id" },
    Outbox: { partitionKey: "pk", sortKey: "sk" },
  });
  const { sends = false, ...options } = consumer;
  const left = [...troubles];
  const acknowledged = new Set<string>();
  const keys = new Map<string, string>();
  const received = new Map<string, number>();
  const gaveUp = new Set<string>(); // messages whose handler threw for good, at some time
  const charges = new Map<string, string>();
  const keptSteps = new Set<string>(); // steps that have given their result to a handler
  let alone = false;
  const complaints: string[] = []; // of the moment, since the runtime swallows what is thrown there
  const queue = memoryQueue((request) => {
    if (request.operation === "SendMessage") complaints.push(...complaintsOf(memory, request.input.MessageBody));
    return "none";
  });

  /** An effect outside DynamoDB: at least once, under one idempotency key. Alone, what is kept is never done again. */
  async function charge(key: string, tx: Tx): Promise<void> {
    const kept = alone && keptSteps.has(key);
    const id = await tx.step("charge", ({ idempotencyKey }) => {
      if (kept) complaints.push(`ST1: the step of ${key} was kept, and ran again`);
      if ((charges.get(key) ?? idempotencyKey) !== idempotencyKey) complaints.push(`ST3: two keys for ${key}`);
      charges.set(key, idempotencyKey);
      return idempotencyKey;
    });
    keptSteps.add(key);
    if (id !== charges.get(key)) complaints.push(`ST4: the step of ${key} gave ${id}`);
  }

  async function invoke({ messages, handlerMs, rejects, startMs = 0 }: Invocation): Promise<void> {
    if (startMs > 0) await new Promise<void>((resolve) => host.after(startMs, resolve));
    for (const { messageId, key } of messages) {
      keys.set(messageId, key);
      if (rejects?.has(messageId)) gaveUp.add(messageId);
      received.set(messageId, (received.get(messageId) ?? 0) + 1);
    }
    const worker = createWorker({ memory, queue, host, next: () => left.shift() ?? "none" });
    const { send, sqsSend } = worker;
    const orders = createExactlyOnce(
      {
        consumer: "orders",
        table: "Records",
        retentionDays: 40,
        key: "key",
        logger: silent,
        deadLetterQueueUrl: DLQ_URL,
        outbox: { table: "Outbox" },
        ...options,
      },
      { host, send, sqsSend, environment: {} },
    );
    const handler = orders.lambda(async (message, tx) => {
      const { key } = message.body as SimulatedMessage;
      if (consumer.strategy === "claim") await charge(key, tx);
      const before = await post(key, tx, handlerMs, host);
      if (sends) sendShipment(key, tx, before);
      if (rejects?.has(message.messageId)) throw new PermanentError("for good");
    });
    const endMs = host.nowMs() + TIMEOUT_MS;
    const context: LambdaContext = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    const response = await Promise.race([handler(eventOf(messages, received), context), worker.died]);
    if (response === undefined) return; // nothing of the batch is deleted
    for (const messageId of succeeded(messages, response)) acknowledged.add(messageId);
  }

  return {
    memory,
    host,
    acknowledged,
    async elapse(ms) {
      host.after(ms, () => {});
      await host.drain();
    },
    async deliver(invocations) {
      alone = invocations.length === 1;
      await host.run(Promise.all(invocations.map(invoke)));
    },
    check() {
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
      check(memory, acknowledged, keys, rejectedIn(queue), gaveUp);
      if (sends) checkOutbox(memory);
    },
  };
}

/** Ids of the messages that the response lets leave the queue. */
export function eventOf(messages: readonly SimulatedMessage[], received: ReadonlyMap<string, number>): SqsEvent {
  return sqsEvent(
    ...messages.map(({ messageId, key }) => {
      return { messageId, body: { key }, receiveCount: received.get(messageId) ?? 1 };
    }),
  );
}

export function succeeded(messages: readonly SimulatedMessage[], { batchItemFailures }: SqsBatchResponse): string[] {
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return messages.map(({ messageId }) => messageId).filter((id) => !failed.has(id));
}

/**
 * A put and an increment of its own; then, by key, a guarded read with a write that depends on it, which no other message of
 * a group may touch, or an increment that all share, which folds. Resolves with how many guarded writes came before.
 */
async function post(key: string, tx: Tx, handlerMs: number, host: VirtualHost): Promise<number | undefined> {
  const sum = { TableName: "Effects", Key: { id: "sum" } };
  const found = isGuarded(key) ? await tx.get<{ n: number }>(sum) : undefined;
  if (handlerMs > 0) await new Promise<void>((resolve) => host.after(handlerMs, resolve));
  tx.put({ TableName: "Effects", Item: { id: `put ${key}` } });
  tx.increment({ TableName: "Effects", Key: { id: `count ${key}` } }, { n: 1 });
  if (!isGuarded(key)) {
    tx.increment({ TableName: "Effects", Key: { id: "hot" } }, { n: 1 });
    return undefined;
  }
  const before = found?.n ?? 0;
  tx.update({ ...sum, UpdateExpression: "SET n = :n", ExpressionAttributeValues: { ":n": before + 1 } });
  return before;
}

interface Worker {
  readonly send: Send;
  readonly sqsSend: SqsSend;
  /** Settles, with nothing, when the process is killed. */
  readonly died: Promise<undefined>;
}

interface Surroundings {
  readonly memory: MemoryDynamoDb;
  readonly queue: MemoryQueue;
  readonly host: VirtualHost;
  readonly next: () => Trouble;
}

/** A dead worker sends nothing more and hears nothing more; what it sent may have been applied. */
export function createWorker({ memory, queue, host, next }: Surroundings): Worker {
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
  const sqsSend = async <R extends SqsRequest>(request: R): Promise<SqsAnswerOf<R>> => {
    if (dead) return never;
    // Only what is sent matters here; when messages come again is up to the schedule.
    const trouble = request.operation === "SendMessage" ? next() : "none";
    const applied = APPLIED.has(trouble);
    if (trouble.startsWith("dies")) die();
    const answer = applied ? await queue.sqsSend(request, {}) : undefined;
    if (dead) return never;
    if (trouble !== "none" || answer === undefined) throw new Error(trouble);
    return answer;
  };
  return { send, sqsSend, died };
}

/** After these a request to SQS was done, whatever its sender heard. */
const APPLIED: ReadonlySet<Trouble> = new Set<Trouble>([
  "none",
  "answer-lost",
  "server-error-applied",
  "in-progress-applied",
  "dies-after",
]);
