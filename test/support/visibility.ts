// What a killed worker held comes again when its queue's visibility timeout is over: 12 s, the six function timeouts that the
// constructs see to. The local cloud asks for one function timeout, as SQS and Lambda do, and a test that waits needs no more.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Twice the time limit of the functions: no batch is received again while its worker may still be at it. */
export const SHORT_VISIBILITY_SECONDS = 4;

/** Changes every queue of a synthesized stack that has as many seconds as the constructs give it. */
export function shortenVisibility(assembly: string, stack: string): void {
  const file = join(assembly, `${stack}.template.json`);
  const template = JSON.parse(readFileSync(file, "utf8")) as Template;
  for (const { Type, Properties } of Object.values(template.Resources)) {
    if (Type !== "AWS::SQS::Queue" || Properties?.VisibilityTimeout === undefined) continue;
    Properties.VisibilityTimeout = Math.min(SHORT_VISIBILITY_SECONDS, Properties.VisibilityTimeout);
  }
  writeFileSync(file, JSON.stringify(template));
}

interface Template {
  readonly Resources: Readonly<Record<string, { Type: string; Properties?: { VisibilityTimeout?: number } }>>;
}
