// npm run test:aws as a command: without an account nothing is called and everything says why; on local engines it is the same
// code that would run on AWS.

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { describe, expect, it } from "vitest";
import { startSqsServer } from "../../lib/local/sqs/server.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { createTables } from "../support/tables.ts";

interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly report: string;
}

const OTHERS = "semel-test-others";
/** Neither settings nor credentials of the caller's own: whatever goes wrong here, no account is reached. */
const INHERITED = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SEMEL_|AWS_|VITEST)/.test(name))),
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  NO_COLOR: "1",
};

function start(environment: Record<string, string>, ...rest: string[]): ChildProcessWithoutNullStreams {
  const command = ["--conditions=@semel/source", join(import.meta.dirname, "run.ts"), ...rest];
  return spawn(process.execPath, command, { env: { ...INHERITED, ...environment }, stdio: "pipe" });
}

/** Its exit code, and all that it said. */
async function end(child: ChildProcessWithoutNullStreams): Promise<Omit<Run, "report">> {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

async function run(environment: Record<string, string>, ...rest: string[]): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "semel-aws-test-"));
  const file = join(folder, "report.txt");
  const ended = await end(start(environment, "--report", file, ...rest));
  const report = existsSync(file) ? readFileSync(file, "utf8") : "";
  rmSync(folder, { recursive: true, force: true });
  return { ...ended, report };
}

interface Engines {
  readonly database: Dynoxide;
  readonly given: Record<string, string>;
  /** Names of tables and queues. */
  left(): Promise<string[]>;
}

/** They hold a table and a queue of somebody else's, whose names begin alike. */
async function withEngines(act: (engines: Engines) => Promise<void>): Promise<void> {
  const [database, queues] = [await startDynoxide(), await startSqsServer({ region: "us-east-1" })];
  try {
    await createTables(database.client, { [OTHERS]: "id" });
    const credentials = { accessKeyId: "local", secretAccessKey: "local" };
    const sqs = new SQSClient({ endpoint: queues.endpoint, region: "us-east-1", credentials });
    await sqs.send(new CreateQueueCommand({ QueueName: OTHERS }));
    sqs.destroy();
    await act({
      database,
      given: { SEMEL_TEST_DYNAMODB_ENDPOINT: database.endpoint, SEMEL_TEST_SQS_ENDPOINT: queues.endpoint },
      async left() {
        const { TableNames = [] } = await database.client.send(new ListTablesCommand({}));
        return [...TableNames, ...queues.engine.queues.keys()];
      },
    });
  } finally {
    await Promise.all([database.stop(), queues.stop()]);
  }
}

// Side by side: each has engines of its own, and most of the time they wait.
describe.concurrent("npm run test:aws", () => {
  it("GV1: credentials alone call nothing, and every test is skipped with its reason", {
    timeout: 60_000,
  }, async () => {
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
    expect(output).toMatch(/Tests +\d+ skipped \(\d+\)/);
    const facts = report.split("\n").filter((line) => line.includes(" · "));
    expect(facts.length).toBeGreaterThan(20);
    expect(report.match(/^ +skipped: \S.+$/gm)).toHaveLength(facts.length);
  });

  it("RU1: runs on local engines, says what it found, and leaves nothing behind", { timeout: 120_000 }, async () => {
    await withEngines(async ({ database, given, left }) => {
      // All but transactions of 4 MB, and SQS's suite, which runs on this engine in test/local/sqs.
      const { code, output, report } = await run(
        { ...given, VITEST_MAX_WORKERS: "3" }, // most of the time its tests wait
        ..."commands store-conformance queues statements transactions lambda".split(" "),
      );
      expect(code, output + report).toBe(0);
      expect(report).toMatch(/every command of the runtime: 4 passed, 0 failed, 0 skipped/);
      for (const name of ["the record store", "claims", "strategy insert"]) {
        expect(report).toMatch(new RegExp(`${name} on ${database.endpoint}: \\d+ passed, 0 failed, 0 skipped`));
      }
      expect(report).toMatch(/S13-S16 · .* FIFO .*\n +dead: id kept, .*; redriven: id new, /);
      expect(report).toMatch(/IAM · .*\n +skipped: no engine but AWS checks IAM/);
      expect(report).not.toContain("BROKEN");
      expect(await left()).toEqual([OTHERS, OTHERS]);
    });
  });

  it("RU1: an interrupted run removes what it created, too", { timeout: 120_000 }, async () => {
    await withEngines(async ({ given, left }) => {
      const child = start(given, "queues", "statements");
      const ended = end(child);
      while ((await left()).length < 4) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGINT");
      const { code, output } = await ended;
      expect(code, output).not.toBe(0);
      expect(output).toMatch(/The run: it did not end; .* --sweep semel-test-\w+/);
      expect(await left(), output).toEqual([OTHERS, OTHERS]);
    });
  });

  it("removes what a killed run left behind, and nothing else", { timeout: 60_000 }, async () => {
    await withEngines(async ({ database, given, left }) => {
      await createTables(database.client, { "semel-test-1a2b3c4d-x-Data": "id" });
      expect(await run(given, "--sweep", "semel-test")).toMatchObject({ code: 1 });
      expect(await left()).toHaveLength(3);
      expect(await run(given, "--sweep", "semel-test-1a2b3c4d")).toMatchObject({ code: 0 });
      expect(await left()).toEqual([OTHERS, OTHERS]);
    });
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
});
