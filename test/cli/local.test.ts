// The command line, as a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inlineFunction, queueFor, writeAssembly } from "../local/assembly-fixture.ts";
import { childrenOf, isAlive, until } from "../local/cloud-fixture.ts";

const PROGRAM = join(import.meta.dirname, "../../bin/semel.ts");

function run(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  const output = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    output.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.err += chunk;
  });
  const status = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, output, status };
}

const spinning = () =>
  writeAssembly({
    name: "Spin",
    resources: {
      Function: inlineFunction('exports.handler = async () => { console.log("spins"); for (;;); }', { Timeout: 20 }),
      ...queueFor({ VisibilityTimeout: 30 }, {}, 3),
    },
    outputs: { Url: { Value: { Ref: "Queue" } } },
  });

async function send(url: string): Promise<void> {
  const headers = { "x-amz-target": "AmazonSQS.SendMessage", "content-type": "application/x-amz-json-1.0" };
  const body = JSON.stringify({ QueueUrl: url, MessageBody: "x" });
  await fetch(new URL(url).origin, { method: "POST", headers, body });
}

/** Starts a local cloud whose worker is in an endless loop. */
async function startSpinning(assembly: string) {
  const running = run("local", "--assembly", assembly, "--stack", "Spin");
  await until(() => /output +Spin\.Url/.test(running.output.out));
  await send(/Spin\.Url = (\S+)/.exec(running.output.out)?.[1] ?? "");
  await until(() => /spins/.test(running.output.out));
  const children = await childrenOf(running.child.pid ?? 0);
  const folder = /semel-reaper (\S+)/.exec(children.map(({ command }) => command).join("\n"))?.[1] ?? "";
  const engine = children.find(({ command }) => command.includes("dynoxide"))?.pid ?? 0;
  return { ...running, children: { engine, pids: children.map(({ pid }) => pid) }, folder };
}

describe.concurrent("semel", () => {
  test("--help", async () => {
    const { output, status } = run("--help");
    expect(await status).toBe(0);
    expect(output.out).toMatch(/semel local|local +run a CDK/);
  });

  test.each([
    [["local", "--bogus"], 2, /--bogus/],
    [["local", "extra"], 2, /extra/],
    [["deploy"], 2, /"deploy"/],
    [[], 2, /no command/],
    [["local", "--assembly", "/nowhere"], 1, /\/nowhere.*cdk synth/],
  ])("%j ends with %i", async (args, expected, message) => {
    const { output, status } = run(...args);
    expect(await status).toBe(expected);
    expect(output.err).toMatch(message);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s stops it cleanly, even in an endless loop of a function",
    async (signal) => {
      await using assembly = await spinning();
      const { child, output, status, children, folder } = await startSpinning(assembly.path);
      expect(children.pids).toHaveLength(3); // the DynamoDB engine, a worker, the reaper
      expect(existsSync(folder)).toBe(true);
      child.kill(signal);
      expect(await status).toBe(0);
      expect(output.out).toMatch(/stopping\n/);
      for (const pid of children.pids) expect(await isAlive(pid)).toBe(false);
      expect(existsSync(folder)).toBe(false);
    },
  );

  test("an engine that dies ends it with 1", async () => {
    await using assembly = await spinning();
    const { output, status, children } = await startSpinning(assembly.path);
    process.kill(children.engine, "SIGKILL");
    expect(await status).toBe(1);
    expect(output.err).toMatch(/dynamodb engine failed/);
    for (const pid of children.pids) expect(await isAlive(pid)).toBe(false);
  });

  test("SIGKILL leaves nothing behind either", async () => {
    await using assembly = await spinning();
    const { child, children, folder } = await startSpinning(assembly.path);
    child.kill("SIGKILL");
    await until(async () => (await Promise.all(children.pids.map(isAlive))).every((alive) => !alive));
    await until(() => !existsSync(folder));
    expect(children.pids).toHaveLength(3);
  });
});
