// The cloud assembly of a chaos run: one stack, with the contender's handler or of the pipeline.

import { join } from "node:path";
import { App, RemovalPolicy } from "aws-cdk-lib";
import { bundling } from "../demo/app.ts";
import { PipelineStack } from "../functions/pipeline/stack.ts";
import { ChaosStack } from "./stack.ts";

export const CONTENDERS = ["commit", "claim", "insert", "plain", "powertools"] as const;
export type Contender = (typeof CONTENDERS)[number];

/** What a run can be of: a handler of one stage, or the three stages of functions/pipeline. */
export const SCENARIOS = [...CONTENDERS, "pipeline"] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export const STACK = "Chaos";

/** Writes the cloud assembly and returns its folder. */
export function synthesize(folder: string, name: ScenarioName): string {
  const app = new App({ outdir: folder });
  if (name === "pipeline") new PipelineStack(app, STACK, { removalPolicy: RemovalPolicy.DESTROY, bundling });
  else new ChaosStack(app, STACK, { entry: join(import.meta.dirname, "contenders", `${name}.ts`) });
  return app.synth().directory;
}
