// The CDK app: one stack per reference function.

import { App } from "aws-cdk-lib";
import { OrdersStack } from "../functions/orders/stack.ts";
import { PipelineStack } from "../functions/pipeline/stack.ts";
import { TelemetryStack } from "../functions/telemetry/stack.ts";
import { TransfersStack } from "../functions/transfers/stack.ts";

const app = new App();

// Inside this repository the package "semel" is its TypeScript sources; outside, a function needs no such condition.
// Naming one takes away esbuild's own "module", which keeps the AWS SDK's bundle small.
const bundling = { esbuildArgs: { "--conditions": "@semel/source,module" } };

new OrdersStack(app, "Orders", { bundling });
new TransfersStack(app, "Transfers", { bundling });
new TelemetryStack(app, "Telemetry", { bundling });
new PipelineStack(app, "Pipeline", { bundling });
