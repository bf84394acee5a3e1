// Runs a command to its end, with a time limit, in an environment that knows nothing of this repository.

import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface RunOptions {
  readonly cwd: string;
  readonly timeoutMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

export type Run = (command: string, args: readonly string[], options: RunOptions) => Promise<string>;

const TIMEOUT_MS_DEFAULT = 60_000;
/** Last characters of the output that an error shows. */
const OUTPUT_CHARACTERS_MAX = 4_000;

/** `Run` with this process's Node first in the PATH, and without the repository's own programs, so that none is found by luck. */
export function createRun(directory: string): Run {
  const bin = join(directory, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const others = (process.env["PATH"] ?? "").split(delimiter).filter((path) => !path.includes("node_modules"));
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|AWS_|INIT_CWD)/.test(name));
  const environment = {
    ...Object.fromEntries(inherited),
    PATH: [bin, ...others].join(delimiter),
    CDK_DISABLE_CLI_TELEMETRY: "1",
    NO_COLOR: "1",
  };
  return (command, args, options) =>
    runToEnd(command, args, { ...options, environment: { ...environment, ...options.environment } });
}

/** Process groups that are still at work; they end with this process. */
const groups = new Set<number>();
process.once("exit", () => {
  for (const group of groups) process.kill(-group, "SIGKILL");
});

function runToEnd(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, environment, timeoutMs = TIMEOUT_MS_DEFAULT } = options;
  return new Promise((resolve, reject) => {
    // A process group of its own, so that nothing it started outlives the time limit.
    const child = spawn(command, args, { cwd, env: environment, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    const settled = () => {
      clearTimeout(timer);
      if (pid !== undefined) groups.delete(pid);
    };
    let [stdout, output] = ["", ""];
    const timer = setTimeout(() => {
      output += `\nkilled after ${timeoutMs} ms`;
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    }, timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    child.on("error", (error) => {
      settled();
      reject(error);
    });
    child.on("close", (code, signal) => {
      settled();
      if (code === 0) return resolve(stdout);
      const end = output.slice(-OUTPUT_CHARACTERS_MAX);
      reject(new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}:\n${end}`));
    });
  });
}
