// Bundles of the contenders as ExactlyOnceConsumer makes them, and their sizes.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Contender } from "./names.ts";

export interface Size {
  readonly bytes: number;
  readonly gzipBytes: number;
}

export interface Bundles {
  readonly worker: string;
  /** The file of one of those that were asked for. */
  fileOf(contender: Contender): string;
  /** With the AWS SDK inside, and without. */
  readonly sizes: { readonly [C in Contender]?: { readonly included: Size; readonly external: Size } };
}

/** An optional peer: of bodies in S3 only, and esbuild leaves out what is not installed. */
const OPTIONAL = ["@aws-sdk/client-s3"];

const BANNER =
  'import{createRequire as __benchRequire}from"node:module";const require=__benchRequire(import.meta.url);';

export async function bundleAll(folder: string, contenders: readonly Contender[]): Promise<Bundles> {
  const source = (file: string): string => join(import.meta.dirname, file);
  const entries = contenders.map((name) => source(`contenders/${name}.ts`));
  const [included, external] = [join(folder, "included"), join(folder, "external")];
  await bundle(entries, included, OPTIONAL);
  await bundle(entries, external, ["@aws-sdk/*", "@smithy/*"]);
  await bundle([source("worker.ts")], folder, []);
  return {
    worker: join(folder, "worker.mjs"),
    fileOf: (name) => join(included, `${name}.mjs`),
    sizes: Object.fromEntries(
      contenders.map((name) => {
        return [name, { included: size(join(included, `${name}.mjs`)), external: size(join(external, `${name}.mjs`)) }];
      }),
    ),
  };
}

async function bundle(entryPoints: string[], outdir: string, external: string[]): Promise<void> {
  await build({
    entryPoints,
    outdir,
    external,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node22",
    mainFields: ["module", "main"],
    conditions: ["@semel/source", "module"], // in this repository the package "semel" is its sources
    outExtension: { ".js": ".mjs" },
    banner: { js: BANNER },
    logLevel: "error",
  });
}

function size(file: string): Size {
  const text = readFileSync(file);
  return { bytes: text.length, gzipBytes: gzipSync(text).length };
}
