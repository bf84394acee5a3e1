// Builds the package: every module of lib as an ES module and as CommonJS, each with its types, in the folders they have in
// the sources; the command line and the relay's function as ES modules only.

import type { UserConfig } from "tsdown";

/** The package's entries, and what the local cloud starts as a process of its own. */
const ENTRIES = [
  "lib/index.ts",
  "lib/constructs/index.ts",
  "lib/local/index.ts",
  "lib/local/bootstrap.ts",
  "lib/model/index.ts",
  "lib/publisher/index.ts",
  "lib/testing/index.ts",
];

const common: UserConfig = {
  root: ".",
  outDir: "dist",
  unbundle: true,
  fixedExtension: false, // .js beside .cjs, as "type": "module" has it
  platform: "node",
  target: "node22",
  dts: true,
  hash: false,
  outputOptions: { comments: { legal: true, annotation: true, jsdoc: false } },
  deps: { neverBundle: true },
  checks: { pluginTimings: false },
  logLevel: "warn",
};

const configs: UserConfig[] = [
  // The relay's function is an ES module whoever asks the construct for it.
  { ...common, format: "esm", entry: [...ENTRIES, "bin/semel.ts", "lib/relay/handler.ts"] },
  { ...common, format: "cjs", entry: ENTRIES, shims: true }, // import.meta in CommonJS
];

export default configs;
