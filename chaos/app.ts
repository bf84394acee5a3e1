// The cloud assembly of a chaos run: one stack with the contender's handler.

import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { ChaosStack } from "./stack.ts";

export const CONTENDERS = ["commit", "claim", "insert", "plain", "powertools"] as const;
export type Contender = (typeof CONTENDERS)[number];

export const STACK = "Chaos";

/** Writes the cloud assembly and returns its folder. */
export function synthesize(folder: string, contender: Contender): string {
  const app = new App({ outdir: folder });
  new ChaosStack(app, STACK, { entry: join(import.meta.dirname, "contenders", `${contender}.ts`) });
  return app.synth().directory;
}
