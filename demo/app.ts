// The demo's cloud assembly: the orders service, the same with other options, and the same without semel. All may be deleted
// with their data.

import { join } from "node:path";
import { App, RemovalPolicy } from "aws-cdk-lib";
import { OrdersStack } from "../functions/orders/stack.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions/orders");
// Inside this repository the package "semel" is its TypeScript sources; see bin/app.ts.
const bundling = { esbuildArgs: { "--conditions": "@semel/source,module" } };

const HANDLERS = join(import.meta.dirname, "handlers");
const ENTRIES = {
  semel: join(FUNCTIONS, "handler.ts"),
  ungrouped: join(HANDLERS, "ungrouped-handler.ts"),
  claim: join(HANDLERS, "claim-handler.ts"),
  plain: join(FUNCTIONS, "plain-handler.ts"),
};
export type HandlerName = keyof typeof ENTRIES;
export const HANDLER_NAMES = Object.keys(ENTRIES) as readonly HandlerName[];
export const STACKS: Readonly<Record<HandlerName, string>> = {
  semel: "Orders",
  ungrouped: "UngroupedOrders",
  claim: "ClaimOrders",
  plain: "PlainOrders",
};

/** Writes the cloud assembly and returns its folder. */
export function synthesize(folder: string, handlers: readonly HandlerName[]): string {
  const app = new App({ outdir: folder });
  for (const name of handlers) {
    new OrdersStack(app, STACKS[name], { removalPolicy: RemovalPolicy.DESTROY, bundling, entry: ENTRIES[name] });
  }
  return app.synth().directory;
}
