import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["@semel/source"] },
  ssr: { resolve: { conditions: ["@semel/source", "node"] } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/package/**"], // a stranger's app; npm run test:package runs it
    // CloudFormation validation at synth costs seconds a process; one test turns it on again.
    env: { CDK_VALIDATION: "false", CDK_DISABLE_CLI_TELEMETRY: "1" },
    maxWorkers: 3, // some tests wait for timeouts of queues: on two cores others run meanwhile
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});

export default config;
