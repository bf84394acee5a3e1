// What a person does to the dead-letter queue.

import type { Copy } from "./ledger.ts";
import { REDRIVES_MAX } from "./setup.ts";
import type { World } from "./world.ts";

/** Moves everything back, under new ids. What was redriven as often as the horizon allows is thrown away. */
export async function redrive(world: World): Promise<void> {
  const { figures, ledger, note, queues, timeline } = world;
  const letters = [...queues.dead().keys()].flatMap((id) => ledger.copies.get(id) ?? []);
  for (const copy of letters.filter(({ generation }) => generation >= REDRIVES_MAX)) {
    queues.discard(copy.id);
    ledger.end(copy, "discarded");
    note(`${copy.id} is thrown away`, [copy.body]);
    figures.count("dead letters thrown away");
  }
  const moved = letters.filter(({ state }) => state === "queued");
  for (const { body } of moved) if (ledger.isCommitted(body)) figures.count("redriven though committed"); // I9
  if (moved.length === 0) return;
  queues.redrive();
  await timeline.pass(0);
  const left = queues.dead();
  const gone = new Map<string, Copy>(); // of each body, the one that was redriven most often
  for (const copy of moved.filter(({ id }) => !left.has(id))) {
    ledger.end(copy, "redriven");
    const before = gone.get(copy.body);
    if (!before || before.generation < copy.generation) gone.set(copy.body, copy);
  }
  for (const { id, body } of [...queues.source().values()].filter(({ id }) => !ledger.copies.has(id))) {
    const from = gone.get(body);
    if (!from) ledger.complaints.push(`I8: ${id} is in the queue, and nobody sent it`);
    ledger.addCopy(id, body, (from?.generation ?? 0) + 1);
    note(`${from?.id} is redriven as ${id}`, [body]);
    figures.count("redrives");
  }
}
