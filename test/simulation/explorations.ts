// What the tests of the explorer have in common: explorations within bounds, and the mistakes that more than one of them must find.

import { expect } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import type { Tamper } from "../../lib/testing/explorer/engine.ts";
import { type Exploration, explore } from "../../lib/testing/explorer/explore.ts";
import { summaryOf, violationText } from "../../lib/testing/explorer/report.ts";
import { SCENARIOS } from "../../lib/testing/explorer/scenario.ts";

export const TIMEOUT_MS = 120_000; // they take seconds; a busy machine is no failure

export function exploration(name: string, faults: number, deliveries: number): Exploration {
  const scenario = SCENARIOS.get(name);
  if (!scenario) throw new Error(`no scenario is called ${name}`);
  return { scenario, bounds: { faults, deliveries, sandboxes: 2 } };
}

/** `schedulesMin` is far below what there is: a runtime that asks less has fewer schedules. */
export async function expectSound(wanted: Exploration, schedulesMin: number): Promise<void> {
  const startedMs = performance.now();
  const explored = await explore(wanted);
  console.log(summaryOf(wanted, explored, performance.now() - startedMs));
  expect(explored.violation && violationText(wanted, explored.violation)).toBeUndefined();
  expect(explored.schedules).toBeGreaterThan(schedulesMin);
}

/** WO2. */
export async function expectSameEnds(wanted: Exploration): Promise<void> {
  const [reduced, natural] = [await explore(wanted), await explore({ ...wanted, natural: true })];
  expect(natural.violation).toBeUndefined();
  expect([...reduced.ends].sort()).toEqual([...natural.ends].sort());
}

/** A complaint begins so. */
export async function expectFound(wanted: Exploration, first: RegExp): Promise<void> {
  const { violation } = await explore(wanted);
  expect(violation?.complaints.join("\n")).toMatch(new RegExp(first.source, "m"));
}

/** A commit says that it is done, and is not. */
export const unheard: Tamper = (request, apply) =>
  request.operation === "TransactWriteItems" && request.input.TransactItems.length > 1 ? {} : apply(request);

export const conflicts: Tamper = (request, apply) => {
  if (request.operation !== "TransactWriteItems") return apply(request);
  const CancellationReasons = request.input.TransactItems.map(() => ({ Code: "TransactionConflict" }));
  throw Object.assign(new Error("conflict"), { name: "TransactionCanceledException", CancellationReasons });
};

/** The items of the handler's effects of a key, the n-th that were done. */
export function effectsOf(key: string, n: number): [string, Item][] {
  return [
    [`put ${key}`, { n: { N: String(n) } }],
    [`count ${key}`, { n: { N: "1" } }],
  ];
}
