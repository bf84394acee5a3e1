// Runs stacks on a foundation: queues, tables, functions, the mappings between them, and the faults of all these.
import type { AssemblyStack } from "./assembly.ts";
import { type Copies, createCopies } from "./copies.ts";
import { startSweeps } from "./differences/time-to-live.ts";
import type { EventSource } from "./event-source.ts";
import { startEventSources } from "./event-sources.ts";
import type { EngineFaults } from "./faults/engines.ts";
import { type ReadPlan, readPlan } from "./faults/read-plan.ts";
import { createUndo, type Foundation, type Undo } from "./foundation.ts";
import { createFunctions, type RunningFunction, toLocalFunction } from "./functions.ts";
import { waitUntilIdle } from "./idle.ts";
import { createInterference, type Interference } from "./interference.ts";
import { provideKafkaClusters } from "./kafka-clusters.ts";
import { createKinesisStreams, deleteKinesisStreams } from "./kinesis-streams.ts";
import { localError, reason } from "./local-error.ts";
import { refuseUnknown } from "./options.ts";
import { readMessages } from "./queue-messages.ts";
import { countMessages, createQueues, deleteQueues } from "./queues.ts";
import { startSchedules } from "./schedules.ts";
import { openStacks, type StackRun } from "./stack-run.ts";
import { createState, type State } from "./state.ts";
import type { StreamSource } from "./streams/source.ts";
import { startStreamSources, whatStreamsHave } from "./streams/stream-sources.ts";
import { createTables, deleteTables } from "./tables.ts";
import type { CopyOptions, EngineName, LocalCloud, LocalOptions, LocalQueue, LocalTable } from "./types.ts";

const COPY_OPTIONS: readonly (keyof CopyOptions)[] = ["logger", "observer", "faults"];
/** AWS deletes within a few days. */
const SWEEP_MS_DEFAULT: number = 5 * 60_000;
/** For invocations that run when the local cloud stops. */
const STOP_GRACE_MS = 1_000;

export interface StacksInput {
  readonly options: LocalOptions;
  readonly stacks: readonly AssemblyStack[];
  readonly plan: ReadPlan;
  readonly foundation: Foundation;
  readonly state: State;
  readonly undo: Undo;
  /** Absent in the cloud that was started. */
  readonly copy?: CopyInput | undefined;
}

interface CopyInput {
  readonly nameSuffix: string;
  readonly shared: EngineFaults;
  readonly copies: Copies<LocalCloud>;
  /** Of the cloud that was started. */
  readonly origin: State;
}

export async function runStacks(input: StacksInput): Promise<LocalCloud> {
  const { options, stacks, foundation, state, undo, copy } = input;
  const { logger, warn, observe } = state;
  const copies = copy?.copies ?? createCopies<LocalCloud>();
  const nameSuffix = copy?.nameSuffix;
  const { sqsClient, dynamodbClient, identity } = foundation;

  const runs = openStacks(stacks, { region: identity.region, warn, nameSuffix });
  const queues = await createQueues(runs, sqsClient);
  undo.add(() => removeOfCopy(input, "sqs", () => deleteQueues(queues, sqsClient)));
  const interference = createInterference({
    plan: input.plan,
    foundation,
    queues,
    transactionConflicts: options.transactionConflicts ?? true,
    shared: copy?.shared,
    observe,
    warn,
    fail: state.fail,
  });
  undo.add(() => interference.traffic.stop());
  undo.add(() => interference.desk.clear());
  const tables = await createTables(runs, dynamodbClient);
  undo.add(() => removeOfCopy(input, "dynamodb", () => deleteTables(tables, dynamodbClient)));
  if (foundation.embedded.dynamodb) {
    const everyMs = options.timeToLiveSweepMs ?? SWEEP_MS_DEFAULT;
    undo.add(startSweeps({ tables: tables.map(({ name }) => name), client: dynamodbClient, everyMs }));
  }
  const kinesis = { runs, region: identity.region, config: foundation.clientConfig.kinesis };
  const kinesisStreams = await createKinesisStreams(kinesis);
  undo.add(() => removeOfCopy(input, "kinesis", () => deleteKinesisStreams(kinesisStreams, kinesis.config)));
  provideKafkaClusters(runs, identity.region);
  const functions = await createFunctions({ runs, foundation, interference, logger, observe, warn });
  interference.open(
    functions.map(({ definition }) => definition),
    nameSuffix,
  );
  const pollers: Pick<EventSource, "stop">[] = [];
  undo.add(() => {
    interference.desk.clear(); // a paused poller must go on to its end
    return stopWork(pollers, functions);
  });
  const onUnreachable = (error: Error) => state.fail("sqs", error);
  const sources = await startEventSources({ runs, queues, functions, foundation, interference, warn, onUnreachable });
  pollers.push(...sources);
  const streams = await startStreamSources({ runs, queues, functions, foundation, warn });
  pollers.push(...streams);
  undo.add(startSchedules({ runs, functions, region: foundation.identity.region, warn }));
  // Without its engines a function can only fail, and use up the receives of its messages.
  state.onFailure(() => void Promise.all(pollers.map((poller) => poller.stop())));
  if (copy === undefined) undo.add(() => copies.stop()); // CP1
  const { engines } = interference.injectors;
  const copyOf = (given: CopyOptions = {}) =>
    copies.create((suffix) => startCopy({ ...input, given, suffix, engines, copies }));
  return toLocalCloud({ input, interference, runs, queues, tables, functions, sources, streams, copy: copyOf });
}

interface CopyParts extends StacksInput {
  readonly given: CopyOptions;
  readonly suffix: string;
  readonly engines: EngineFaults;
  readonly copies: Copies<LocalCloud>;
}

async function startCopy({ given, suffix, engines, copies, ...of }: CopyParts): Promise<LocalCloud> {
  refuseUnknown(given, COPY_OPTIONS, "Cannot copy the local cloud");
  const origin = of.copy?.origin ?? of.state;
  const failure = of.state.failure();
  if (failure !== undefined) throw localError(`Cannot copy the local cloud: ${failure.message}`, failure);
  const state = createState({ ...given, logger: given.logger ?? of.state.logger });
  origin.onFailure(state.fail); // CP2
  const undo = createUndo();
  const copy = { nameSuffix: suffix, shared: engines, copies, origin };
  try {
    return await runStacks({ ...of, plan: readPlan(given.faults ?? {}), state, undo, copy });
  } catch (thrown) {
    await undo.run().catch(() => {}); // the first error is the one to know
    throw thrown;
  }
}

/** What only a copy has made goes with it, unless its engine goes, too. What is left must not keep the others from stopping. */
async function removeOfCopy(
  { copy, state, foundation }: StacksInput,
  engine: EngineName | "kinesis",
  remove: () => Promise<void>,
): Promise<void> {
  if (copy === undefined || state.hasFailed()) return;
  if (engine !== "kinesis" && foundation.embedded[engine] && copy.origin.failure() !== undefined) return;
  await remove().catch((thrown) => {
    state.warn(`what the copy ...-${copy.nameSuffix} has made in ${engine} could not be removed: ${reason(thrown)}`);
  });
}

/** First no more receives, then no more invocations; the pollers end when their last batch has. */
async function stopWork(
  pollers: readonly Pick<EventSource, "stop">[],
  functions: readonly RunningFunction[],
): Promise<void> {
  const polled = pollers.map((poller) => poller.stop());
  await Promise.all(functions.map(({ pool }) => pool.stop(STOP_GRACE_MS)));
  await Promise.all(polled);
}

function endpointsOf({ dynamodb, sqs, kafka, clientConfig }: Foundation): LocalCloud["endpoints"] {
  const { kinesis } = clientConfig;
  return {
    dynamodb: dynamodb.endpoint,
    sqs: sqs.endpoint,
    ...(kinesis !== undefined && { kinesis: kinesis.endpoint }),
    ...(kafka !== undefined && { kafka }),
  };
}

interface CloudParts {
  readonly input: StacksInput;
  readonly interference: Interference;
  readonly runs: readonly StackRun[];
  readonly queues: readonly LocalQueue[];
  readonly tables: readonly LocalTable[];
  readonly functions: readonly RunningFunction[];
  readonly sources: readonly EventSource[];
  readonly streams: readonly StreamSource[];
  readonly copy: LocalCloud["copy"];
}

function toLocalCloud(parts: CloudParts): LocalCloud {
  const { interference, runs, queues, tables, functions, sources, streams, copy } = parts;
  const { state, foundation, undo, copy: asCopy } = parts.input;
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
    endpoints: endpointsOf(foundation),
    clientConfig: foundation.clientConfig,
    nameSuffix: asCopy?.nameSuffix,
    functions: functions.map(toLocalFunction),
    queues: queues.map(({ name, logicalId, stackName, url, arn }) => ({ name, logicalId, stackName, url, arn })),
    tables,
    streams: streams.flatMap(({ face }) => face ?? []),
    stackNames: runs.map(({ name }) => name),
    outputs(stackName) {
      const found = outputs.get(stackName);
      if (found !== undefined) return { ...found };
      throw localError(
        `No outputs of stack "${stackName}": it does not run; running: ${[...outputs.keys()].join(", ")}`,
      );
    },
    idle: (options = {}) => waitUntilIdle(idleInput, options),
    messages: (queue) => readMessages(queue, foundation),
    dynamodbRequests: () => interference.traffic.proxies.dynamodb?.counts() ?? {},
    faults: { inject: desk.inject, counts: desk.counts, clear: desk.clear },
    copy,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
