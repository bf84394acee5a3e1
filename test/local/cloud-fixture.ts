// Starts a local cloud on a hand-written assembly, and keeps what it says and does.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import {
  type LocalCloud,
  type LocalEvent,
  type LocalFunction,
  type LocalOptions,
  type LogLine,
  startLocal,
} from "../../lib/local/index.ts";
import { type FixtureStack, writeAssembly } from "./assembly-fixture.ts";

export interface CloudFixture extends AsyncDisposable {
  readonly cloud: LocalCloud;
  readonly lines: LogLine[];
  readonly events: LocalEvent[];
  readonly sqs: SQSClient;
  fn(logicalId: string): LocalFunction;
  queueUrl(logicalId: string): string;
  send(logicalId: string, bodies: readonly string[]): Promise<void>;
}

export type CloudOptions = Omit<LocalOptions, "assembly" | "logger" | "observer">;

/** Stacks, then options if any. */
export async function startFixture(...given: readonly (FixtureStack | CloudOptions)[]): Promise<CloudFixture> {
  const stacks = given.filter((one) => "resources" in one);
  const [options = {}] = given.filter((one) => !("resources" in one));
  const assembly = await writeAssembly(...stacks);
  const lines: LogLine[] = [];
  const events: LocalEvent[] = [];
  const cloud = await startLocal({
    ...options,
    assembly: assembly.path,
    logger: (line) => lines.push(line),
    observer: (event) => events.push(event),
  });
  const sqs = new SQSClient(cloud.clientConfig.sqs);
  const queueUrl = (logicalId: string) => find(cloud.queues, logicalId).url;
  return {
    cloud,
    lines,
    events,
    sqs,
    fn: (logicalId) => find(cloud.functions, logicalId),
    queueUrl,
    async send(logicalId, bodies) {
      for (let start = 0; start < bodies.length; start += 10) {
        const entries = bodies
          .slice(start, start + 10)
          .map((body, index) => ({ Id: String(index), MessageBody: body }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl(logicalId), Entries: entries }));
      }
    },
    async [Symbol.asyncDispose]() {
      sqs.destroy();
      await cloud.stop();
      await assembly[Symbol.asyncDispose]();
    },
  };
}

function find<T extends { readonly logicalId: string }>(all: readonly T[], logicalId: string): T {
  const found = all.find((one) => one.logicalId === logicalId);
  if (found === undefined) throw new Error(`no ${logicalId} among ${all.map((one) => one.logicalId).join()}`);
  return found;
}

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/** Processes that a process has started and that still run. One that died and was not waited for (a zombie) does not. */
export async function childrenOf(parent: number): Promise<Process[]> {
  return (await listProcesses()).filter(({ ppid }) => ppid === parent);
}

export async function isAlive(pid: number): Promise<boolean> {
  return (await listProcesses()).some((process) => process.pid === pid);
}

/** By SIGSTOP. */
export async function isStopped(pid: number): Promise<boolean> {
  return (await listProcesses()).some((process) => process.pid === pid && process.isStopped);
}

async function listProcesses(): Promise<(Process & { readonly ppid: number; readonly isStopped: boolean })[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, ppid, stat = "", command = ""] = /^ *(\d+) +(\d+) +(\S+) +(.*)$/.exec(line) ?? [];
    // ps lists itself, too.
    if (pid === undefined || stat.startsWith("Z") || command.startsWith("ps -A")) return [];
    return [{ pid: Number(pid), ppid: Number(ppid), isStopped: stat.startsWith("T"), command }];
  });
}

/** Looks until it holds; the test's own time limit ends it otherwise. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
