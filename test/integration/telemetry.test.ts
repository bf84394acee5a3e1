// Telemetry end to end on the local cloud: a table's stream folded into states, and killed workers.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { telemetryService } from "../../demo/telemetry/service.ts";
import { prepareTrials, type Trials } from "./trials.ts";

const PREPARE_TIMEOUT_MS = 60_000;
const TRIAL_TIMEOUT_MS = 120_000;

describe("telemetry on the local cloud", () => {
  let trials: Trials;
  beforeAll(() => {
    trials = prepareTrials(telemetryService, ["semel"]);
  }, PREPARE_TIMEOUT_MS);
  afterAll(() => trials.remove());

  it(
    "counts every reading once, in order, though workers die and their batches come again",
    async () => {
      const { result, complaints, log } = await trials.run({ handler: "semel", limit: 400, crashes: 4 });
      expect(complaints, log).toEqual([]);
      expect(result.messages).toBe(400);
      expect(result.crashes).toBeGreaterThan(0); // one that finds nobody busy to the end is not there
      expect(result.deliveries).toBeGreaterThan(400); // what was killed came again
      expect(result.dynamodbRequestsPerMessage).toBeLessThan(0.8); // a run of readings is one write
    },
    TRIAL_TIMEOUT_MS,
  );
});
