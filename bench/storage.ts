// What a long run of ordered messages leaves in the tables: every message of a stream of 100 keys, batch after batch, on the
// benchmark's own engine.

import type { Bundles } from "./bundles.ts";
import { startFakeEngine } from "./engines.ts";
import { messageNumbers } from "./events.ts";
import type { Report } from "./measure.ts";
import { type Contender, countersTable, recordsTable } from "./names.ts";
import { createTables, openSandbox } from "./sandbox.ts";

export interface Storage {
  readonly contender: Contender;
  readonly messages: number;
  /** semel's own, or those of states. */
  readonly items: number;
  /** Of the handler's effects; a state is both, and counts above. */
  readonly effectItems: number;
}

/** Others keep an item a message, which needs no run. */
const STORING: readonly Contender[] = ["semel-reduce", "semel-watermark"];
/** The most that Lambda hands over. */
const BATCH = 10_000;

export async function measureStorage(
  { contenders, stored }: { readonly contenders: readonly Contender[]; readonly stored: number },
  bundles: Bundles,
  report: Report,
): Promise<Storage[]> {
  const storing = STORING.filter((name) => contenders.includes(name));
  if (stored === 0 || storing.length === 0) return [];
  const engine = await startFakeEngine();
  const found: Storage[] = [];
  try {
    await createTables(engine, storing);
    for (const contender of storing) {
      const next = messageNumbers();
      const sandbox = await openSandbox(contender, { engine, bundles });
      try {
        for (let done = 0; done < stored; ) {
          const messages = Math.min(BATCH, stored - done);
          await sandbox.run([{ variant: "long-stream", first: next(messages), messages }]);
          done += messages;
          report(done, stored, `${contender}, messages for what is stored`);
        }
        await sandbox.check();
      } finally {
        await sandbox.stop();
      }
      const [records, counters] = [recordsTable(contender), countersTable(contender)];
      const [own, others] = [await engine.items(records), await engine.items(counters)];
      const isState = own === 0;
      found.push({
        contender,
        messages: stored,
        items: isState ? others : own,
        effectItems: isState ? 0 : others,
      });
    }
  } finally {
    await engine.stop();
  }
  return found;
}
