// The desk where faults are asked for: reads rules, hands each to the part that injects it, counts and tells.
//
//   FD1. Nothing is injected before open(), after clear(), or by a rule that was removed.
//   FD2. Each fault is counted once and observed once, when it is injected.
import { findNamed, type Named, type Search } from "../find-named.ts";
import { localError } from "../local-error.ts";
import type { EngineName, LocalEvent } from "../types.ts";
import type { CallFaults } from "./calls.ts";
import type { DeliveryFaults } from "./deliveries.ts";
import type { EngineFaults } from "./engines.ts";
import { createLiveRule, type LiveRule } from "./live-rule.ts";
import { createRandom } from "./random.ts";
import { type ReadPlan, readRule } from "./read-plan.ts";
import type { Skews } from "./skew.ts";
import { SPECS } from "./specs.ts";
import type {
  CallRule,
  DeliveryRule,
  EngineRule,
  FaultHandle,
  FaultHit,
  FaultName,
  FaultRule,
  Faults,
  SkewRule,
  WorkerRule,
} from "./types.ts";
import type { WorkerFaults } from "./workers.ts";

/** What a rule may name, and what it needs of the cloud. */
export interface Site {
  readonly functions: readonly Named[];
  readonly queues: readonly Named[];
  /** Services whose requests pass our proxy. */
  readonly proxied: readonly EngineName[];
  /** Of a copy. */
  readonly nameSuffix?: string | undefined;
}

/** Injects the faults of one group. */
export interface Injector<R extends FaultRule> {
  /** Gives what takes the rule away again. May refuse it. */
  add(live: LiveRule<R>): () => void;
  clear(): void;
}

export interface DeskOptions {
  readonly plan: ReadPlan;
  readonly observe: (event: LocalEvent) => void;
}

export interface Injectors {
  readonly calls: CallFaults;
  readonly workers: WorkerFaults;
  readonly deliveries: DeliveryFaults;
  readonly engines: EngineFaults;
  readonly skews: Skews;
}

export interface FaultDesk extends Faults {
  /** The cloud is there: the plan's rules begin. Throws for a rule that names what is not there. */
  open(site: Site): void;
}

export function createFaultDesk({ plan, observe }: DeskOptions, injectors: Injectors): FaultDesk {
  const counts = new Map<FaultName, number>();
  const undo = new Set<() => void>();
  let site: Site | undefined;
  let injected = 0;

  const handOver = (live: LiveRule): (() => void) => {
    const { calls, workers, deliveries, engines, skews } = injectors;
    switch (SPECS[live.rule.fault].group) {
      case "calls":
        return calls.add(live as LiveRule<CallRule>);
      case "workers":
        return workers.add(live as LiveRule<WorkerRule>);
      case "deliveries":
        return deliveries.add(live as LiveRule<DeliveryRule>);
      case "engines":
        return engines.add(live as LiveRule<EngineRule>);
      case "clock":
        return skews.add(live as LiveRule<SkewRule>);
    }
  };

  const begin = (given: FaultRule, place: string): FaultHandle => {
    if (site === undefined) throw localError(`Cannot inject ${given.fault}: the local cloud is not up`);
    const rule = located(given, place, site);
    const { fault } = rule;
    const live = createLiveRule(rule, {
      random: createRandom(plan.seed, place),
      onHit: (what: FaultHit) => {
        counts.set(fault, (counts.get(fault) ?? 0) + 1); // FD2
        observe({ kind: "fault", fault, ...what, atMs: Date.now() });
      },
    });
    const takeAway = handOver(live);
    const remove = (): void => {
      if (!undo.delete(remove)) return;
      live.end(); // FD1
      takeAway();
    };
    undo.add(remove);
    return { count: live.count, remove };
  };

  return {
    open(given) {
      site = given;
      for (const { rule, place } of plan.rules) begin(rule, place);
    },
    inject(given) {
      const rule = readRule(given);
      const handle = begin(rule, `injected ${injected}`);
      injected += 1;
      return handle;
    },
    counts: () => Object.fromEntries(counts),
    clear() {
      for (const remove of [...undo]) remove();
      for (const injector of Object.values(injectors)) injector.clear();
    },
  };
}

/** The rule with names that are known to those who inject. */
function located(rule: FaultRule, place: string, site: Site): FaultRule {
  const what = { action: `Cannot inject ${place}`, nameSuffix: site.nameSuffix };
  const { functions, queues, proxied } = site;
  const names = {
    ...("function" in rule && rule.function !== undefined
      ? { function: nameOf(rule.function, { ...what, all: functions, kind: "function" }) }
      : {}),
    ...("queue" in rule && rule.queue !== undefined
      ? { queue: nameOf(rule.queue, { ...what, all: queues, kind: "queue" }) }
      : {}),
  };
  if (!("service" in rule) || proxied.includes(rule.service)) return { ...rule, ...names } as FaultRule;
  throw localError(
    `Cannot inject ${rule.fault} (${place}): requests to ${rule.service} don't pass here, its endpoint is https; ` +
      `use an http endpoint or the embedded engine`,
  );
}

/** A logical id that several stacks have means them all. */
function nameOf(name: string, search: Search<Named>): string {
  return search.all.some((one) => one.logicalId === name) ? name : findNamed(name, search).name;
}
