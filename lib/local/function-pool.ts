// Runs a function in as many workers as there are invocations side by side. Workers start when there is work, stay
// warm, and are replaced when they die at work.
import { randomUUID } from "node:crypto";
import type { WorkerFaults } from "./faults/workers.ts";
import { localError } from "./local-error.ts";
import type { Seat } from "./seat.ts";
import type { LocalEvent } from "./types.ts";
import { type InvocationResult, startWorker, type Worker, type WorkerOptions } from "./worker.ts";

export interface PoolOptions extends Omit<WorkerOptions, "onExit" | "seat"> {
  readonly logicalId: string;
  /** A number for a new worker, unique in the local cloud. */
  readonly nextWorkerId: () => number;
  readonly observe: (event: LocalEvent) => void;
  readonly faults: WorkerFaults;
}

export interface RunOptions {
  /** Of the messages in the payload, on a stream their sequence numbers; none for an invocation that comes from no source. */
  readonly messageIds: readonly string[];
  /** Acts on the result, before the invocation counts as ended; gives the ids of the messages that it deleted. */
  readonly settle?: (result: InvocationResult, requestId: string) => Promise<readonly string[]>;
  /** Another worker has the same messages. */
  readonly isCopy?: boolean;
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
  readonly seat: Seat;
}

export function createFunctionPool(options: PoolOptions): FunctionPool {
  const { functionName, logicalId, observe, faults } = options;
  const idle: PooledWorker[] = [];
  const busy = new Set<PooledWorker>(); // in the order of their invocations
  const alive = new Set<PooledWorker>();
  const running = new Set<Promise<unknown>>();
  let stopping = false;

  const start = (): PooledWorker => {
    const workerId = options.nextWorkerId();
    const seat: Seat = { functionName, logicalId, workerId, calls: 0, invocation: undefined };
    const gone = () => {
      alive.delete(worker);
      faults.leave(worker);
      const index = idle.indexOf(worker);
      if (index >= 0) idle.splice(index, 1);
      observe({ kind: "worker-exited", functionName, workerId, atMs: Date.now() });
    };
    const worker: PooledWorker = { ...startWorker({ ...options, seat, onExit: gone }), seat };
    alive.add(worker);
    faults.enter(worker);
    observe({ kind: "worker-started", functionName, workerId, atMs: Date.now() });
    return worker;
  };

  const giveBack = (worker: PooledWorker, result: InvocationResult): void => {
    const frozen = result.outcome === "success" ? faults.responded(worker) : undefined;
    if (frozen !== undefined) void frozen.then(() => worker.usable() && idle.push(worker));
    else if (worker.usable()) idle.push(worker);
    // Not after an error at its start: the next one would have it too.
    else if (!stopping && (result.outcome === "crash" || result.outcome === "timeout")) idle.push(start());
  };

  const runOn = async (worker: PooledWorker, payload: string, run: RunOptions): Promise<InvocationResult> => {
    const { seat } = worker;
    const { messageIds, isCopy = false } = run;
    const requestId = randomUUID();
    const messages = messageIds.length;
    const started = { functionName, workerId: seat.workerId, requestId, messages, messageIds };
    const repeat = messages === 0 ? undefined : () => void begin(payload, { ...run, isCopy: true }).catch(() => {});
    seat.invocation = { requestId, messageIds, isCopy, repeat };
    worker.wake(); // it may be frozen since its last response
    busy.add(worker); // first, for an observer that kills it
    observe({ kind: "invocation-started", ...started, payload, atMs: Date.now() });
    const result = await worker.invoke(started.requestId, payload);
    busy.delete(worker);
    seat.invocation = undefined;
    if (!stopping) report(options, result);
    giveBack(worker, result);
    let deletedIds: readonly string[] = [];
    try {
      deletedIds = (await run.settle?.(result, requestId)) ?? [];
    } finally {
      const { outcome } = result;
      const deleted = deletedIds.length;
      observe({ kind: "invocation-ended", ...started, outcome, deleted, deletedIds, atMs: Date.now() });
    }
    return result;
  };

  const begin = (payload: string, run: RunOptions): Promise<InvocationResult> => {
    if (stopping) return Promise.reject(localError(`Cannot run function ${functionName}: the local cloud is stopping`));
    const invocation = runOn(idle.pop() ?? start(), payload, run);
    running.add(invocation);
    const done = () => running.delete(invocation);
    invocation.then(done, done);
    return invocation;
  };

  return {
    run: begin,
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
