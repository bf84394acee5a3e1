// Trials of the demo's services in tests: quiet, with the end of the functions' log at hand when one goes wrong.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LocalCloud } from "semel/local";
import { synthesize } from "../../demo/app.ts";
import { seededRandom } from "../../demo/random.ts";
import { complaints } from "../../demo/report.ts";
import type { Service } from "../../demo/service.ts";
import { runTrial, type TrialResult } from "../../demo/trial.ts";
import { shortenVisibility } from "../support/visibility.ts";

const SEED = 11;
const DUPLICATES = 0.2;
const LOG_LINES_TOLD = 20;

export interface Trials {
  /** Of all that were prepared. */
  readonly assembly: string;
  run(options: Options): Promise<Outcome>;
  remove(): void;
}

interface Options {
  readonly handler: string;
  readonly limit: number;
  readonly crashes: number;
  readonly trouble?: (cloud: LocalCloud) => void;
}

export interface Outcome {
  readonly result: TrialResult;
  readonly complaints: readonly string[];
  readonly log: string;
}

/** Bundles the handlers once, for all trials of a suite. */
export function prepareTrials(service: Service, handlers: readonly string[]): Trials {
  const folder = mkdtempSync(join(tmpdir(), `semel-${service.name}-`));
  const assembly = synthesize(join(folder, "cdk.out"), service, handlers);
  return {
    assembly,
    async run({ handler, limit, crashes, trouble = () => {} }) {
      if (crashes > 0) shortenVisibility(assembly, service.handlers[handler]?.stack ?? "");
      const work = service.load({ seed: SEED, limit, input: undefined });
      const random = seededRandom(SEED);
      const sends = work.sends(DUPLICATES, random);
      const log: string[] = [];
      const logger = ({ text }: { readonly text: string }): void => void log.push(text);
      const progress = { update() {}, stop() {} };
      const ours = { service, handler, assembly, random, progress, logger };
      const result = await runTrial({ ...ours, work, sends, crashes, trouble });
      return { result, complaints: complaints(service, result), log: log.slice(-LOG_LINES_TOLD).join("\n") };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
