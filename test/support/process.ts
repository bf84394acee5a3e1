// One more process of a consumer over the same tables: it knows nothing of what the others remember.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ExactlyOnceOptions } from "../../lib/consumer/options.ts";
import { createExactlyOnce, type ExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer } from "./consumer.ts";
import { type Fault, type FaultySend, faultySend } from "./faulty-send.ts";
import { memoryQueue } from "./memory-queue.ts";

export interface AnotherProcess<Body> {
  readonly orders: ExactlyOnce<Body>;
  readonly requests: FaultySend["log"];
}

export function anotherProcess<S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  { memory, host }: Pick<TestConsumer<unknown>, "memory" | "host">,
  options: ExactlyOnceOptions<S> = {},
  nextFault: (request: DynamoDbRequest) => Fault = () => "none",
): AnotherProcess<StandardSchemaV1.InferOutput<S>> {
  const { send, log } = faultySend(memory, host, nextFault);
  const silent = (): void => {};
  const logger = { debug: silent, info: silent, warn: silent, error: silent };
  const defaults = { consumer: "orders", table: RECORDS, retentionDays: 40, logger };
  const orders = createExactlyOnce<S>(
    { ...defaults, ...options },
    { host, send, sqsSend: memoryQueue().sqsSend, environment: {} },
  );
  return { orders, requests: log };
}
