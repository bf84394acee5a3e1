// The local cloud: runs a CDK cloud assembly on this machine. The entry "semel/local".
import { readAssembly, selectStacks } from "./assembly.ts";
import { startSweeps } from "./differences/time-to-live.ts";
import type { EventSource } from "./event-source.ts";
import { startEventSources } from "./event-sources.ts";
import { type ReadPlan, readPlan } from "./faults/read-plan.ts";
import { createUndo, type Foundation, layFoundation, type Undo } from "./foundation.ts";
import { createFunctions, type RunningFunction, toLocalFunction } from "./functions.ts";
import { waitUntilIdle } from "./idle.ts";
import { createInterference, type Interference, restartsDynamoDb } from "./interference.ts";
import { localError, reason } from "./local-error.ts";
import { printLine } from "./print.ts";
import { countMessages, createQueues } from "./queues.ts";
import { openStacks, type StackRun } from "./stack-run.ts";
import type { StreamSource } from "./streams/stream-source.ts";
import { startStreamSources, whatStreamsHave } from "./streams/stream-sources.ts";
import { createTables } from "./tables.ts";
import type { EngineName, LocalCloud, LocalEvent, LocalOptions, LocalQueue, LocalTable, Logger } from "./types.ts";

export type {
  CallFault,
  CallRule,
  DeliveryFault,
  DeliveryRule,
  EngineRule,
  FaultHandle,
  FaultHit,
  FaultName,
  FaultPlan,
  FaultRule,
  Faults,
  Range,
  SkewRule,
  WorkerFault,
  WorkerRule,
} from "./faults/types.ts";
export type {
  ClientConfig,
  EngineName,
  FaultEvent,
  IdleOptions,
  InvocationOutcome,
  LocalCloud,
  LocalEvent,
  LocalFunction,
  LocalOptions,
  LocalQueue,
  LocalTable,
  Logger,
  LogLine,
} from "./types.ts";

const OPTION_NAMES: ReadonlySet<string> = new Set([
  "assembly",
  "stacks",
  "endpoints",
  "logger",
  "observer",
  "faults",
  "restartable",
  "timeToLiveSweepMs",
  "transactionConflicts",
]);
/** AWS deletes within a few days. */
const SWEEP_MS_DEFAULT: number = 5 * 60_000;
/** For invocations that run when the local cloud stops. */
const STOP_GRACE_MS = 1_000;

/** Runs the stacks of a cloud assembly, until stop(). */
export async function startLocal(options: LocalOptions): Promise<LocalCloud> {
  const unknown = Object.keys(options).filter((name) => !OPTION_NAMES.has(name));
  if (unknown.length > 0) {
    throw localError(
      `Cannot start the local cloud: unknown option ${unknown.join(", ")}; known: ${[...OPTION_NAMES].join(", ")}`,
    );
  }
  const plan = readPlan(options.faults ?? {});
  const undo = createUndo();
  try {
    return await start(options, plan, undo);
  } catch (thrown) {
    await undo.run().catch(() => {}); // the first error is the one to know
    throw thrown;
  }
}

async function start(options: LocalOptions, plan: ReadPlan, undo: Undo): Promise<LocalCloud> {
  const state = createState(options);
  const stacks = selectStacks(await readAssembly(options.assembly), options.stacks);
  const restartable = options.restartable ?? restartsDynamoDb(plan);
  const foundation = await layFoundation({ ...options, restartable }, process.env, undo);
  foundation.dynamodb.onFailure((error) => state.fail("dynamodb", error));
  foundation.sqs.onFailure((error) => state.fail("sqs", error));

  const { logger, warn, observe } = state;
  const runs = openStacks(stacks, foundation.identity.region, warn);
  const queues = await createQueues(runs, foundation.sqsClient);
  const transactionConflicts = options.transactionConflicts ?? true;
  const watched = { observe, warn, fail: state.fail };
  const interference = createInterference({ plan, foundation, queues, transactionConflicts, ...watched });
  undo.add(() => interference.traffic.stop());
  undo.add(() => interference.desk.clear());
  const tables = await createTables(runs, foundation.dynamodbClient);
  if (foundation.embedded.dynamodb) {
    const everyMs = options.timeToLiveSweepMs ?? SWEEP_MS_DEFAULT;
    undo.add(startSweeps({ tables: tables.map(({ name }) => name), client: foundation.dynamodbClient, everyMs }));
  }
  const functions = await createFunctions({ runs, foundation, interference, logger, observe, warn });
  interference.open(functions.map(({ definition }) => definition));
  const onUnreachable = (error: Error) => state.fail("sqs", error);
  const sources = await startEventSources({
    runs,
    queues,
    functions,
    foundation,
    interference,
    warn,
    onUnreachable,
  });
  const streams = await startStreamSources({ runs, queues, functions, foundation, warn });
  undo.add(() => {
    interference.desk.clear(); // a paused poller must go on to its end
    return stopWork([...sources, ...streams], functions);
  });
  // Without its engines a function can only fail, and use up the receives of its messages.
  state.onFailure(() => void Promise.all([...sources, ...streams].map((source) => source.stop())));
  return toLocalCloud({ state, foundation, interference, runs, queues, tables, functions, sources, streams, undo });
}

/** First no more receives, then no more invocations; the pollers end when their last batch has. */
async function stopWork(
  sources: readonly Pick<EventSource, "stop">[],
  functions: readonly RunningFunction[],
): Promise<void> {
  const polled = sources.map((source) => source.stop());
  await Promise.all(functions.map(({ pool }) => pool.stop(STOP_GRACE_MS)));
  await Promise.all(polled);
}

interface State {
  readonly logger: Logger;
  readonly warn: (text: string) => void;
  readonly observe: (event: LocalEvent) => void;
  fail(engine: EngineName, error: Error): void;
  /** Calls the listener at once if it failed already. */
  onFailure(listener: () => void): void;
  readonly failure: () => Error | undefined;
  close(): void;
  readonly invocationsStarted: () => number;
}

function createState(options: LocalOptions): State {
  const logger = options.logger ?? printLine;
  let failure: Error | undefined;
  let stopped = false;
  let failed: () => void = () => {};
  const failing = new Promise<void>((resolve) => {
    failed = resolve;
  });
  let invocationsStarted = 0;
  const observe = (event: LocalEvent): void => {
    if (event.kind === "invocation-started") invocationsStarted += 1;
    try {
      options.observer?.(event);
    } catch (thrown) {
      logger({ source: "semel", text: `the observer threw: ${reason(thrown)}`, level: "error" });
    }
  };
  return {
    logger,
    observe,
    warn: (text) => logger({ source: "semel", text, level: "warn" }),
    fail(engine, error) {
      if (failure !== undefined || stopped) return;
      failure = localError(`The ${engine} engine failed: ${error.message}`, error);
      logger({ source: "semel", text: failure.message, level: "error" });
      observe({ kind: "engine-failed", engine, error: failure });
      failed();
    },
    onFailure: (listener) => void failing.then(listener),
    failure: () => failure ?? (stopped ? localError("The local cloud was stopped") : undefined),
    close: () => {
      stopped = true;
    },
    invocationsStarted: () => invocationsStarted,
  };
}

interface CloudParts {
  readonly state: State;
  readonly foundation: Foundation;
  readonly interference: Interference;
  readonly runs: readonly StackRun[];
  readonly queues: readonly LocalQueue[];
  readonly tables: readonly LocalTable[];
  readonly functions: readonly RunningFunction[];
  readonly sources: readonly EventSource[];
  readonly streams: readonly StreamSource[];
  readonly undo: Undo;
}

function toLocalCloud(parts: CloudParts): LocalCloud {
  const { state, foundation, interference, runs, queues, tables, functions, sources, streams, undo } = parts;
  const { desk } = interference;
  const outputs = new Map(runs.map((run) => [run.name, run.outputs()]));
  const idleInput = {
    count: (queue: LocalQueue) => countMessages(queue, foundation.sqsClient),
    queues: sources.map(({ queue }) => queue),
    streams: () => whatStreamsHave(streams),
    invocationsStarted: state.invocationsStarted,
    invocationsRunning: () => functions.reduce((sum, { pool }) => sum + pool.running(), 0),
    heldBack: interference.heldBack,
    isShaken: interference.isShaken,
    failure: state.failure,
  };
  const stop = (): Promise<void> => {
    state.close();
    desk.clear(); // what is frozen or held back has to end, too
    return undo.run();
  };
  return {
    endpoints: { dynamodb: foundation.dynamodb.endpoint, sqs: foundation.sqs.endpoint },
    clientConfig: foundation.clientConfig,
    functions: functions.map(toLocalFunction),
    queues: queues.map(({ name, logicalId, stackName, url, arn }) => ({ name, logicalId, stackName, url, arn })),
    tables,
    stackNames: runs.map(({ name }) => name),
    outputs(stackName) {
      const found = outputs.get(stackName);
      if (found !== undefined) return { ...found };
      throw localError(
        `No outputs of stack "${stackName}": it does not run; running: ${[...outputs.keys()].join(", ")}`,
      );
    },
    idle: (options = {}) => waitUntilIdle(idleInput, options),
    dynamodbRequests: () => interference.traffic.proxies.dynamodb?.counts() ?? {},
    faults: { inject: desk.inject, counts: desk.counts, clear: desk.clear },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
