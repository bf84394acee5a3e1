// What the tests of orders.once() share: requests, a handler that counts, and what came of it.

import type { Tx } from "../../lib/index.ts";
import { RECORDS, type TestConsumer } from "./consumer.ts";

export type Scene = TestConsumer<unknown>;

/** An HTTP API's event, as far as semel reads it; its time and id are new each time. */
let requests = 0;
export function post(key: string, body: unknown = { totalPence: 499 }): Record<string, unknown> {
  return {
    headers: { "idempotency-key": key },
    rawPath: "/orders",
    requestContext: { http: { method: "POST" }, requestId: `request ${++requests}` },
    body: JSON.stringify(body),
  };
}

export function count(tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "orders" } }, { n: 1 });
}
export function counted({ memory }: Pick<Scene, "memory">): number {
  return Number(memory.items("Counters")[0]?.n?.N ?? 0);
}
export const records = ({ memory }: Pick<Scene, "memory">): unknown[] =>
  memory.items(RECORDS).map(({ status }) => status?.S);
export const waited = ({ host }: Pick<Scene, "host">, ms: number): Promise<void> =>
  new Promise((resolve) => host.after(ms, resolve));

/** A handler that counts an order, and gives a receipt that tells which run made it. */
export function receipts({ host }: Pick<Scene, "host">): (message: unknown, tx: Tx) => unknown {
  let runs = 0;
  return (_message, tx) => {
    count(tx);
    return { statusCode: 201, receipt: ++runs, at: new Date(host.nowMs()) };
  };
}

export const STRATEGIES = ["commit", "claim"] as const;
