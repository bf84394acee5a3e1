// The rounds: in each, every scenario, and in every scenario all contenders, one after the other; in every other round in
// reverse order. What one round suffers from, all contenders suffer from.

import type { Bundles } from "./bundles.ts";
import { type Engine, type FakeEngine, startEmbeddedEngine, startFakeEngine } from "./engines.ts";
import { type Batch, messageNumbers, type Variant } from "./events.ts";
import { watchForeignLoad } from "./foreign-load.ts";
import { type Contender, isOrderedContender } from "./names.ts";
import { type BenchOptions, EMBEDDED } from "./options.ts";
import { competes, orderedScenarios, repeats, type Scenario, scenarios, sideBySide } from "./plan.ts";
import { createTables, openSandbox, type Sandbox } from "./sandbox.ts";
import { sampleSideBySide } from "./side-by-side.ts";
import { median } from "./statistics.ts";

/** Of one contender, scenario and round. Per message, but for the time. */
export interface Sample {
  readonly contender: Contender;
  readonly scenario: Scenario;
  readonly round: number;
  readonly batchMs: number;
  readonly cpuUs: number;
  readonly givenBack: number;
  /** Only the benchmark's own engine counts, and tells its own processor time. */
  readonly engineCpuUs?: number;
  /** What others took of the machine meanwhile, in processors. */
  readonly foreignLoad?: number;
  readonly requests?: number;
  readonly writeUnits?: number;
  readonly wastedWriteUnits?: number;
  readonly readUnits?: number;
  readonly conflicts?: number;
}

export type Report = (done: number, total: number, what: string) => void;

export async function measure(options: BenchOptions, bundles: Bundles, report: Report): Promise<Sample[]> {
  const { batches, contenders, largeBatch, models } = options;
  const planned = [...scenarios(models, batches), ...orderedScenarios(models, largeBatch)];
  const all = planned.filter((scenario) => contenders.some((name) => competes(name, scenario)));
  const next = messageNumbers();
  const samples: Sample[] = [];
  const aRound = all.flatMap((scenario) => contenders.filter((name) => competes(name, scenario))).length;
  const total = (aRound + 1) * options.rounds;
  for (const embedded of [false, true]) {
    const own = all.filter(({ model }) => (model === EMBEDDED) === embedded);
    if (own.length === 0) continue;
    const fake = embedded ? undefined : await startFakeEngine();
    const engine = fake ?? (await startEmbeddedEngine());
    const run = { options, bundles, engine, fake, next };
    try {
      for await (const sample of runAll(own, run)) {
        samples.push(sample);
        const { model, variant, messages } = sample.scenario;
        report(samples.length, total, `${sample.contender}, ${model}, ${messages} messages, ${variant}`);
      }
      for await (const sample of runSideBySide(run)) {
        samples.push(sample);
        report(samples.length, total, `${sample.contender}, side by side`);
      }
    } finally {
      await engine.stop();
    }
  }
  return samples;
}

interface RunContext {
  readonly options: BenchOptions;
  readonly bundles: Bundles;
  readonly engine: Engine;
  readonly fake: FakeEngine | undefined;
  readonly next: (messages: number) => number;
}

/** Only of semel: what others lose side by side depends on nothing that they do. */
async function* runSideBySide({ options, fake, ...context }: RunContext): AsyncGenerator<Sample> {
  const scenario = sideBySide(options.models);
  if (fake === undefined || scenario === undefined || !options.contenders.includes("semel")) return;
  yield* sampleSideBySide({ ...context, contender: "semel", scenario, rounds: options.rounds, engine: fake });
}

async function* runAll(own: readonly Scenario[], context: RunContext): AsyncGenerator<Sample> {
  const { options, engine, next } = context;
  const contenders = options.contenders.filter((name) => own.some((scenario) => competes(name, scenario)));
  await createTables(engine, contenders);
  const sandboxes: Sandbox[] = [];
  try {
    for (const contender of contenders) sandboxes.push(await openSandbox(contender, context));
    for (const sandbox of sandboxes) {
      const variants = warmUpOf(sandbox.contender);
      await sandbox.run(
        options.warmUp.map((messages, index) => {
          return { variant: variants[index % variants.length] ?? "distinct", first: next(messages), messages };
        }),
      );
      await sandbox.check();
    }
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? sandboxes : sandboxes.toReversed();
      for (const scenario of own) {
        const able = order.filter(({ contender }) => competes(contender, scenario));
        for (const sandbox of able) yield { ...(await sampleOf(sandbox, scenario, context)), round };
      }
    }
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.stop()));
  }
}

/** Ordered contenders meet each source and each of its keys. */
function warmUpOf(contender: Contender): readonly Variant[] {
  return isOrderedContender(contender) ? ["one-group", "ten-groups", "stream"] : ["distinct"];
}

async function sampleOf(sandbox: Sandbox, scenario: Scenario, context: RunContext): Promise<Omit<Sample, "round">> {
  const { fake, next } = context;
  const { model, variant, messages } = scenario;
  const batches: Batch[] = Array.from({ length: repeats(scenario) }, () => ({
    variant,
    messages,
    first: next(messages),
  }));
  if (model !== EMBEDDED) await fake?.setModel(model);
  if (variant === "redelivered") await sandbox.prepare(batches);
  await fake?.takeCounters();
  const foreignLoad = watchForeignLoad();
  const { batchMs, cpuUs, givenBack } = await sandbox.run(batches);
  const taken = await fake?.takeCounters();
  const total = messages * batches.length;
  const load = taken && { foreignLoad: foreignLoad(cpuUs + taken.cpuUs), engineCpuUs: taken.cpuUs / total };
  await sandbox.check();
  const perMessage = Object.entries(taken?.counters ?? {}).map(([name, count]) => [name, count / total]);
  return {
    contender: sandbox.contender,
    scenario,
    batchMs: median(batchMs),
    cpuUs: cpuUs / total,
    givenBack: givenBack / total,
    ...load,
    ...Object.fromEntries(perMessage),
  };
}
