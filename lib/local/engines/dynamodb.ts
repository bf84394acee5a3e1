// The embedded DynamoDB engine: dynoxide, one static binary, in memory, as a child process.
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { dirname, join } from "node:path";
import { localError } from "../local-error.ts";
import { killGroup, type Reaper } from "../reaper.ts";
import type { Engine } from "./engine.ts";

/** It is up within 30 ms; this is for a machine that is very busy. */
const START_MS_MAX = 15_000;
const STOP_MS_MAX = 2_000;
/** The engine can't choose a port and tell us, so another process may take the free one first. */
const PORT_TRIES_MAX = 5;
const OUTPUT_CHARS_KEPT = 2_000;

export interface DynamoDbEngineOptions {
  readonly reaper: Reaper;
  /** Path of the binary. @default - the one of the package for this platform */
  readonly binary?: string;
}

/** The engine, and its process for those who want to see it die. */
export type DynamoDbEngine = Engine & { readonly pid: number };

export async function startDynamoDbEngine(options: DynamoDbEngineOptions): Promise<DynamoDbEngine> {
  const binary = options.binary ?? findBinary(process.platform, process.arch);
  let last = "";
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = await findFreePort();
    const child = spawn(binary, ["--port", String(port)], { stdio: ["ignore", "ignore", "pipe"], detached: true });
    options.reaper.watch(child);
    const output = collectOutput(child);
    if (await started(child, output)) return engineOf(child, port, output);
    killGroup(child);
    last = output.text();
    if (!/in use/i.test(last)) break;
  }
  throw localError(
    `Cannot start the embedded DynamoDB engine ${binary}: ${last.trim() || "it said nothing"}; ` +
      `set AWS_ENDPOINT_URL_DYNAMODB to an engine that runs already`,
  );
}

/** Throws an error that names the package to add. */
export function findBinary(platform: string, arch: string): string {
  const name = `@dynoxide/${platform}-${arch}`;
  const program = platform === "win32" ? "dynoxide.exe" : "dynoxide";
  // From here, or from the project that runs us: some package managers keep them apart.
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      return join(dirname(createRequire(from).resolve(`${name}/package.json`)), program);
    } catch {
      // The next place.
    }
  }
  throw localError(
    `Cannot start the embedded DynamoDB engine: there is no binary for ${platform}-${arch}; add the package "${name}" ` +
      `(npm install --save-dev ${name}), or set AWS_ENDPOINT_URL_DYNAMODB to DynamoDB Local, LocalStack or the like`,
  );
}

interface Output {
  text(): string;
  onText(listener: () => void): void;
}

function collectOutput(child: ChildProcess): Output {
  let text = "";
  let listener = () => {};
  child.once("error", (error) => {
    text += error.message; // it could not even start
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_CHARS_KEPT);
    listener();
  });
  return {
    text: () => text,
    onText: (next) => {
      listener = next;
    },
  };
}

function started(child: ChildProcess, output: Output): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), START_MS_MAX);
    const settle = (up: boolean) => {
      clearTimeout(timer);
      resolve(up);
    };
    output.onText(() => {
      if (/listening/i.test(output.text())) settle(true);
    });
    child.once("error", () => settle(false));
    // "close" comes after the last output, "exit" may not.
    child.once("close", () => settle(false));
  });
}

function engineOf(child: ChildProcess, port: number, output: Output): DynamoDbEngine {
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
  let stopping = false;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    onFailure(listener) {
      void exited.then(() => {
        if (stopping) return;
        const how = child.signalCode ?? `exit code ${child.exitCode}`;
        listener(localError(`The embedded DynamoDB engine died (${how}): ${output.text().trim().slice(-300)}`));
      });
    },
    async stop() {
      stopping = true;
      child.kill("SIGTERM");
      const timer = setTimeout(() => killGroup(child), STOP_MS_MAX);
      await exited;
      clearTimeout(timer);
    },
  };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
