// From orders to notifications on the local cloud: three functions, the relay between them, orders that come twice, and killed workers.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pipelineService } from "../../demo/pipeline/service.ts";
import { prepareTrials, type Trials } from "./trials.ts";

const PREPARE_TIMEOUT_MS = 60_000;
const TRIAL_TIMEOUT_MS = 120_000;

describe("the pipeline on the local cloud", () => {
  let trials: Trials;
  beforeAll(() => {
    trials = prepareTrials(pipelineService, ["semel"]);
  }, PREPARE_TIMEOUT_MS);
  afterAll(() => trials.remove());

  it(
    "makes one shipment and one notification of each order, though orders are sent twice, and workers die, the relay's too",
    async () => {
      const { result, complaints, log } = await trials.run({ handler: "semel", limit: 60, crashes: 4 });
      expect(complaints, log).toEqual([]);
      expect(result.sends).toBeGreaterThan(60);
      expect(result.crashes).toBeGreaterThan(0); // how many, and of which function, is the machine's
      expect(result.relay?.relayed).toBeGreaterThan(0); // a killed relay does not tell what it sent
    },
    TRIAL_TIMEOUT_MS,
  );
});
