// The command line, as a process of its own.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inlineFunction, queueFor, writeAssembly } from "../local/assembly-fixture.ts";
import { childrenOf, isAlive, until } from "../local/cloud-fixture.ts";
import { PROGRAM, type Running, start } from "./process.ts";

const run = (...args: readonly string[]): Running => start(args);

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

/** Starts a local cloud whose worker is in an endless loop, or frozen before it could say so. */
async function startSpinning(assembly: string, ...more: string[]) {
  const running = run("local", "--assembly", assembly, "--stack", "Spin", ...more);
  await until(() => /output +Spin\.Url/.test(running.output.out));
  await send(/Spin\.Url = (\S+)/.exec(running.output.out)?.[1] ?? "");
  await until(() => /spins|\[faults\] freeze/.test(running.output.out));
  const children = await childrenOf(running.child.pid ?? 0);
  const reaper = children.find(({ command }) => command.includes("semel-reaper"))?.command ?? "";
  const folder = /semel-reaper (\S+)/.exec(reaper)?.[1] ?? "";
  const engine = children.find(({ command }) => command.includes("dynoxide"))?.pid ?? 0;
  return { ...running, children: { engine, reaper, pids: children.map(({ pid }) => pid) }, folder };
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
    [["local", "--faults", "/nowhere.json"], 1, /faults file \/nowhere\.json: ENOENT.*must be JSON/],
    [["local", "--faults", PROGRAM], 1, /faults file .*semel\.ts: .*JSON/],
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

  test("--faults injects what the file says, tells each and counts them; nothing is left", async () => {
    await using assembly = await spinning();
    const file = join(assembly.path, "faults.json");
    const workers = [
      { fault: "freeze", atMs: 0, forMs: 60_000 },
      { fault: "kill", atMs: 60_000 },
    ];
    const engines = [{ fault: "restart", engine: "dynamodb", atMs: 0, downMs: 50 }];
    await writeFile(file, JSON.stringify({ seed: 7, workers, engines }));
    const { child, output, status, children } = await startSpinning(assembly.path, "--faults", file);
    await until(() => /\[faults\] freeze, worker 1 of Spin-Function, messages \S+, 60000 ms\n/.test(output.out));
    await until(() => /\[faults\] restart, dynamodb, 50 ms\n/.test(output.out));
    const folders = children.reaper.split(" ").slice(-2);
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);
    child.kill("SIGINT");
    expect(await status).toBe(0);
    expect(output.out).toMatch(/faults injected:\n +freeze +1\n +restart +1\n$/);
    expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
    for (const pid of children.pids) expect(await isAlive(pid)).toBe(false);
  });

  test("--faults with what is unknown says what is known", async () => {
    await using assembly = await spinning();
    const file = join(assembly.path, "faults.json");
    await writeFile(file, '{"workers":[{"fault":"kil","everyMs":1}]}');
    const { output, status } = run("local", "--assembly", assembly.path, "--faults", file);
    expect(await status).toBe(1);
    expect(output.err).toMatch(/workers\[0\]\.fault is "kil"; it must be one of kill, freeze/);
  });

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
