// A contender's process on an engine, and the ledger of what its counters must come to.

import type { Bundles } from "./bundles.ts";
import type { Engine } from "./engines.ts";
import { type Batch, earlierEvent } from "./events.ts";
import { type Started, start } from "./ipc.ts";
import {
  COUNTED_ATTRIBUTE,
  COUNTERS_KEY,
  type Contender,
  countersTable,
  ENVIRONMENT,
  RECORD_KEYS,
  recordsTable,
} from "./names.ts";
import type { Run, WorkerCall } from "./worker.ts";

export interface Sandbox {
  readonly contender: Contender;
  /** Of its bundle, ms. */
  readonly importMs: number;
  /** In a process of its own: messages that came before, so that nothing in this one knows of them. */
  prepare(batches: readonly Batch[]): Promise<void>;
  run(batches: readonly Batch[]): Promise<Run>;
  /** Delivers again what was given back. */
  settle(): Promise<void>;
  /** Does that, and throws if the counters are not exact then. */
  check(): Promise<void>;
  peakMemoryBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Each contender's tables, once for an engine. */
export async function createTables(engine: Engine, contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) {
    await engine.createTable(recordsTable(contender), RECORD_KEYS[contender]);
    await engine.createTable(countersTable(contender), COUNTERS_KEY);
  }
}

/** `counted`: what the contender's counters come to by now. */
export async function openSandbox(
  contender: Contender,
  { engine, bundles }: { readonly engine: Engine; readonly bundles: Bundles },
): Promise<Sandbox> {
  const open = async (): Promise<{ process: Started<WorkerCall>; importMs: number }> => {
    const process = start<WorkerCall>(bundles.worker, environmentOf(contender, engine.endpoint));
    const importMs = await process.call({ kind: "load", bundle: bundles.fileOf(contender) });
    return { process, importMs: Number(importMs) };
  };
  const { process, importMs } = await open();
  let earlier: Started<WorkerCall> | undefined;
  let expected = await engine.sum(countersTable(contender), COUNTED_ATTRIBUTE);

  return {
    contender,
    importMs,
    async prepare(batches) {
      earlier ??= (await open()).process;
      await earlier.call({ kind: "prepare", batches });
      await earlier.call({ kind: "settle" });
      // Plain writes count a message every time that it comes; all others once.
      if (contender === "plain") for (const batch of batches) expected += earlierEvent(batch)?.Records.length ?? 0;
    },
    async run(batches) {
      for (const { messages } of batches) expected += messages;
      return (await process.call({ kind: "run", batches })) as Run;
    },
    settle: async () => void (await process.call({ kind: "settle" })),
    async check() {
      await process.call({ kind: "settle" });
      const sum = await engine.sum(countersTable(contender), COUNTED_ATTRIBUTE);
      if (sum !== expected) throw new Error(`${contender}: the counters come to ${sum}, and should to ${expected}`);
    },
    peakMemoryBytes: async () => (await process.call({ kind: "peak-memory" })) as number,
    async stop() {
      await Promise.all([process.stop(), earlier?.stop()]);
    },
  };
}

function environmentOf(contender: Contender, endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_ENDPOINT_URL_SQS: endpoint, // there is no queue: a call about a failed message is refused, and the message comes again
    AWS_REGION: "eu-west-1",
    // As in Lambda: from the environment, with a session token.
    AWS_ACCESS_KEY_ID: "ASIABENCHBENCHBENCH1",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_SESSION_TOKEN: "bench".repeat(100),
    AWS_LAMBDA_FUNCTION_NAME: "bench",
    [ENVIRONMENT.records]: recordsTable(contender),
    [ENVIRONMENT.counters]: countersTable(contender),
  };
}
