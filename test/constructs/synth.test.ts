// `cdk synth` of the whole app with CloudFormation's validation on, in a process of its own, as the CDK's command line runs it.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { CfnResource, Stack } from "aws-cdk-lib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { consumerIn, emptyApp, removeOutputs } from "./stacks.ts";

afterAll(removeOutputs);

const ROOT = resolve(import.meta.dirname, "../..");
const SYNTH_TIMEOUT_MS = 60_000;

const cdkJson: { app: string; context: Record<string, unknown> } = JSON.parse(
  readFileSync(join(ROOT, "cdk.json"), "utf8"),
);

describe("the CDK app", () => {
  const outdir = mkdtempSync(join(tmpdir(), "semel-synth-"));
  let run: { status: number | null; stdout: string; stderr: string };

  beforeAll(() => {
    const [, ...args] = cdkJson.app.split(" ");
    run = spawnSync(process.execPath, args, {
      cwd: ROOT,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        CDK_OUTDIR: outdir,
        CDK_CONTEXT_JSON: JSON.stringify(cdkJson.context),
      },
    });
  }, SYNTH_TIMEOUT_MS);

  afterAll(() => rmSync(outdir, { recursive: true }));

  it("synthesizes without credentials and without a finding", () => {
    expect(run.status, run.stderr).toBe(0);
    const report = JSON.parse(readFileSync(join(outdir, "validation-report.json"), "utf8"));
    expect(report.pluginReports).toEqual([]);
    const templates = ["Orders", "Pipeline", "Telemetry", "Transfers"].map((name) => `${name}.template.json`);
    expect(readdirSync(outdir)).toEqual(expect.arrayContaining(templates));
  });

  it("bundles handlers that Lambda can call: at most two parameters, or Node 24 refuses them", () => {
    const folders = readdirSync(outdir).filter((name) => name.startsWith("asset."));
    const script = `
      for (const asset of process.argv.slice(1)) {
        const { handler } = await import(asset);
        console.log(typeof handler, handler.length <= 2);
      }`;
    const assets = folders.map((folder) => join(outdir, folder, "index.mjs"));
    const environment = {
      AWS_REGION: "eu-west-1",
      SEMEL_CONSUMER: "orders",
      SEMEL_TABLE: "records",
      SEMEL_RETENTION_DAYS: "38",
      LEDGER_TABLE: "ledger",
      CUSTOMERS_TABLE: "customers",
      ARTICLES_TABLE: "articles",
      STATISTICS_TABLE: "statistics",
      SEMEL_OUTBOX_TABLE: "outbox",
      SEMEL_DEAD_LETTER_QUEUE_URL: "https://sqs.eu-west-1.amazonaws.com/1/letters",
      AWS_LAMBDA_FUNCTION_NAME: "relay",
    };
    const loaded = spawnSync(process.execPath, ["--input-type=module", "--eval", script, ...assets], {
      cwd: outdir,
      encoding: "utf8",
      env: environment,
    });
    expect(loaded.stderr).toBe("");
    expect(loaded.stdout).toBe("function true\n".repeat(7));
  });

  it("uses the feature flags that the CDK recommends", () => {
    const recommended = JSON.parse(
      readFileSync(join(ROOT, "node_modules/aws-cdk-lib/recommended-feature-flags.json"), "utf8"),
    );
    expect(cdkJson.context).toEqual(recommended);
  });
});

describe("CloudFormation's validation", () => {
  it("would find a property that the templates got wrong", { timeout: SYNTH_TIMEOUT_MS }, () => {
    vi.stubEnv("CDK_VALIDATION", "true");
    const app = emptyApp(cdkJson.context);
    const stack = new Stack(app, "Test");
    consumerIn(stack);
    new CfnResource(stack, "Wrong", { type: "AWS::SQS::Queue", properties: { VisibilityTimeout: "soon" } });
    expect(() => app.synth()).toThrow(/VisibilityTimeout: 'soon' is not of type 'integer'/);
    vi.unstubAllEnvs();
  });
});
