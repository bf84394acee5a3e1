// The end of a simulation: nothing goes wrong any more, and everything comes to its end.
//
//   I11. What is in the queue is acknowledged within a bounded number of deliveries; so is what a redrive brings back. What is
//        then in the dead-letter queue can never succeed. Every direct invocation that is made again is answered.

import { freeSandbox, invokeBatch, invokeOnce } from "./invocations.ts";
import type { Copy } from "./ledger.ts";
import { EFFECTS, isHopeless, kindOf, orderOf } from "./messages.ts";
import { knowNewer } from "./newer.ts";
import { redrive } from "./redrive.ts";
import { strategyOf, TIMEOUT_MS } from "./setup.ts";
import type { World } from "./world.ts";

const HOUR_MS = 3_600_000;
/** A handler may ask for 12 hours. */
const HIDDEN_MS_MAX = 12 * HOUR_MS;
/** One would do where keys are in nobody's hands; a lease of a clock that was ahead may cost one more. */
const DELIVERIES_MAX = 3;

export async function endQuietly(world: World): Promise<void> {
  const { ledger, queues, setup, store, timeline, weather } = world;
  weather.step++;
  weather.quiet = true;
  weather.paused = false;
  // Without a claim nothing is rejected past one that was left: such a message goes by its queue's maxReceiveCount alone.
  if (strategyOf(setup, weather.version) === "commit" && setup.changesStrategy) weather.version++;
  for (const { process } of [...world.sandboxes]) process.kill();
  await timeline.pass(HIDDEN_MS_MAX); // and what was to be applied later
  knowNewer(world);
  const UpdateExpression = "SET stock = :enough";
  const ExpressionAttributeValues = { ":enough": { N: "1000000000" } };
  const input = { TableName: EFFECTS, Key: { id: { S: "sold" } }, UpdateExpression, ExpressionAttributeValues };
  store.apply({ operation: "UpdateItem", input }, 0);
  queues.keepReceiving();
  await drain(world);
  weather.step++;
  await redrive(world);
  await drain(world);
  for (const { key, payload, committed } of [...ledger.keys.values()].filter(({ key }) => kindOf(key) === "once")) {
    const sandbox = freeSandbox(world);
    if (sandbox) invokeOnce(sandbox, { key, payload: committed ?? payload }, world);
    await timeline.pass(TIMEOUT_MS);
    if (ledger.keys.get(key)?.result === undefined) ledger.complaints.push(`I11: ${key} is not answered`);
  }
  for (const { id, body } of queues.dead().values()) {
    if (!canNeverSucceed(body, world)) ledger.complaints.push(`I11: ${id} is in the dead-letter queue: ${body}`);
  }
}

async function drain(world: World): Promise<void> {
  const { ledger, queues, timeline } = world;
  const before = new Map<Copy, number>([...ledger.queued].map((copy) => [copy, copy.deliveries]));
  for (let rounds = 0; rounds < DELIVERIES_MAX && queues.source().size > 0; rounds++) {
    await timeline.pass(HOUR_MS); // every lease is over, everything is visible
    for (let records = queues.receive(10); records.length > 0; records = queues.receive(10)) {
      const sandbox = freeSandbox(world);
      if (sandbox) invokeBatch(sandbox, records, world);
      await timeline.pass(TIMEOUT_MS);
    }
  }
  for (const { id, body } of queues.source().values()) {
    const copy = ledger.copies.get(id);
    const deliveries = copy ? copy.deliveries - (before.get(copy) ?? 0) : 0;
    ledger.complaints.push(`I11: ${id} is not acknowledged after ${deliveries} more deliveries: ${body}`);
  }
}

/** Nobody can read it, no version takes it, or its key has another payload. */
function canNeverSucceed(body: string, { ledger, setup }: World): boolean {
  const order = orderOf(body);
  if (!order || isHopeless(order.key, setup.strategy)) return true;
  if (ledger.keys.get(order.key)?.foreign) return true;
  return [...ledger.copies.values()].some((copy) => {
    const other = orderOf(copy.body);
    return other?.key === order.key && other.payload !== order.payload;
  });
}
