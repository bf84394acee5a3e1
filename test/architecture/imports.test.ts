// The dependency rules of ARCHITECTURE.md, read from the sources.

import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

interface Import {
  readonly file: string;
  /** A path below the root, or a package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

const IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[^"'();]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gms;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(IMPORT)].map(([, typeOnly, statically, dynamically]) => {
    const specifier = statically ?? dynamically ?? "";
    const target = specifier.startsWith(".") ? relative(ROOT, join(ROOT, dirname(file), specifier)) : specifier;
    return { file, target, typeOnly: typeOnly !== undefined };
  });
}

const files = globSync(["lib/**/*.ts", "bin/**/*.ts", "functions/**/*.ts"], { cwd: ROOT });
const imports = files.flatMap(importsOf);

/** What has no part of its own. */
const BASE = ["lib/aws", "lib/errors.ts", "lib/contract.ts", "lib/host.ts"];

/** Folders or files of lib that each part may import, beside itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "lib/aws": [],
  "lib/errors.ts": ["lib/aws"],
  "lib/contract.ts": [],
  "lib/host.ts": [],
  "lib/protocol": ["lib/aws", "lib/errors.ts", "lib/contract.ts"],
  "lib/payload": ["lib/aws", "lib/errors.ts", "lib/protocol"],
  "lib/sources": ["lib/aws", "lib/errors.ts", "lib/protocol"],
  "lib/store": [...BASE, "lib/protocol"],
  "lib/consumer": [...BASE, "lib/payload", "lib/protocol", "lib/sources", "lib/store"],
  "lib/relay": [...BASE, "lib/protocol", "lib/sources", "lib/store"],
  "lib/middleware": [
    "lib/aws",
    "lib/errors.ts",
    "lib/host.ts",
    "lib/payload",
    "lib/sources",
    "lib/store",
    "lib/consumer",
  ],
  "lib/index.ts": [
    "lib/aws",
    "lib/errors.ts",
    "lib/protocol",
    "lib/sources",
    "lib/store",
    "lib/consumer",
    "lib/middleware",
  ],
  "lib/publisher": [...BASE, "lib/payload", "lib/protocol"],
  "lib/testing": [
    ...BASE,
    "lib/protocol",
    "lib/sources",
    "lib/store",
    "lib/consumer",
    "lib/middleware",
    "lib/index.ts",
    "lib/model",
    "lib/local",
    "lib/cli",
  ],
  "lib/model": ["lib/aws"],
  "lib/constructs": ["lib/aws", "lib/errors.ts", "lib/contract.ts", "lib/model"],
  "lib/local": ["lib/aws", "lib/errors.ts"],
  "lib/redrive": [...BASE, "lib/protocol", "lib/store", "lib/consumer"],
  "lib/cli": ["lib/errors.ts", "lib/contract.ts", "lib/host.ts", "lib/local", "lib/redrive", "lib/store/sdk-send.ts"],
  "bin/app.ts": ["functions"],
  "bin/semel.ts": ["lib/cli"],
  functions: [],
};

/** Packages that each part may import; everything else of lib may import none. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  "lib/payload": /^@aws-sdk\/client-s3$/,
  "lib/store": /^@aws-sdk\/client-dynamodb$/,
  "lib/consumer": /^(@aws-sdk\/util-dynamodb|@aws-sdk\/client-sqs|@standard-schema\/spec)$/,
  "lib/relay": /^@aws-sdk\/client-(sqs|sns|eventbridge)$/,
  "lib/middleware": /^@standard-schema\/spec$/,
  "lib/publisher": /^@aws-sdk\/client-sqs$/,
  "lib/testing": /^@aws-sdk\/(client-dynamodb|client-sqs|lib-dynamodb)$/,
  "lib/constructs": /^(aws-cdk-lib(\/.*)?|constructs)$/,
  "lib/local": /^(@aws-sdk\/client-(dynamodb|sqs)|@platformatic\/kafka)$/,
  "lib/redrive": /^@aws-sdk\/client-sqs$/,
  "lib/cli": /^@aws-sdk\/client-(dynamodb|sqs)$/,
  "bin/app.ts": /^aws-cdk-lib$/,
  functions: /^(?!\.)/,
};

/** Nothing of the process: no clock, no randomness, no I/O, no promises. */
const PURE = [
  ...["lib/aws", "lib/protocol", "lib/sources", "lib/model"],
  ...["lib/redrive/judge.ts", "lib/redrive/letter.ts", "lib/redrive/tally.ts"],
];

const within = (path: string, part: string): boolean => path === part || path.startsWith(`${part}/`);
const partOf = (file: string): string => {
  const part = Object.keys(ALLOWED).find((name) => within(file, name));
  if (part === undefined) throw new Error(`${file} belongs to no part of ARCHITECTURE.md's map`);
  return part;
};
const isNode = (target: string): boolean => target.startsWith("node:") || builtinModules.includes(target);
const isOwn = (target: string): boolean => /^(lib|bin|functions|demo|test)\//.test(target);

describe("dependency rules", () => {
  it("finds the imports at all", () => {
    expect(files.length).toBeGreaterThan(40);
    expect(imports.some(({ target }) => target === "lib/protocol/record.ts")).toBe(true);
    expect(imports.some(({ target }) => target === "@aws-sdk/client-dynamodb")).toBe(true);
  });

  it.each(Object.keys(ALLOWED))("%s imports only what it may", (part) => {
    const allowed = [part, ...(ALLOWED[part] ?? [])];
    const wrong = imports.filter(({ file, target }) => {
      if (partOf(file) !== part || isNode(target)) return false;
      return isOwn(target) ? !allowed.some((name) => within(target, name)) : !PACKAGES[part]?.test(target);
    });
    expect(wrong).toEqual([]);
  });

  it("only one file of the store knows the SDK's client, and only lib/testing knows the memory store, which is in no bundle", () => {
    const sdk = imports.filter(({ file, target }) => within(file, "lib/store") && target.startsWith("@aws-sdk/"));
    expect(new Set(sdk.map(({ file }) => file))).toEqual(new Set(["lib/store/sdk-send.ts"]));
    const memory = imports.filter(
      ({ file, target }) =>
        target.startsWith("lib/store/memory") && !within(file, "lib/store/memory") && !within(file, "lib/testing"),
    );
    expect(memory).toEqual([]);
  });

  it("functions are written as a user would: on the package's public entries only", () => {
    const own = imports.filter(({ file, target }) => within(file, "functions") && target.startsWith("semel"));
    expect(own.every(({ target }) => ["semel", "semel/constructs"].includes(target))).toBe(true);
    expect(own.length).toBeGreaterThan(1);
  });

  it.each(PURE)("%s is pure", (part) => {
    const impure = /\basync\b|\bawait\b|\bDate\.now\b|new Date\(\)|Math\.random|\bprocess\.|\bsetTimeout\b|\bfetch\(/;
    for (const file of files.filter((name) => within(name, part))) {
      const code = readFileSync(join(ROOT, file), "utf8").replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
      expect(code, file).not.toMatch(impure);
      expect(
        importsOf(file).filter(({ target }) => isNode(target)),
        file,
      ).toEqual([]);
    }
  });

  it("files keep to their budget of 400 lines", () => {
    const long = files.filter((file) => readFileSync(join(ROOT, file), "utf8").split("\n").length > 400);
    expect(long).toEqual([]);
  });
});
