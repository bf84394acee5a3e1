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
    synthesize(join(folder, "cdk.out"), ["semel", "claim"]);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const trials = [
    // Several crashes: one that comes when its worker has just answered brings nothing again.
    // At most one transaction a message and delivery; those of redelivered messages are read before.
    { handler: "semel", lineCount: 200, crashes: 4, requestsPerDeliveryMax: 1.05 },
    // An acquisition, a step and at most one transaction. Its crashes are the demo's, which has the time to wait for them.
    { handler: "claim", lineCount: 60, crashes: 0, requestsPerDeliveryMax: 3.5 },
  ] as const;

  it.each(trials)(
    "$handler posts every line exactly once, though messages come twice, and workers die",
    {
      timeout: 120_000,
    },
    async ({ handler, lineCount, crashes, requestsPerDeliveryMax }) => {
      const random = seededRandom(11);
      const lines = generateOrderLines(random, lineCount);
      const sends = withDuplicates(lines, 0.2, random);
      const log: string[] = [];
      const result = await runTrial({
        handler,
        assembly: join(folder, "cdk.out"),
        lines,
        sends,
        crashes,
        random,
        progress: { update() {}, stop() {} },
        logger: ({ text }) => log.push(text),
      });
      expect(complaints(result), log.slice(-20).join("\n")).toEqual([]);
      expect(result).toMatchObject({ messages: lineCount, crashes, sends: sends.length });
      if (crashes > 0) expect(result.deliveries).toBeGreaterThan(sends.length); // what was killed came again
      expect(sends.length).toBeGreaterThan(lines.length);
      // Without crashes nothing waits for its visibility timeout (12 s): what is deferred comes when it should.
      if (crashes === 0) expect(result.visibilityWaitSeconds).toBeLessThan(10);
      expect(result.dynamodbRequestsPerMessage * lineCount).toBeLessThanOrEqual(
        result.deliveries * requestsPerDeliveryMax,
      );
    },
  );
});
