// The bundle as Lambda would run it: alone in a folder, without node_modules.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { App, Stack } from "aws-cdk-lib";
import { LogLevel, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { consumerBundling } from "../../lib/constructs/bundling.ts";
import { consumerIn, removeOutputs } from "./stacks.ts";

afterAll(removeOutputs);

describe("bundle", () => {
  const outdir = mkdtempSync(join(tmpdir(), "semel-bundle-"));
  let asset = "";

  beforeAll(() => {
    const app = new App({ outdir });
    consumerIn(new Stack(app, "Test"), { bundling: { logLevel: LogLevel.ERROR } });
    app.synth();
    const [folder] = readdirSync(outdir).filter((name) => name.startsWith("asset."));
    asset = join(outdir, folder ?? "none", "index.mjs");
  });

  afterAll(() => rmSync(outdir, { recursive: true }));

  it("is one ES module that holds the AWS SDK, and runs CommonJS packages", () => {
    const script = `
      const { handler } = await import(process.argv[1]);
      console.log(JSON.stringify(await handler({ text: "semel" })));`;
    const run = spawnSync(process.execPath, ["--input-type=module", "--eval", script, asset], {
      cwd: outdir,
      encoding: "utf8",
    });
    expect(run.stderr).toBe("");
    expect(JSON.parse(run.stdout)).toEqual({
      digest: createHash("sha256").update("semel").digest("hex"),
      separator: sep,
      region: "eu-west-1",
    });
  });

  it("is minified, and imports nothing but Node's own modules", () => {
    const source = readFileSync(asset, "utf8");
    expect(source.split("\n").length).toBeLessThan(source.length / 1000);
    const imported = [...source.matchAll(/\bfrom\s*"([^"]+)"/g)].map((match) => match[1]);
    expect(imported).toContain("node:module");
    expect(imported.filter((name) => name?.startsWith("@") || name?.startsWith("."))).toEqual([]);
  });
});

describe("options of esbuild", () => {
  it("are the construct's own by default", () => {
    expect(consumerBundling()).toMatchObject({
      format: OutputFormat.ESM,
      minify: true,
      bundleAwsSDK: true,
      mainFields: ["module", "main"],
    });
  });

  it("give way to the user's", () => {
    const options = consumerBundling({ minify: false, sourceMap: true, mainFields: ["main"], banner: "/* mine */" });
    expect(options).toMatchObject({ minify: false, sourceMap: true, mainFields: ["main"], bundleAwsSDK: true });
    expect(options.banner).toMatch(/createRequire.*\/\* mine \*\/$/);
  });

  it("leave a CommonJS bundle its own require", () => {
    const options = consumerBundling({ format: OutputFormat.CJS });
    expect(options).not.toHaveProperty("banner");
    expect(options).not.toHaveProperty("mainFields");
    expect(options.bundleAwsSDK).toBe(true);
  });
});
