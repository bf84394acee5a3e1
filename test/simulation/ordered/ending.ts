// The end of a simulation of an ordered source: nothing goes wrong any more, and everything comes to its end.
//
//   I11. With nothing that goes wrong any more everything leaves its source, done, or given up for good by all runs, within a
//        bounded number of deliveries in which nothing of its lane stands before it.
//
// How long that takes is not fixed: as much may be left as the steps sent, and a source may give it one message at a time, ten
// seconds each. So what is bounded is what each message may take, and with that the whole: a wave of invocations delivers the
// first of some lane, or else all that is left is hidden; after the longest time that anything is, something must come.

import { freeSandbox, invoke } from "./invocations.ts";
import type { Sent } from "./ledger.ts";
import { isHopeless } from "./messages.ts";
import { LATER_MS_MAX, TIMEOUT_MS } from "./setup.ts";
import type { Batch } from "./source.ts";
import { restock } from "./stock.ts";
import type { World } from "./world.ts";

/** What a queue hides: the cap of backoffs, beyond a minute for visibility timeouts and for what a handler asks for. */
const HIDDEN_MS_MAX = 15 * 60_000;
/** One would do; but where requests are slow, other lanes of a batch may take up its time. */
const DELIVERIES_MAX = 3;

export async function endQuietly(world: World): Promise<void> {
  const { ledger, timeline, weather } = world;
  weather.step++;
  weather.quiet = true;
  weather.version += weather.version % 2;
  for (const { process } of [...world.sandboxes]) process.kill();
  await timeline.pass(LATER_MS_MAX + HIDDEN_MS_MAX);
  restock(world, 1_000_000);
  await drain(world);
  for (const { body, times, lettered, gaveUp } of ledger.messages.values()) {
    if (times === 0 && !lettered) ledger.complaints.push(`I8: ${body.key} is lost`);
    if (lettered && !gaveUp && !isHopeless(body, world.setup.strategy))
      ledger.complaints.push(`RE1: ${body.key} is in the dead-letter queue, and no run gave it up`);
  }
}

/** I11 */
async function drain(world: World): Promise<void> {
  const { ledger, source, timeline } = world;
  const deliveries = new Map<Sent, number>();
  let isHidden = false;
  while (source.left().length > 0 && ledger.complaints.length === 0) {
    const batches = deliverWave(world);
    await timeline.pass(TIMEOUT_MS);
    if (batches.length === 0 && isHidden)
      for (const { body } of source.left()) ledger.complaints.push(`I11: ${body.key} is left, and does not come again`);
    isHidden = batches.length === 0;
    if (isHidden) await timeline.pass(HIDDEN_MS_MAX);
    const left = new Set(source.left());
    for (const message of batches.flatMap(firstOfLanes).filter((one) => left.has(one))) {
      const times = (deliveries.get(message) ?? 0) + 1;
      deliveries.set(message, times);
      if (times < DELIVERIES_MAX) continue;
      ledger.complaints.push(`I11: ${message.body.key} does not leave its source after ${times} deliveries`);
    }
  }
}

/** To as many workers as there are. */
function deliverWave(world: World): Batch[] {
  const batches: Batch[] = [];
  for (let sandbox = freeSandbox(world); sandbox; sandbox = freeSandbox(world)) {
    const batch = world.source.take();
    if (!batch) break;
    batches.push(batch);
    invoke(sandbox, batch, world);
  }
  return batches;
}

function firstOfLanes({ messages }: Batch): Sent[] {
  const lanes = Map.groupBy(messages, ({ lane }) => lane);
  return [...lanes.values()].map((some) => some.reduce((low, one) => (one.position < low.position ? one : low)));
}
