// The local cloud: runs a CDK cloud assembly on this machine. The entry "semel/local".
import { readAssembly, selectStacks } from "./assembly.ts";
import { readPlan } from "./faults/read-plan.ts";
import { createUndo, layFoundation } from "./foundation.ts";
import { restartsDynamoDb } from "./interference.ts";
import { refuseUnknown } from "./options.ts";
import { runStacks } from "./run-stacks.ts";
import { createState } from "./state.ts";
import type { LocalCloud, LocalOptions } from "./types.ts";

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
  CopyOptions,
  EngineName,
  FaultEvent,
  IdleOptions,
  InvocationOutcome,
  LocalCloud,
  LocalEvent,
  LocalFunction,
  LocalOptions,
  LocalQueue,
  LocalStream,
  LocalTable,
  Logger,
  LogLine,
  QueuedMessage,
} from "./types.ts";

const OPTION_NAMES: readonly (keyof LocalOptions)[] = [
  "assembly",
  "stacks",
  "endpoints",
  "logger",
  "observer",
  "faults",
  "restartable",
  "timeToLiveSweepMs",
  "transactionConflicts",
];

/** Runs the stacks of a cloud assembly, until stop(). */
export async function startLocal(options: LocalOptions): Promise<LocalCloud> {
  refuseUnknown(options, OPTION_NAMES, "Cannot start the local cloud");
  const plan = readPlan(options.faults ?? {});
  const undo = createUndo();
  try {
    const state = createState(options);
    const stacks = selectStacks(await readAssembly(options.assembly), options.stacks);
    const restartable = options.restartable ?? restartsDynamoDb(plan);
    const foundation = await layFoundation({ ...options, restartable }, process.env, undo);
    foundation.dynamodb.onFailure((error) => state.fail("dynamodb", error));
    foundation.sqs.onFailure((error) => state.fail("sqs", error));
    return await runStacks({ options, stacks, plan, foundation, state, undo });
  } catch (thrown) {
    await undo.run().catch(() => {}); // the first error is the one to know
    throw thrown;
  }
}
