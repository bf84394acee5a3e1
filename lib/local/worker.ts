// One worker process: an execution environment of a function, which runs one invocation at a time.
import { type ChildProcess, spawn } from "node:child_process";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { INIT_PHASE_MS_MAX } from "../aws/lambda-runtime.ts";
import { killGroup, killLeftovers, type Reaper, signalTree } from "./reaper.ts";
import { type FunctionError, type RuntimeAnswer, type RuntimeApi, startRuntimeApi } from "./runtime-api.ts";
import type { Seat } from "./seat.ts";
import { createTimeLimit } from "./time-limit.ts";
import type { Logger } from "./types.ts";

export type InvocationResult =
  | { outcome: "success"; payload: string } // the function's answer, as JSON
  | { outcome: "error" | "timeout" | "crash"; error: FunctionError };

export interface WorkerOptions {
  readonly functionName: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly taskRoot: string;
  readonly seat: Seat;
  /** Opens the worker's ways to the engines. */
  connect(seat: Seat): Promise<Connection>;
  environment(runtimeApi: string, connection: Connection): Record<string, string>;
  readonly reaper: Reaper;
  readonly logger: Logger;
  readonly onExit: () => void;
}

/** What a worker has for itself. */
export interface Connection {
  /** By how much its clock is wrong. */
  readonly clockSkewMs: number;
  readonly endpoints: { readonly dynamodb: string; readonly sqs: string };
  close(): Promise<void>;
}

export interface Worker {
  invoke(requestId: string, payload: string): Promise<InvocationResult>;
  /** False once it has died, or can't run its handler. */
  usable(): boolean;
  /** It has loaded its handler, and lives. */
  isUp(): boolean;
  kill(): void;
  /** It stands still, and so does its time limit. */
  freeze(): void;
  wake(): void;
  /** Its heap runs full, and it dies of that. */
  exhaustMemory(): void;
  readonly exited: Promise<void>;
}

const LAST_OUTPUT_MS_MAX = 500;
/** Share of its memory that Lambda gives to a function's heap. */
const HEAP_SHARE = 0.9;
/** Tells the bootstrap to fill the heap. */
const EXHAUST_SIGNAL = "SIGUSR2";

// The bootstrap lies beside this file, in the same form: .ts in the sources, .js or .cjs in the package.
const BOOTSTRAP = fileURLToPath(new URL(`./bootstrap${extname(import.meta.url)}`, import.meta.url));

export function startWorker(options: WorkerOptions): Worker {
  let dead = false;
  let initError: FunctionError | undefined;
  let child: ChildProcess | undefined;
  let timedOut: string | undefined; // why we killed it
  let settleRunning: ((result: InvocationResult) => void) | undefined;
  let killed = false;
  let ready = false;
  let frozen = false;

  const kill = (): void => {
    killed = true;
    if (child !== undefined) killGroup(child);
  };

  const died = (how: string, answer?: RuntimeAnswer): void => {
    dead = true;
    settleRunning?.(answer === undefined ? deathOf(timedOut, initError, how) : resultOf(answer));
    options.onExit();
  };

  const expire = (message: string): void => {
    timedOut = message;
    kill();
  };

  const initMessage = `Init did not end within ${INIT_PHASE_MS_MAX} ms`;
  const initLimit = createTimeLimit(INIT_PHASE_MS_MAX, () => expire(initMessage));
  initLimit.start();
  let taskLimit = createTimeLimit(0, () => {}); // none yet
  const starting: Promise<RuntimeApi> = startRuntimeApi({
    onReady: () => {
      ready = true;
      initLimit.end();
    },
    onInitError: (error) => {
      initError = error;
    },
  });

  const run = async (): Promise<void> => {
    const [api, connection] = await Promise.all([starting, options.connect(options.seat)]);
    let how = "killed before it started";
    if (!killed) {
      child = spawnBootstrap(options, options.environment(api.address, connection));
      how = await exitOf(child);
    }
    initLimit.end();
    await Promise.all([api.close(), connection.close()]);
    died(how, api.lastAnswer());
  };
  const exited = run().catch((thrown: unknown) => died(String(thrown)));

  return {
    exited,
    kill,
    freeze() {
      if (child === undefined || dead || frozen) return;
      frozen = true;
      for (const limit of [initLimit, taskLimit]) limit.pause();
      signalTree(child, "SIGSTOP");
    },
    wake() {
      if (child === undefined || dead || !frozen) return;
      frozen = false;
      signalTree(child, "SIGCONT");
      for (const limit of [initLimit, taskLimit]) limit.resume();
    },
    exhaustMemory: () => void child?.kill(EXHAUST_SIGNAL),
    isUp: () => ready && !dead && !killed,
    usable: () => !dead && !killed && initError === undefined,
    invoke: (requestId, payload) =>
      new Promise((resolve) => {
        const seconds = (options.timeoutMs / 1000).toFixed(2);
        const limit = createTimeLimit(options.timeoutMs, () => expire(`Task timed out after ${seconds} seconds`));
        taskLimit = limit;
        const settle = (result: InvocationResult): void => {
          limit.end();
          settleRunning = undefined;
          resolve(result);
        };
        settleRunning = settle;
        if (dead) return settle(deathOf(timedOut, initError, "dead before the invocation"));
        const { functionArn, timeoutMs } = options;
        const invocation = { requestId, payload, functionArn, timeoutMs, onDelivered: limit.start };
        const offer = (api: RuntimeApi) => api.invoke(invocation);
        // A start that fails ends the worker, and the invocation with it.
        starting.then(offer).then(
          (answer) => settle(resultOf(answer)),
          () => {},
        );
      }),
  };
}

function spawnBootstrap(options: WorkerOptions, env: Record<string, string>): ChildProcess {
  const heapMb = Math.floor(options.memoryMb * HEAP_SHARE);
  // Node 22 warns when it strips the types of our sources.
  const flags = ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${heapMb}`];
  const child = spawn(process.execPath, [...flags, BOOTSTRAP], {
    cwd: options.taskRoot,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true, // a process group of its own: Ctrl-C is for us, and SIGKILL takes its children too
  });
  options.reaper.watch(child);
  forwardLines(child.stdout, options, "info");
  forwardLines(child.stderr, options, "error");
  return child;
}

function forwardLines(stream: Readable | null, options: WorkerOptions, level: "info" | "error"): void {
  if (stream === null) return;
  createInterface({ input: stream }).on("line", (text) => {
    options.logger({ source: options.functionName, text, level });
  });
}

/** As Lambda words them. A full heap ends in SIGABRT. */
const SIGNAL_WORDS: Partial<Record<NodeJS.Signals, string>> = { SIGABRT: "aborted", SIGKILL: "killed" };

/** Resolves after the last line of output. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const how = signal === null ? `exit status ${code}` : `signal: ${SIGNAL_WORDS[signal] ?? signal}`;
      killLeftovers(child);
      // What the function started in a group of its own may hold the output open.
      const timer = setTimeout(() => resolve(how), LAST_OUTPUT_MS_MAX);
      child.once("close", () => {
        clearTimeout(timer);
        resolve(how);
      });
    });
  });
}

function resultOf(answer: RuntimeAnswer): InvocationResult {
  if (answer.kind === "error") return { outcome: "error", error: answer.error };
  return { outcome: "success", payload: answer.payload };
}

function deathOf(timedOut: string | undefined, initError: FunctionError | undefined, how: string): InvocationResult {
  if (timedOut !== undefined) {
    return { outcome: "timeout", error: { errorType: "Sandbox.Timedout", errorMessage: timedOut, trace: [] } };
  }
  if (initError !== undefined) return { outcome: "error", error: initError };
  const errorMessage = `Runtime exited with error: ${how}`;
  return { outcome: "crash", error: { errorType: "Runtime.ExitError", errorMessage, trace: [] } };
}
