// The command line as a process of its own, and what it says.

import { type ChildProcess, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PROGRAM: string = join(import.meta.dirname, "../../bin/semel.ts");

/** Node keeps there what it compiled, which is most of what a start takes; the tests start it some thirty times. */
const NODE_COMPILE_CACHE = join(tmpdir(), "semel-test-compile-cache");

export interface Running {
  readonly child: ChildProcess;
  readonly output: { out: string; err: string };
  readonly status: Promise<number | null>;
}

/** It has nothing of this process's environment but the path. */
export function start(args: readonly string[], nodeOptions: readonly string[] = []): Running {
  const options = ["--disable-warning=ExperimentalWarning", ...nodeOptions];
  const child = spawn(process.execPath, [...options, PROGRAM, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], NODE_COMPILE_CACHE },
  });
  const output = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    output.out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    output.err += chunk;
  });
  return { child, output, status: new Promise((resolve) => child.once("close", resolve)) };
}
