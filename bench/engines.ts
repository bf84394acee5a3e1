// The two engines behind one interface: the benchmark's own, which counts and delays, and the embedded one.

import { join } from "node:path";
import { CreateTableCommand, paginateScan } from "@aws-sdk/client-dynamodb";
import { startDynoxide } from "../test/support/dynoxide.ts";
import type { DelayModel } from "./engine/delays.ts";
import type { EngineCall, Taken } from "./engine/process.ts";
import { start } from "./ipc.ts";
import { amountOf } from "./names.ts";

export interface Engine {
  readonly endpoint: string;
  createTable(table: string, partitionKey: string): Promise<void>;
  /** Sum of a number attribute over a table. */
  sum(table: string, attribute: string): Promise<number>;
  stop(): Promise<void>;
}

export interface FakeEngine extends Engine {
  setModel(model: DelayModel): Promise<void>;
  /** How many a table holds. */
  items(table: string): Promise<number>;
  /** What was counted since the last time. */
  takeCounters(): Promise<Taken>;
}

export async function startFakeEngine(): Promise<FakeEngine> {
  const engine = start<EngineCall>(join(import.meta.dirname, "engine/process.ts"));
  const port = Number(await engine.call({ kind: "listen" }));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    createTable: async (table, partitionKey) => void (await engine.call({ kind: "create-table", table, partitionKey })),
    setModel: async (model) => void (await engine.call({ kind: "set-model", model })),
    takeCounters: async () => (await engine.call({ kind: "take-counters" })) as Taken,
    items: async (table) => (await engine.call({ kind: "items", table })) as number,
    sum: async (table, attribute) => (await engine.call({ kind: "sum", table, attribute })) as number,
    stop: engine.stop,
  };
}

export async function startEmbeddedEngine(): Promise<Engine> {
  const { client, endpoint, stop } = await startDynoxide();
  return {
    endpoint,
    stop,
    async createTable(TableName, AttributeName) {
      await client.send(
        new CreateTableCommand({
          TableName,
          KeySchema: [{ AttributeName, KeyType: "HASH" }],
          AttributeDefinitions: [{ AttributeName, AttributeType: "S" }],
          BillingMode: "PAY_PER_REQUEST",
        }),
      );
    },
    async sum(TableName, attribute) {
      let total = 0;
      for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
        for (const item of Items) total += amountOf(item, attribute);
      }
      return total;
    },
  };
}
