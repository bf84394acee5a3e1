// The embedded DynamoDB engine: dynoxide, one static binary, as a child process. In memory, or in a file that outlives it.
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
const PORT_RETRY_MS = 100;
const OUTPUT_CHARS_KEPT = 2_000;

export interface DynamoDbEngineOptions {
  readonly reaper: Reaper;
  /** Path of the binary. @default - the one of the package for this platform */
  readonly binary?: string;
  /** Where it keeps its tables, so that it can be restarted. @default - in memory */
  readonly file?: string | undefined;
}

/** The engine, and its process for those who want to see it die. */
export type DynamoDbEngine = Engine & { readonly pid: number };

export async function startDynamoDbEngine(options: DynamoDbEngineOptions): Promise<DynamoDbEngine> {
  const binary = options.binary ?? findBinary(process.platform, process.arch);
  let last = "";
  for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
    const port = await findFreePort();
    const launch = () => launchOn(port, { ...options, binary });
    const { output, child, isUp } = await launch();
    if (isUp) return engineOf({ child, output, port, launch, isRestartable: options.file !== undefined });
    last = output.text();
    if (!/in use/i.test(last)) break;
  }
  throw localError(
    `Cannot start the embedded DynamoDB engine ${binary}: ${last.trim() || "it said nothing"}; ` +
      `set AWS_ENDPOINT_URL_DYNAMODB to an engine that runs already`,
  );
}

interface Launched {
  readonly child: ChildProcess;
  readonly output: Output;
  readonly isUp: boolean;
}

async function launchOn(port: number, options: DynamoDbEngineOptions & { binary: string }): Promise<Launched> {
  const file = options.file === undefined ? [] : ["--db-path", options.file];
  const flags = ["--port", String(port), ...file];
  const child = spawn(options.binary, flags, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  options.reaper.watch(child);
  const output = collectOutput(child);
  const isUp = await started(child, output);
  if (!isUp) killGroup(child);
  return { child, output, isUp };
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

interface EngineParts extends Pick<Launched, "child" | "output"> {
  readonly port: number;
  readonly launch: () => Promise<Launched>;
  readonly isRestartable: boolean;
}

function engineOf({ port, launch, isRestartable, ...first }: EngineParts): DynamoDbEngine {
  let { child, output } = first;
  let exited = exitOf(child);
  let stopping = false;
  let restarting: Promise<void> | undefined;
  let onDeath: (error: Error) => void = () => {};

  const watch = (): void => {
    const watched = child;
    void exited.then(() => {
      if (stopping || restarting !== undefined) return;
      const how = watched.signalCode ?? `exit code ${watched.exitCode}`;
      onDeath(localError(`The embedded DynamoDB engine died (${how}): ${output.text().trim().slice(-300)}`));
    });
  };

  const restart = async (down: Promise<void>): Promise<void> => {
    killGroup(child);
    await exited;
    await down;
    // Meanwhile another process may hold the port for a moment, as the near end of a connection.
    for (let tries = 0; tries < PORT_TRIES_MAX; tries += 1) {
      const launched = await launch();
      ({ child, output } = launched);
      exited = exitOf(child);
      if (launched.isUp) return watch();
      await new Promise((resolve) => setTimeout(resolve, PORT_RETRY_MS));
    }
    throw localError(`The embedded DynamoDB engine does not come up again on port ${port}: ${output.text().trim()}`);
  };

  watch();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0;
    },
    onFailure(listener) {
      onDeath = listener;
    },
    ...(isRestartable
      ? {
          restart(down) {
            restarting = restart(down).finally(() => {
              restarting = undefined;
            });
            return restarting;
          },
        }
      : {}),
    async stop() {
      stopping = true;
      await restarting?.catch(() => {});
      child.kill("SIGTERM");
      const timer = setTimeout(() => killGroup(child), STOP_MS_MAX);
      await exited;
      clearTimeout(timer);
    },
  };
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("close", () => resolve());
  });
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
