// npm run test:aws as a command: without an account nothing is called and everything says why; on local engines it is the same
// code that would run on AWS.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { expect, it } from "vitest";
import { startSqsServer } from "../../lib/local/sqs/server.ts";
import { startDynoxide } from "../support/dynoxide.ts";

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly report: string;
}

/** Settings of the caller's own for these tests are not passed on. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(SEMEL_|AWS_|VITEST)/.test(name)),
);

async function run(environment: Record<string, string>, ...filters: string[]): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "semel-aws-test-"));
  const file = join(folder, "report.txt");
  const command = ["--conditions=@semel/source", join(import.meta.dirname, "run.ts"), "--report", file, ...filters];
  const child = spawn(process.execPath, command, { env: { ...INHERITED, ...environment }, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  let report = "";
  try {
    report = readFileSync(file, "utf8");
  } catch {}
  rmSync(folder, { recursive: true, force: true });
  return { code, output, report };
}

it("GV1: credentials alone call nothing, and every test is skipped with its reason", { timeout: 60_000 }, async () => {
  let requests = 0;
  const aws = createServer((_, response) => {
    requests++;
    response.writeHead(500).end();
  }).listen(0, "127.0.0.1");
  await once(aws, "listening");
  const { code, output, report } = await run({
    AWS_ACCESS_KEY_ID: "there",
    AWS_SECRET_ACCESS_KEY: "too",
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(aws.address() as AddressInfo).port}`,
  });
  aws.close();
  expect([code, requests], output).toEqual([0, 0]);
  expect(output).not.toMatch(/\d passed/);
  const facts = report.split("\n").filter((line) => line.includes(" · "));
  expect(facts.length).toBeGreaterThan(20);
  expect(report.match(/^ +skipped: \S.+$/gm)).toHaveLength(facts.length);
});

it("runs on local engines, says what it found, and leaves nothing behind", { timeout: 120_000 }, async () => {
  const [database, queues] = [await startDynoxide(), await startSqsServer({ region: "us-east-1" })];
  try {
    const { code, output, report } = await run(
      { SEMEL_TEST_DYNAMODB_ENDPOINT: database.endpoint, SEMEL_TEST_SQS_ENDPOINT: queues.endpoint },
      // The suites themselves run on these engines elsewhere.
      ..."commands queues statements transactions lambda".split(" "),
    );
    expect(code, output + report).toBe(0);
    expect(report).toMatch(/every command of the runtime: 3 passed, 0 failed, 0 skipped/);
    expect(report).toMatch(/S13-S16 · .* FIFO .*\n +dead: id kept, .*; redriven: id new, /);
    expect(report).toMatch(/IAM · .*\n +skipped: no engine but AWS checks IAM/);
    expect(report).not.toContain("BROKEN");
    expect((await database.client.send(new ListTablesCommand({}))).TableNames).toEqual([]);
    expect(queues.engine.queues.size).toBe(0);
  } finally {
    await Promise.all([database.stop(), queues.stop()]);
  }
});

it.each([
  [{ SEMEL_TEST_AWS: "yes" }, /SEMEL_TEST_AWS is "yes"; 1 runs/],
  [{ SEMEL_TEST_AWS: "1" }, /needs AWS_REGION/],
  [{ SEMEL_TEST_AWS: "1", AWS_REGION: "eu-west-1", AWS_ENDPOINT_URL_SQS: "http://x" }, /AWS_ENDPOINT_URL_SQS is set/],
  [{ SEMEL_TEST_SQS_ENDPOINT: "https://sqs.eu-west-1.amazonaws.com" }, /which is AWS; set SEMEL_TEST_AWS=1/],
])("GV2: %j is refused before anything is called", { timeout: 30_000 }, async (environment, words) => {
  const { code, output, report } = await run(environment as Record<string, string>);
  expect([code, report]).toEqual([2, ""]);
  expect(output).toMatch(words);
});
