// The engine's process: started by the benchmark with an IPC channel, ends with it.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { emptyTable, keyAttributes, type Table } from "../../lib/store/memory/table.ts";
import { answerCalls } from "../ipc.ts";
import { amountOf } from "../names.ts";
import { type Counters, noCounters } from "./counters.ts";
import type { DelayModel } from "./delays.ts";
import { fakeDynamoDb } from "./fake-dynamodb.ts";
import { engineServer } from "./server.ts";

/** What the benchmark may ask of the engine. */
export type EngineCall =
  | { readonly kind: "listen" }
  | { readonly kind: "create-table"; readonly table: string; readonly partitionKey: string }
  | { readonly kind: "set-model"; readonly model: DelayModel }
  /** Answers Taken, and starts the counters again. */
  | { readonly kind: "take-counters" }
  /** Answers how many items a table holds. */
  | { readonly kind: "items"; readonly table: string }
  /** Answers the sum of a number attribute over a table. */
  | { readonly kind: "sum"; readonly table: string; readonly attribute: string };

/** Since the last time. */
export interface Taken {
  readonly counters: Counters;
  /** User and system time of the engine, microseconds. */
  readonly cpuUs: number;
}

const tables = new Map<string, Table>();
const counters = noCounters();
let cpu = process.cpuUsage();
const { server, setModel } = engineServer(fakeDynamoDb(tables, counters));

async function answer(call: EngineCall): Promise<unknown> {
  switch (call.kind) {
    case "listen":
      await once(server.listen(0, "127.0.0.1"), "listening");
      return (server.address() as AddressInfo).port;
    case "create-table":
      tables.set(call.table, emptyTable(keyAttributes({ partitionKey: call.partitionKey })));
      return undefined;
    case "set-model":
      setModel(call.model);
      return undefined;
    case "take-counters":
      return take();
    case "items":
      return tables.get(call.table)?.sorted().length ?? 0;
    case "sum":
      return sum(call.table, call.attribute);
  }
}

function take(): Taken {
  const { user, system } = process.cpuUsage(cpu);
  const taken = { counters: { ...counters }, cpuUs: user + system };
  Object.assign(counters, noCounters());
  cpu = process.cpuUsage();
  return taken;
}

function sum(table: string, attribute: string): number {
  const items = tables.get(table)?.sorted() ?? [];
  return items.reduce((total, item) => total + amountOf(item, attribute), 0);
}

answerCalls(answer);
