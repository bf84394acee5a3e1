// The benchmark itself, as small as it gets.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bundles, bundleAll } from "../../bench/bundles.ts";
import { type FakeEngine, startFakeEngine } from "../../bench/engines.ts";
import { messageNumbers } from "../../bench/events.ts";
import { COUNTED_ATTRIBUTE, COUNTERS_KEY, countersTable } from "../../bench/names.ts";
import { createTables, openSandbox } from "../../bench/sandbox.ts";
import { sampleSideBySide } from "../../bench/side-by-side.ts";

const ROOT = join(import.meta.dirname, "../..");
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "semel-bench-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("runs, counts what contenders cost, and writes its figures", { timeout: 60_000 }, async () => {
  const [json, markdown] = [join(folder, "bench.json"), join(folder, "README.md")];
  writeFileSync(markdown, "before\n<!-- bench:begin -->old<!-- bench:end -->\nafter\n");
  const args = ["--conditions=@semel/source", join(ROOT, "bench/main.ts"), "--quick", "--rounds", "1"];
  const few = ["--batches", "4", "--models", "U0", "--contenders", "plain", "--starts", "1"];
  const files = ["--json", json, "--markdown", markdown];
  const { stdout } = await promisify(execFile)(process.execPath, [...args, ...few, ...files]);
  expect(stdout).toContain("Time per batch, ms");

  const { scenarios, starts } = JSON.parse(readFileSync(json, "utf8"));
  const distinct = scenarios.find(({ scenario }: { scenario: { variant: string } }) => scenario.variant === "distinct");
  expect(scenarios).toHaveLength(4);
  expect(distinct.contenders.powertools).toMatchObject({ requests: { median: 3 }, writeUnits: { median: 3 } });
  expect(distinct.contenders.plain).toMatchObject({
    requests: { median: 1, ratio: { median: 1 / 3 } },
    writeUnits: { median: 1 },
    givenBack: { median: 0 },
  });
  expect(starts.plain.importMs.median).toBeGreaterThan(0);

  const text = readFileSync(markdown, "utf8");
  expect(text).toMatch(/^before\n<!-- bench:begin -->\n`npm run bench/);
  expect(text).toMatch(/\| CPU per message, batch of 4 +\| +[\d.,]+ us \| +[\d.]+x \|/);
  expect(text).not.toContain("old");
});

it("strategy insert costs one write unit a message: 4 messages in one request, or in 4", {
  timeout: 60_000,
}, async () => {
  const json = join(folder, "inserts.json");
  const args = ["--conditions=@semel/source", join(ROOT, "bench/main.ts"), "--quick", "--rounds", "1", "--starts", "0"];
  const few = ["--batches", "4", "--models", "U0", "--contenders", "semel-insert,semel-insert-puts", "--json", json];
  await promisify(execFile)(process.execPath, [...args, ...few]);
  const [{ contenders }] = JSON.parse(readFileSync(json, "utf8")).scenarios;
  expect(contenders["semel-insert"]).toMatchObject({ writeUnits: { median: 1 }, requests: { median: 0.25 } });
  expect(contenders["semel-insert-puts"]).toMatchObject({ writeUnits: { median: 1 }, requests: { median: 1 } });
});

it("ordered sources: one request a batch of one group, two for 50 states, and no more items than keys", {
  timeout: 60_000,
}, async () => {
  const json = join(folder, "ordered.json");
  const args = ["--conditions=@semel/source", join(ROOT, "bench/main.ts"), "--quick", "--rounds", "1", "--starts", "0"];
  const few = ["--models", "U0", "--contenders", "semel-reduce,semel-watermark", "--stored", "1000", "--json", json];
  await promisify(execFile)(process.execPath, [...args, ...few]);
  const { scenarios, storage } = JSON.parse(readFileSync(json, "utf8"));
  const [oneGroup, tenGroups, stream] = scenarios.map(({ contenders }: { contenders: object }) => contenders);
  expect(oneGroup).toMatchObject({
    "semel-reduce": { requests: { median: 0.1 }, writeUnits: { median: 0.1 } },
    "semel-watermark": { requests: { median: 0.1 }, writeUnits: { median: 0.4 } }, // 2 actions of 2 units
    "powertools-in-order": { requests: { median: 3 }, writeUnits: { median: 3 } },
  });
  expect(tenGroups).toMatchObject({ "semel-reduce": { requests: { median: 0.1 }, writeUnits: { median: 1 } } });
  expect(stream).toMatchObject({ "semel-reduce": { requests: { median: 2 / 100 }, writeUnits: { median: 50 / 100 } } });
  expect(storage).toEqual([
    { contender: "semel-reduce", messages: 1_000, items: 100, effectItems: 0 },
    { contender: "semel-watermark", messages: 1_000, items: 100, effectItems: 100 },
  ]);
});

describe("the ledger", () => {
  let engine: FakeEngine;
  let bundles: Bundles;
  beforeAll(async () => {
    const contenders = ["semel", "plain", "semel-insert"] as const;
    [engine, bundles] = await Promise.all([startFakeEngine(), bundleAll(folder, contenders)]);
    await createTables(engine, contenders);
  });
  afterAll(() => engine?.stop());

  const batch = { variant: "redelivered", first: 0, messages: 20 } as const;

  it.each(["semel", "plain", "semel-insert"] as const)(
    "%s: passes what is exact, and finds one effect too many",
    async (contender) => {
      const sandbox = await openSandbox(contender, { engine, bundles });
      const client = new DynamoDBClient({
        endpoint: engine.endpoint,
        region: "eu-west-1",
        credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
      });
      try {
        await sandbox.prepare([batch]);
        const { batchMs, givenBack } = await sandbox.run([batch]);
        expect(batchMs).toHaveLength(1);
        expect(givenBack).toBe(0);
        await sandbox.check();
        await client.send(
          new UpdateItemCommand({
            TableName: countersTable(contender),
            Key: { [COUNTERS_KEY]: { S: "item-3" } },
            UpdateExpression: "ADD #n :n",
            ExpressionAttributeNames: { "#n": COUNTED_ATTRIBUTE },
            ExpressionAttributeValues: { ":n": { N: "1" } },
          }),
        );
        const sum = contender === "plain" ? 22 : 20;
        await expect(sandbox.check()).rejects.toThrow(`the counters come to ${sum + 1}, and should to ${sum}`);
      } finally {
        client.destroy();
        await sandbox.stop();
      }
    },
  );

  it("side by side: counts what two consumers did together, and finds what is not there", async () => {
    const scenario = { model: "R5", variant: "scattered", messages: 20, consumers: 2 } as const;
    const numbers = messageNumbers();
    const run = { contender: "semel", scenario, rounds: 1, engine, bundles } as const;
    const sample = await onlyOne(sampleSideBySide({ ...run, next: (messages) => 1e6 + numbers(messages) }));
    expect(sample).toMatchObject({ contender: "semel", givenBack: 0 });
    expect(sample?.writeUnits).toBeCloseTo(4 + (sample?.wastedWriteUnits ?? 0), 0);
    const again = sampleSideBySide({ ...run, next: () => 2e6 }); // the same messages again and again: duplicates
    await expect(onlyOne(again)).rejects.toThrow("semel: 160 messages side by side counted 0");
  });
});

async function onlyOne<T>(values: AsyncIterable<T>): Promise<T | undefined> {
  for await (const value of values) return value;
  return undefined;
}
