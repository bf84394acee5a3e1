// From orders to notifications on the local cloud: three functions, the relay between them, orders that come twice, and killed workers.

import type { FaultHandle, LocalCloud } from "semel/local";
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
      let relayKills: FaultHandle | undefined;
      const trouble = ({ functions, faults }: LocalCloud): void => {
        const { logicalId = "" } = functions.find((one) => one.logicalId.startsWith("Outbox")) ?? {};
        // It has sent what its first call holds, and dies before it knows, and before anything is removed.
        relayKills = faults.inject({ fault: "kill", function: logicalId, atCall: 1, when: "after", limit: 1 });
      };
      const { result, complaints, log } = await trials.run({ handler: "semel", limit: 60, crashes: 4, trouble });
      expect(complaints, log).toEqual([]);
      expect(result.sends).toBeGreaterThan(60);
      expect(result.crashes).toBeGreaterThan(2);
      const killed = Object.keys(result.crashesOf).map((logicalId) => logicalId.replace(/Function.*/, ""));
      expect(relayKills?.count()).toBe(1);
      expect(new Set([...killed, "Outbox"]).size).toBeGreaterThan(1);
      expect(result.relay?.relayed).toBeGreaterThanOrEqual(2 * 60 - 20); // a killed relay does not tell what it sent
    },
    TRIAL_TIMEOUT_MS,
  );
});
