// Transfers end to end on the local cloud: a FIFO queue, what producers send again, and killed workers.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { transfersService } from "../../demo/transfers/service.ts";
import { prepareTrials, type Trials } from "./trials.ts";

const PREPARE_TIMEOUT_MS = 60_000;
const TRIAL_TIMEOUT_MS = 120_000;

describe("transfers on the local cloud", () => {
  let trials: Trials;
  beforeAll(() => {
    trials = prepareTrials(transfersService, ["semel"]);
  }, PREPARE_TIMEOUT_MS);
  afterAll(() => trials.remove());

  it(
    "are decided once, in order, to the penny, though they are sent again, and workers die",
    async () => {
      const { result, complaints, log } = await trials.run({ handler: "semel", limit: 150, crashes: 3 });
      expect(complaints, log).toEqual([]);
      expect(result).toMatchObject({ messages: 150, crashes: 3 });
      expect(result.sends).toBeGreaterThan(150);
      expect(result.found["done"]).toBeGreaterThan(10);
      expect(result.found["refused"]).toBeGreaterThan(10);
    },
    TRIAL_TIMEOUT_MS,
  );
});
