// Three projects, in the order of their names, which is the order in which vitest begins them:
//
//   1 long    a process a file: what takes longest begins first, so that nothing long is left alone at the end
//   2 own     a process a file: tests that start processes and look at them, or set variables for a whole file
//   3 shared  files share a process, which loads the SDK, the CDK and vitest once: a third of a second a file

import { configDefaults, defineConfig, type ViteUserConfig } from "vitest/config";

const LONG = [
  "test/aws/wiring.test.ts",
  "test/bench/bench.test.ts",
  "test/chaos/run.test.ts",
  "test/cli/redrive.test.ts",
  "test/consumer/outcome-sequences.test.ts",
  "test/integration/{orders,pipeline,transfers}.test.ts",
  "test/simulation/{explorer,explorer-scenarios,outbox,schedules}.test.ts",
  "test/simulation/seeded/seeded.test.ts",
];
const LOCAL_WITHOUT_CLOUD = "filter-criteria|gather-batch|identity|idle|partial-response|proxy|streams-rules|template";
const OWN = [
  "test/{functions,integration,testing}/**/*.test.ts",
  "test/cli/local.test.ts",
  `test/local/!(${LOCAL_WITHOUT_CLOUD}).test.ts`,
  "test/local/faults/*.test.ts",
];
const PACKAGE = "test/package/**"; // a stranger's app; npm run test:package runs it

function project(name: string, include: readonly string[], exclude: readonly string[], isolate: boolean) {
  const files = { include: [...include], exclude: [...configDefaults.exclude, PACKAGE, ...exclude] };
  return { extends: true as const, test: { name, isolate, ...files } };
}

const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["@semel/source"] },
  ssr: { resolve: { conditions: ["@semel/source", "node"] } },
  test: {
    projects: [
      project("1 long", LONG, [], true),
      project("2 own", OWN, LONG, true),
      project("3 shared", ["test/**/*.test.ts"], [...LONG, ...OWN], false),
    ],
    // CloudFormation validation at synth costs seconds a process; one test turns it on again.
    env: { CDK_VALIDATION: "false", CDK_DISABLE_CLI_TELEMETRY: "1" },
    maxWorkers: 3, // some tests wait for timeouts of queues: on two cores others run meanwhile
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});

export default config;
