// Everything that AWS can come to with one request, and a scene in which one kind of call meets it: the real runtime over the
// memory store and queue. What must hold whatever happened is checked after every delivery.

import type { CancellationReason } from "../../lib/aws/dynamodb.ts";
import type { SqsAnswerOf, SqsRequest, SqsSend } from "../../lib/consumer/sqs-send.ts";
import type { BatchHandler, ExactlyOnceOptions, Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { failureOf, type MemoryQueue, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

export type AwsRequest = DynamoDbRequest | SqsRequest;

/** What the runtime has to make of it. */
export type OutcomeKind = "silent" | "open" | "busy" | "refused" | "cancelled busy" | "cancelled refused" | "condition";

export interface Outcome {
  readonly name: string;
  readonly kind: OutcomeKind;
  /** Does the request take effect? "later": long after its sender gave up. */
  readonly applied: "now" | "later" | "never";
  /** What its sender hears; undefined: nothing, until it gives up. */
  readonly error?: (request: AwsRequest) => Error;
}

const LATER_MS = 9_000;

const fails =
  (kind: OutcomeKind) =>
  (name: string, applied: Outcome["applied"] = "never", message = name): Outcome => ({
    name: applied === "never" ? name : `${name}, applied ${applied}`,
    kind,
    applied,
    error: () => named(name, message),
  });
const open = fails("open");

/** One of each. */
export const OUTCOMES: readonly Outcome[] = [
  { name: "no answer, never applied", kind: "silent", applied: "never" },
  { name: "no answer, applied", kind: "silent", applied: "now" },
  { name: "no answer, applied later", kind: "silent", applied: "later" },
  { ...open("Error", "never", "read ECONNRESET"), name: "reset before it came" },
  { ...open("Error", "now", "aborted"), name: "reset in the middle of the answer" },
  ...["TimeoutError", "InternalServerError", "ServiceUnavailable", "TransactionInProgressException"].flatMap((name) => [
    open(name),
    open(name, "now"),
    open(name, "later"),
  ]),
  open("IdempotentParameterMismatchException"),
  open("IdempotentParameterMismatchException", "now"),
  open("CredentialsProviderError"), // raised before anything is sent, but its name is not among the known ones
  open("SomethingNewException"),
  open("SomethingNewException", "now"),
  ...[
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
  ].map((name) => fails("busy")(name)),
  ...[
    "ExpiredTokenException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "ResourceNotFoundException",
    "ValidationException", // an item beyond 400 KB, say
    "ItemCollectionSizeLimitExceededException",
  ].map((name) => fails("refused")(name)),
  ...(["record", "effect"] as const).flatMap((at) => [
    ...["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError", "SomethingNew"].map((code) =>
      cancelledBy(code, at, "cancelled busy"),
    ),
    ...["ValidationError", "ItemCollectionSizeLimitExceeded"].map((code) => cancelledBy(code, at, "cancelled refused")),
  ]),
  cancelledBy("ConditionalCheckFailed", "record", "cancelled busy"), // by a record that is gone when it is read
  cancelledBy("ConditionalCheckFailed", "effect", "condition"),
];

/** A cancelled transaction: `code` at one action, None at the others. */
function cancelledBy(code: string, at: "record" | "effect", kind: OutcomeKind): Outcome {
  const error = (request: AwsRequest): Error => {
    const actions = request.operation === "TransactWriteItems" ? request.input.TransactItems.length : 1;
    const guilty = at === "record" ? 0 : actions - 1;
    return cancelledError(Array.from({ length: actions }, (_, index) => ({ Code: index === guilty ? code : "None" })));
  };
  return { name: `cancelled by ${code} at the ${at}`, kind, applied: "never", error };
}

export function cancelledError(CancellationReasons: readonly CancellationReason[]): Error {
  return Object.assign(named("TransactionCanceledException", "cancelled"), { CancellationReasons });
}

export interface SceneOptions {
  readonly messages: readonly TestMessage[];
  readonly options?: ExactlyOnceOptions;
  /** Effects beside those that every message has, or a throw; `runs` counts those of the message, this one among them. */
  readonly handler?: (messageId: string, tx: Tx, runs: number) => Promise<void> | void;
}

export interface Scene {
  readonly host: VirtualHost;
  readonly memory: MemoryDynamoDb;
  readonly queue: MemoryQueue;
  readonly requests: AwsRequest[];
  /** Codes of the messages that failed or were rejected in the last delivery. */
  readonly codes: string[];
  readonly acknowledged: ReadonlySet<string>;
  /** What becomes of the next request; undefined: it is answered as it should be. */
  next: (request: AwsRequest) => Outcome | undefined;
  /** Delivers what is not acknowledged to a new worker, then checks. */
  deliver(receiveCount: number, options?: { responseLost?: boolean; only?: readonly string[] }): Promise<void>;
  /**
   * Effects at most once, exactly where their record is COMPLETED; acknowledged only what is done, or rejected and
   * dead-lettered. Throws what is wrong.
   */
  check(): void;
}

const TIMEOUT_MS = 6_000;

export function scene({ messages, options = {}, handler = () => {} }: SceneOptions): Scene {
  const host = virtualHost();
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Orders: { partitionKey: "orderId" },
    Counters: { partitionKey: "id" },
  });
  const queue = memoryQueue();
  const acknowledged = new Set<string>();
  const codes: string[] = [];
  const requests: AwsRequest[] = [];
  const send = async <R extends DynamoDbRequest>(
    request: R,
    { signal }: { signal?: AbortSignal },
  ): Promise<AnswerOf<R>> => meet(request, signal, () => memory.send(request));
  const sqsSend = async <R extends SqsRequest>(
    request: R,
    { signal }: { signal?: AbortSignal },
  ): Promise<SqsAnswerOf<R>> => meet(request, signal, () => queue.sqsSend(request, {}));

  async function meet<T>(
    request: AwsRequest,
    signal: AbortSignal | undefined,
    apply: () => T | Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    requests.push(request);
    const outcome = self.next(request);
    if (!outcome) return apply();
    const quietly = async (): Promise<void> => {
      try {
        await apply();
      } catch {} // nobody hears of it
    };
    if (outcome.applied === "now") await quietly();
    if (outcome.applied === "later") host.after(LATER_MS, () => void quietly());
    if (outcome.error) throw outcome.error(request);
    return new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(named("AbortError", "aborted")), { once: true }),
    );
  }

  const error = (_message: string, { code }: Record<string, unknown>): void => void codes.push(String(code));
  const silent = (): void => {};
  const runs = new Map<string, number>();
  const worker = (): BatchHandler => {
    const logger = { debug: silent, info: silent, warn: silent, error };
    const orders = createExactlyOnce(
      { consumer: "orders", table: "Records", retentionDays: 40, key: "id", logger, ...options },
      { host, send: send as Send, sqsSend: sqsSend as SqsSend, environment: {} },
    );
    return orders.lambda(async ({ messageId }, tx) => {
      runs.set(messageId, (runs.get(messageId) ?? 0) + 1);
      await handler(messageId, tx, runs.get(messageId) ?? 0);
      tx.increment({ TableName: "Counters", Key: { id: messageId } }, { n: 1 });
      tx.increment({ TableName: "Counters", Key: { id: "hot" } }, { n: 1 });
    });
  };

  const self: Scene = {
    host,
    memory,
    queue,
    requests,
    codes,
    acknowledged,
    next: () => undefined,
    async deliver(receiveCount, { responseLost = false, only } = {}) {
      codes.length = 0;
      const event = sqsEvent(...messages.map((message) => ({ ...message, receiveCount })));
      const Records = event.Records.filter(
        ({ messageId }) => !acknowledged.has(messageId) && (only?.includes(messageId) ?? true),
      );
      if (Records.length === 0) return;
      const endMs = host.nowMs() + TIMEOUT_MS;
      const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
      const { batchItemFailures } = await host.run(worker()({ Records }, context));
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      const succeeded = Records.map(({ messageId }) => messageId).filter((id) => !failed.has(id));
      if (!responseLost) for (const messageId of succeeded) acknowledged.add(messageId);
      self.check();
    },
    check() {
      const complaints = complaintsOf(memory, queue, acknowledged);
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
    },
  };
  return self;
}

function complaintsOf(memory: MemoryDynamoDb, queue: MemoryQueue, acknowledged: ReadonlySet<string>): string[] {
  const statuses = new Map(memory.items("Records").map(({ messageId, status }) => [messageId?.S ?? "", status?.S]));
  const done = [...statuses].flatMap(([messageId, status]) => (status === "COMPLETED" ? [messageId] : [])).sort();
  const letters = queue.deadLetters.map((letter) => (failureOf(letter) as { messageId: string }).messageId);
  const counters = memory.items("Counters").map(({ id, n }) => [id?.S ?? "", Number(n?.N)] as const);
  const [hot = 0] = counters.flatMap(([id, n]) => (id === "hot" ? [n] : []));
  const own = counters.filter(([id]) => id !== "hot");
  const complaints = own.flatMap(([id, n]) => (n === 1 ? [] : [`the effects of ${id} happened ${n} times`]));
  const effects = own.map(([id]) => id).sort();
  if (effects.join() !== done.join()) complaints.push(`effects of ${effects}, COMPLETED records of ${done}`);
  if (hot !== done.length) complaints.push(`${done.length} messages are done, but counted ${hot} times`);
  for (const id of acknowledged) {
    const rejected = letters.includes(id) && statuses.get(id) === "REJECTED";
    if (!done.includes(id) && !rejected) complaints.push(`${id} is acknowledged, but ${statuses.get(id) ?? "nothing"}`);
  }
  return complaints;
}
