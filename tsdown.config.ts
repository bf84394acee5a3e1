// Builds the package: every module of lib as an ES module, in the folders they have in the sources, so that a bundler leaves out
// what is not used; as CommonJS the entries, and what they share in dist/lib/shared. Each has its types. The command line and the
// relay's function are ES modules only.

import type { UserConfig } from "tsdown";

/** What the local cloud starts as a process of its own. */
const BOOTSTRAP = "lib/local/bootstrap.ts";
const ENTRIES = [
  "lib/index.ts",
  "lib/constructs/index.ts",
  "lib/local/index.ts",
  "lib/model/index.ts",
  "lib/publisher/index.ts",
  "lib/testing/index.ts",
];

const common: UserConfig = {
  root: ".",
  outDir: "dist",
  fixedExtension: false, // .js beside .cjs, as "type": "module" has it
  platform: "node",
  target: "node22",
  dts: true,
  hash: false,
  deps: { neverBundle: true },
  checks: { pluginTimings: false },
  logLevel: "warn",
};

const configs: UserConfig[] = [
  {
    ...common,
    format: "esm",
    // The relay's function is an ES module whoever asks the construct for it.
    entry: [...ENTRIES, BOOTSTRAP, "bin/semel.ts", "lib/relay/handler.ts"],
    unbundle: true,
  },
  {
    ...common,
    format: "cjs",
    // The local cloud's worker looks for its bootstrap in its own folder, which is that of what is shared.
    entry: [...ENTRIES, { "lib/shared/bootstrap": BOOTSTRAP }],
    shims: true, // import.meta in CommonJS
    outputOptions: { chunkFileNames: "lib/shared/[name].cjs" },
  },
];

export default configs;
