// The main job, end to end: the CDK app's orders service on the local cloud, with duplicates and killed workers.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { synthesize } from "../../demo/app.ts";
import { generateOrderLines } from "../../demo/generate.ts";
import { withDuplicates } from "../../demo/producer.ts";
import { seededRandom } from "../../demo/random.ts";
import { complaints } from "../../demo/report.ts";
import { runTrial } from "../../demo/trial.ts";

describe("orders on the local cloud", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "semel-orders-"));
    synthesize(join(folder, "cdk.out"));
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("posts every line exactly once, though messages come twice and workers die", { timeout: 120_000 }, async () => {
    const random = seededRandom(11);
    const lines = generateOrderLines(random, 200);
    const sends = withDuplicates(lines, 0.2, random);
    const log: string[] = [];
    const result = await runTrial({
      handler: "semel",
      assembly: join(folder, "cdk.out"),
      lines,
      sends,
      crashes: 2,
      random,
      progress: { update() {}, stop() {} },
      logger: ({ text }) => log.push(text),
    });
    expect(complaints(result), log.slice(-20).join("\n")).toEqual([]);
    expect(result).toMatchObject({ messages: 200, crashes: 2, sends: sends.length });
    expect(result.deliveries).toBeGreaterThan(sends.length); // what was killed came again
    expect(sends.length).toBeGreaterThan(lines.length);
    // At most one transaction a message and delivery; only redelivered messages are read before.
    expect(result.dynamodbRequestsPerMessage * result.messages).toBeLessThanOrEqual(result.deliveries * 1.05);
  });
});
