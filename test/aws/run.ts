// npm run test:aws: the conformance suites on the DynamoDB and SQS that are given, and what only AWS can answer.
//
//   RU1. Whatever the tests come to, what they created is removed, or named.
//   RU2. Nothing is called before it was said where, how long it takes, and what it costs.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { clientConfig, PREFIX_VARIABLE, sweep } from "./engines.ts";
import { FINDINGS_VARIABLE, readFindings } from "./finding.ts";
import { describeGiven, givenFor } from "./given.ts";
import { reportOf, type VitestResult } from "./report.ts";

const USAGE = `npm run test:aws -- [options] [filters of test files]

  --report FILE     write there, too, what was found
  --sweep PREFIX    remove what a run that was killed left behind: it said its prefix when it began
  --help

  SEMEL_TEST_AWS=1                 on AWS, with the SDK's own credentials, in AWS_REGION
  SEMEL_TEST_AWS_ROLE_ARN=ARN      a role to narrow, for what IAM asks for each command
  SEMEL_TEST_DYNAMODB_ENDPOINT=URL  or on a local engine
  SEMEL_TEST_SQS_ENDPOINT=URL       or on a local engine`;

/** Reckoned from what the tests send, at list prices of us-east-1 (2026); never measured on an account. */
const ESTIMATE =
  "It creates about 20 on-demand tables and 100 queues, takes about 15 minutes, and costs less than 0.20 USD: some 100,000 " +
  "write units, most of them for transactions of 4 MB, and a few thousand requests to SQS.";

const VITEST = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { report: { type: "string" }, sweep: { type: "string" }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  await announce();
  if (values.sweep !== undefined) return remove(values.sweep);
  const prefix = `semel-test-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 5)}`;
  const folder = mkdtempSync(join(tmpdir(), "semel-aws-"));
  try {
    const findings = join(folder, "findings.jsonl");
    const result = join(folder, "vitest.json");
    writeFileSync(findings, "");
    console.log(`All that is created is named ${prefix}-…, and removed at the end.`);
    const ended = await vitest(positionals, result, { [PREFIX_VARIABLE]: prefix, [FINDINGS_VARIABLE]: findings });
    const removed = await remove(prefix); // RU1
    const report = reportOf(describe(), readFindings(findings), resultIn(result, prefix));
    console.log(`\n${report}`);
    if (values.report !== undefined) writeFileSync(values.report, report);
    return Math.max(ended, removed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** There is none where the run was interrupted: what was being created at that moment may have come after the removal. */
function resultIn(file: string, prefix: string): VitestResult {
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as VitestResult;
  const message = `it did not end; a table that was just being created may be left: npm run test:aws -- --sweep ${prefix}`;
  return { testResults: [{ name: "The run", message, assertionResults: [] }] };
}

function describe(): string {
  return `DynamoDB: ${describeGiven(givenFor("DynamoDB"))}\nSQS: ${describeGiven(givenFor("SQS"))}`;
}

/** RU2. */
async function announce(): Promise<void> {
  console.log(describe());
  if (givenFor("DynamoDB").kind !== "aws") return;
  console.log(ESTIMATE);
  const sts = new STSClient(clientConfig("DynamoDB"));
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
  console.log(`Account ${Account}, as ${Arn}.`);
  sts.destroy();
}

function vitest(filters: readonly string[], outputFile: string, variables: Record<string, string>): Promise<number> {
  const config = join(import.meta.dirname, "vitest.config.ts");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${outputFile}`];
  const child = spawn(process.execPath, [VITEST, "run", "--config", config, ...reporters, ...filters], {
    stdio: "inherit",
    env: { ...process.env, ...variables },
  });
  // An interrupt reaches both: it ends the tests, and this process stays to remove what they made.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
  });
}

/** RU1. */
async function remove(prefix: string): Promise<number> {
  try {
    const removed = await sweep(prefix);
    console.log(`Removed ${removed.length} tables and queues that were still there.`);
    return 0;
  } catch (error) {
    console.error(
      `Some of ${prefix}-… may be left: ${String(error)}\nRemove it with npm run test:aws -- --sweep ${prefix}`,
    );
    return 1;
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 2;
});
