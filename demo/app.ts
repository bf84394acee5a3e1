// The demo's cloud assembly: the orders service, and the same service without semel. Both may be deleted with their data.

import { join } from "node:path";
import { App, RemovalPolicy } from "aws-cdk-lib";
import { OrdersStack } from "../functions/orders/stack.ts";

const FUNCTIONS = join(import.meta.dirname, "../functions/orders");
// Inside this repository the package "semel" is its TypeScript sources; see bin/app.ts.
const bundling = { esbuildArgs: { "--conditions": "@semel/source,module" } };

export const STACKS = { semel: "Orders", plain: "PlainOrders" } as const;
export type HandlerName = keyof typeof STACKS;

/** Writes the cloud assembly and returns its folder. */
export function synthesize(folder: string): string {
  const app = new App({ outdir: folder });
  const common = { removalPolicy: RemovalPolicy.DESTROY, bundling };
  new OrdersStack(app, STACKS.semel, common);
  new OrdersStack(app, STACKS.plain, { ...common, entry: join(FUNCTIONS, "plain-handler.ts") });
  return app.synth().directory;
}
