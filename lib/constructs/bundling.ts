// How a consumer's function is bundled by esbuild.

import { type BundlingOptions, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";

/** Lets CommonJS packages inside the ES module load Node's own modules; esbuild's output has no `require` otherwise. */
const REQUIRE_BANNER =
  'import{createRequire as __semelRequire}from"node:module";const require=__semelRequire(import.meta.url);';

/** The construct's options with the user's laid over them; a banner of the user comes after ours. */
export function consumerBundling(options: BundlingOptions = {}): BundlingOptions {
  const format = options.format ?? OutputFormat.ESM;
  const common: BundlingOptions = {
    minify: true,
    // The runtime's own SDK changes under a function; its retries and error shapes are part of the promise.
    bundleAwsSDK: true,
    ...options,
    format,
  };
  if (format !== OutputFormat.ESM) return common;
  return { mainFields: ["module", "main"], ...common, banner: REQUIRE_BANNER + (options.banner ?? "") };
}
