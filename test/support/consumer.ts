// The real runtime over the memory store and a virtual host: what the consumer and middleware tests run on.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { LambdaContext } from "../../lib/aws/lambda.ts";
import type { ExactlyOnceOptions } from "../../lib/consumer/options.ts";
import { createExactlyOnce, type ExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { type Fault, type FaultySend, faultySend } from "./faulty-send.ts";
import type { MemoryObjects } from "./memory-objects.ts";
import { type MemoryQueue, memoryQueue } from "./memory-queue.ts";
import { type VirtualHost, virtualHost } from "./virtual-host.ts";

export const RECORDS = "Records";
/** For consumers with the option outbox. */
export const OUTBOX = "Outbox";

export interface LogEntry {
  readonly level: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

export interface TestConsumer<Body> {
  readonly orders: ExactlyOnce<Body>;
  readonly memory: MemoryDynamoDb;
  readonly host: VirtualHost;
  readonly requests: FaultySend["log"];
  readonly logged: LogEntry[];
  readonly queue: MemoryQueue;
  /** A context with this much time left from now. */
  context(timeLeftMs?: number): LambdaContext;
  /** Error codes of the messages that failed, in order of their end. */
  codes(): unknown[];
}

export function testConsumer<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  options: ExactlyOnceOptions<S> = {},
  nextFault: (request: DynamoDbRequest) => Fault = () => "none",
  { objects, ...queue }: MemoryQueue & { readonly objects?: MemoryObjects } = memoryQueue(),
): TestConsumer<StandardSchemaV1.InferOutput<S>> {
  const host = virtualHost();
  const memory = memoryDynamoDb({
    [RECORDS]: { partitionKey: "pk" },
    [OUTBOX]: { partitionKey: "pk", sortKey: "sk" },
    Orders: { partitionKey: "orderId" },
    Lines: { partitionKey: "orderId", sortKey: "line" },
    Counters: { partitionKey: "id" },
  });
  const { send, log } = faultySend(memory, host, nextFault);
  const logged: LogEntry[] = [];
  const logger = Object.fromEntries(
    ["debug", "info", "warn", "error"].map((level) => [
      level,
      (message: string, details: Record<string, unknown>) => logged.push({ level, message, details }),
    ]),
  ) as unknown as NonNullable<ExactlyOnceOptions["logger"]>;
  // Each delivery as if to another process: what is known of a key is in the table.
  const defaults = { consumer: "orders", table: RECORDS, retentionDays: 40, logger, committedKeysMax: 0 };
  const orders = createExactlyOnce<S>(
    { ...defaults, ...options },
    { host, send, sqsSend: queue.sqsSend, environment: {}, ...(objects && { objects }) },
  );
  return {
    orders,
    memory,
    host,
    requests: log,
    logged,
    queue,
    context(timeLeftMs = 10_000) {
      const endMs = host.nowMs() + timeLeftMs;
      return { awsRequestId: "r-1", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    },
    codes: () => logged.filter(({ level }) => level === "error").map(({ details }) => details["code"]),
  };
}
