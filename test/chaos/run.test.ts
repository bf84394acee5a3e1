// A small chaos run on real processes: what protects comes through, and what does not is told.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Contender, STACK, synthesize } from "../../chaos/app.ts";
import { complaints } from "../../chaos/ledger.ts";
import { type ChaosOutcome, runChaos } from "../../chaos/run.ts";
import { shortenVisibility } from "../support/visibility.ts";

const MESSAGES = 150;
const MINUTES = 0.05;
let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "semel-chaos-test-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(contender: Contender): Promise<ChaosOutcome> {
  const assembly = synthesize(join(folder, contender), contender);
  shortenVisibility(assembly, STACK);
  const quiet = { onProgress() {}, logger() {} };
  return runChaos({ contender, assembly, messages: MESSAGES, minutes: MINUTES, seed: 3, ...quiet });
}

describe.concurrent("chaos", { timeout: 120_000 }, () => {
  it("loses nothing and doubles nothing with semel, and accounts for every message", async () => {
    const { ledger, faults, deliveries, moments } = await run("commit");
    expect(complaints(ledger)).toEqual([]);
    expect(ledger.appliedOnce + ledger.rejected).toBe(MESSAGES);
    expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
    expect(moments.reduce((sum, one) => sum + one.deliveries, 0)).toBe(deliveries);
  });

  it("tells what a handler without protection doubles, with its history", async () => {
    const { ledger, stories } = await run("plain");
    expect(ledger.doubled.length).toBeGreaterThan(0);
    const told = stories.filter(({ verdict }) => verdict === "doubled");
    expect(told.map(({ key }) => key)).toEqual(ledger.doubled.slice(0, told.length));
    for (const { happenings } of told) expect(happenings.some(({ what }) => what.startsWith("delivered"))).toBe(true);
  });
});
