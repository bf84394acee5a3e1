// Runs a function in as many workers as there are invocations side by side. Workers start when there is work, stay
// warm, and are replaced when they die at work.
import { randomUUID } from "node:crypto";
import { localError } from "./local-error.ts";
import type { LocalEvent } from "./types.ts";
import { type InvocationResult, startWorker, type Worker, type WorkerOptions } from "./worker.ts";

export interface PoolOptions extends Omit<WorkerOptions, "onExit"> {
  /** A number for a new worker, unique in the local cloud. */
  readonly nextWorkerId: () => number;
  readonly observe: (event: LocalEvent) => void;
}

export interface RunOptions {
  /** Messages in the payload; 0 for an invocation that comes from no queue. */
  readonly messages: number;
  /** Acts on the result, before the invocation counts as ended; gives the number of messages deleted. */
  readonly settle?: (result: InvocationResult) => Promise<number>;
}

export interface FunctionPool {
  run(payload: string, options: RunOptions): Promise<InvocationResult>;
  /** Invocations now, those that settle included. */
  running(): number;
  busyWorkers(): number;
  killBusyWorker(index: number): boolean;
  /** Waits for running invocations, at most as long as said; then no worker is left. */
  stop(graceMs: number): Promise<void>;
}

interface PooledWorker extends Worker {
  readonly id: number;
}

export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { functionName, observe } = options;
  const idle: PooledWorker[] = [];
  const busy = new Set<PooledWorker>(); // in the order of their invocations
  const alive = new Set<PooledWorker>();
  const running = new Set<Promise<unknown>>();
  let stopping = false;

  const start = (): PooledWorker => {
    const id = options.nextWorkerId();
    const gone = () => {
      alive.delete(worker);
      const index = idle.indexOf(worker);
      if (index >= 0) idle.splice(index, 1);
      observe({ kind: "worker-exited", functionName, workerId: id, atMs: Date.now() });
    };
    const worker: PooledWorker = { ...startWorker({ ...options, onExit: gone }), id };
    alive.add(worker);
    observe({ kind: "worker-started", functionName, workerId: id, atMs: Date.now() });
    return worker;
  };

  const giveBack = (worker: PooledWorker, result: InvocationResult): void => {
    if (worker.usable()) idle.push(worker);
    // Not after an error at its start: the next one would have it too.
    else if (!stopping && (result.outcome === "crash" || result.outcome === "timeout")) idle.push(start());
  };

  const runOn = async (worker: PooledWorker, payload: string, run: RunOptions): Promise<InvocationResult> => {
    const started = { functionName, workerId: worker.id, requestId: randomUUID(), messages: run.messages };
    busy.add(worker); // first, for an observer that kills it
    observe({ kind: "invocation-started", ...started, atMs: Date.now() });
    const result = await worker.invoke(started.requestId, payload);
    busy.delete(worker);
    if (!stopping) report(options, result);
    giveBack(worker, result);
    let deleted = 0;
    try {
      deleted = (await run.settle?.(result)) ?? 0;
    } finally {
      observe({ kind: "invocation-ended", ...started, outcome: result.outcome, deleted, atMs: Date.now() });
    }
    return result;
  };

  return {
    run(payload, run) {
      if (stopping)
        return Promise.reject(localError(`Cannot run function ${functionName}: the local cloud is stopping`));
      const invocation = runOn(idle.pop() ?? start(), payload, run);
      running.add(invocation);
      const done = () => running.delete(invocation);
      invocation.then(done, done);
      return invocation;
    },
    running: () => running.size,
    busyWorkers: () => busy.size,
    killBusyWorker(index) {
      const killable = [...busy].filter((worker) => worker.usable()); // not twice
      const victim = killable[modulo(index, killable.length)];
      victim?.kill();
      return victim !== undefined;
    },
    async stop(graceMs) {
      stopping = true;
      const ended = Promise.allSettled(running);
      await Promise.race([ended, delay(graceMs, ended)]);
      const last = [...alive];
      for (const worker of last) worker.kill();
      await Promise.all(last.map((worker) => worker.exited));
      await ended;
    },
  };
}

/** What the function threw, the runtime in the worker has printed already. */
function report({ functionName, logger }: PoolOptions, result: InvocationResult): void {
  if (result.outcome === "success") return;
  const { errorType, errorMessage } = result.error;
  if (result.outcome === "error" && !errorType.startsWith("Function.")) return;
  logger({ source: functionName, text: `${errorType}: ${errorMessage}`, level: "error" });
}

function modulo(index: number, size: number): number {
  return size === 0 ? 0 : ((Math.trunc(index) % size) + size) % size;
}

/** A delay that does not outlive what it guards. */
function delay(ms: number, guarded: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void guarded.then(() => clearTimeout(timer));
  });
}
