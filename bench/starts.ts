// Fresh processes: time to import the bundle, the first batch, and peak memory after small and after large batches.

import type { Bundles } from "./bundles.ts";
import { startFakeEngine } from "./engines.ts";
import { type Batch, messageNumbers } from "./events.ts";
import type { Report } from "./measure.ts";
import { type Contender, isOrderedContender } from "./names.ts";
import type { BenchOptions } from "./options.ts";
import { createTables, openSandbox } from "./sandbox.ts";

export interface Start {
  readonly contender: Contender;
  readonly round: number;
  /** Of the bundle with the SDK inside. */
  readonly importMs: number;
  /** 10 messages, every request 5 ms. */
  readonly firstBatchMs: number;
  readonly smallPeakBytes: number;
  readonly largePeakBytes: number;
}

const SMALL_BATCH = 10;
const SMALL_BATCHES = 20;
const LARGE_BATCHES = 3;

export async function measureStarts(options: BenchOptions, bundles: Bundles, report: Report): Promise<Start[]> {
  const contenders = options.contenders.filter((name) => !isOrderedContender(name));
  if (options.starts === 0 || contenders.length === 0) return [];
  const engine = await startFakeEngine();
  const starts: Start[] = [];
  const next = messageNumbers();
  const batches = (count: number, messages: number): Batch[] =>
    Array.from({ length: count }, () => ({ variant: "distinct", first: next(messages), messages }));
  const startOf = async (contender: Contender, round: number): Promise<Start> => {
    const sandbox = await openSandbox(contender, { engine, bundles });
    try {
      await engine.setModel("U5");
      const { batchMs } = await sandbox.run(batches(1, SMALL_BATCH));
      await engine.setModel("U0");
      await sandbox.run(batches(SMALL_BATCHES - 1, SMALL_BATCH));
      const smallPeakBytes = await sandbox.peakMemoryBytes();
      await sandbox.run(batches(LARGE_BATCHES, options.largeBatch));
      const largePeakBytes = await sandbox.peakMemoryBytes();
      await sandbox.check();
      const { importMs } = sandbox;
      return { contender, round, importMs, firstBatchMs: batchMs[0] ?? Number.NaN, smallPeakBytes, largePeakBytes };
    } finally {
      await sandbox.stop();
    }
  };
  try {
    await createTables(engine, contenders);
    for (let round = 0; round < options.starts; round++) {
      const order = round % 2 === 0 ? contenders : contenders.toReversed();
      for (const contender of order) {
        starts.push(await startOf(contender, round));
        report(starts.length, options.starts * contenders.length, `${contender}, fresh process`);
      }
    }
  } finally {
    await engine.stop();
  }
  return starts;
}
