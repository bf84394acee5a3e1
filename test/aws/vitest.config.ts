// npm run test:aws. Not part of npm test.

import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  root: `${import.meta.dirname}/../..`,
  resolve: { conditions: ["@semel/source"] },
  ssr: { resolve: { conditions: ["@semel/source", "node"] } },
  test: {
    include: ["test/aws/**/*.aws.ts"],
    // A network lies between, and tables take their time to be created.
    testTimeout: 120_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
  },
});

export default config;
