// Several consumers at work on the same items, as Lambda runs them: what their transactions lose to each other.

import type { Bundles } from "./bundles.ts";
import type { FakeEngine } from "./engines.ts";
import type { Batch } from "./events.ts";
import type { Sample } from "./measure.ts";
import { COUNTED_ATTRIBUTE, type Contender, countersTable } from "./names.ts";
import type { Scenario } from "./plan.ts";
import { openSandbox, type Sandbox } from "./sandbox.ts";
import { median } from "./statistics.ts";

export interface SideBySide {
  readonly contender: Contender;
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly engine: FakeEngine;
  readonly bundles: Bundles;
  readonly next: (messages: number) => number;
}

/** Batches of each consumer and round, one after the other. */
const BATCHES = 4;

/** One sample a round. Throws if the counters are not exact at its end. */
export async function* sampleSideBySide(run: SideBySide): AsyncGenerator<Sample> {
  const { engine, scenario, rounds, contender } = run;
  const sandboxes: Sandbox[] = [];
  try {
    await engine.setModel("U0");
    for (let consumer = 0; consumer < (scenario.consumers ?? 1); consumer++) {
      sandboxes.push(await openSandbox(contender, run));
    }
    await Promise.all(sandboxes.map((sandbox) => sandbox.run(batchesOf(run, 1)))); // so that the code is warm
    for (let round = 0; round < rounds; round++) yield await sampleOf(sandboxes, run, round);
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
  }
}

async function sampleOf(sandboxes: readonly Sandbox[], run: SideBySide, round: number): Promise<Sample> {
  const { contender, engine, scenario } = run;
  if (scenario.model !== "embedded") await engine.setModel(scenario.model);
  await Promise.all(sandboxes.map((sandbox) => sandbox.settle()));
  const before = await engine.sum(countersTable(contender), COUNTED_ATTRIBUTE);
  await engine.takeCounters();
  const runs = await Promise.all(sandboxes.map((sandbox) => sandbox.run(batchesOf(run, BATCHES))));
  const { counters } = await engine.takeCounters();
  await Promise.all(sandboxes.map((sandbox) => sandbox.settle()));
  const messages = sandboxes.length * BATCHES * scenario.messages;
  const counted = (await engine.sum(countersTable(contender), COUNTED_ATTRIBUTE)) - before;
  if (counted !== messages) throw new Error(`${contender}: ${messages} messages side by side counted ${counted}`);
  const perMessage = Object.entries(counters).map(([name, count]) => [name, count / messages]);
  return {
    contender,
    scenario,
    round,
    batchMs: median(runs.flatMap(({ batchMs }) => batchMs)),
    cpuUs: runs.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / messages,
    givenBack: runs.reduce((sum, { givenBack }) => sum + givenBack, 0) / messages,
    ...Object.fromEntries(perMessage),
  };
}

function batchesOf({ scenario, next }: SideBySide, count: number): Batch[] {
  const { variant, messages } = scenario;
  return Array.from({ length: count }, () => ({ variant, messages, first: next(messages) }));
}
