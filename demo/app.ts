// The demo's cloud assembly: a service under several handlers, one of them without semel. All may be deleted with their data.

import { App } from "aws-cdk-lib";
import type { Service } from "./service.ts";

/** Inside this repository the package "semel" is its TypeScript sources; see bin/app.ts. */
export const bundling = { esbuildArgs: { "--conditions": "@semel/source,module" } };

/** Writes the cloud assembly and returns its folder. */
export function synthesize(folder: string, service: Service, handlers: readonly string[]): string {
  const app = new App({ outdir: folder });
  for (const name of handlers) {
    const handler = service.handlers[name];
    if (!handler) throw new Error(`service ${service.name} has no handler ${name}`);
    service.addStack(app, handler);
  }
  return app.synth().directory;
}
