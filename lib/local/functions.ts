// The functions of the stacks: defined, staged, ready to run.
import { FUNCTION_NAME_LENGTH_MAX } from "../aws/names.ts";
import type { Foundation } from "./foundation.ts";
import {
  defineFunction,
  type EnvironmentInput,
  type FunctionDefinition,
  workerEnvironment,
} from "./function-definition.ts";
import { createFunctionPool, type FunctionPool } from "./function-pool.ts";
import type { Interference } from "./interference.ts";
import { localError } from "./local-error.ts";
import { physicalName } from "./physical-names.ts";
import type { Seat } from "./seat.ts";
import { LOCAL_ACCOUNT_ID, type StackRun, type Warn } from "./stack-run.ts";
import { resolve } from "./template.ts";
import type { LocalEvent, LocalFunction, Logger } from "./types.ts";
import { optionalTextAt } from "./values.ts";
import type { Connection } from "./worker.ts";

export interface RunningFunction {
  readonly definition: FunctionDefinition;
  readonly pool: FunctionPool;
}

export interface FunctionsInput {
  readonly runs: readonly StackRun[];
  readonly foundation: Foundation;
  readonly interference: Interference;
  readonly logger: Logger;
  readonly observe: (event: LocalEvent) => void;
  readonly warn: Warn;
}

export async function createFunctions(input: FunctionsInput): Promise<RunningFunction[]> {
  const { runs, foundation, logger, observe, warn } = input;
  const named = runs.flatMap((run) => nameFunctions(run, foundation.identity.region));
  let workers = 0;
  const create = async ({ run, ...rest }: NamedFunction): Promise<RunningFunction[]> => {
    const definition = defineFunction({ ...rest, stackName: run.name, scope: run.scope, warn });
    if (definition === undefined) return [];
    for (const name of literalNames(definition, run.renamed)) {
      warn(
        `variable ${name} of function ${definition.logicalId} is "${definition.environment[name]}", a literal: in this copy ` +
          "the resource has another name; let the variable refer to it",
      );
    }
    const taskRoot = await foundation.stage(definition, run.assets);
    const pool = createFunctionPool({
      functionName: definition.name,
      logicalId: definition.logicalId,
      functionArn: definition.arn,
      timeoutMs: definition.timeoutMs,
      memoryMb: definition.memoryMb,
      taskRoot,
      connect: (seat) => connect(seat, input),
      environment: (runtimeApi, connection) =>
        environmentOf({ definition, taskRoot, runtimeApi, ...connection }, foundation),
      reaper: foundation.reaper,
      logger,
      observe,
      faults: input.interference.injectors.workers,
      nextWorkerId: () => {
        workers += 1;
        return workers;
      },
    });
    return [{ definition, pool }];
  };
  return (await Promise.all(named.map(create))).flat();
}

interface NamedFunction {
  readonly run: StackRun;
  readonly resource: ReturnType<StackRun["resources"]>[number];
  readonly name: string;
  readonly arn: string;
}

/** All names first: one function's variables may refer to another. */
function nameFunctions(run: StackRun, region: string): NamedFunction[] {
  return run.resources("AWS::Lambda::Function").map((resource) => {
    const given = optionalTextAt(resolve(resource.properties["FunctionName"], run.scope), "FunctionName");
    const own = given ?? physicalName(run.name, resource.logicalId, FUNCTION_NAME_LENGTH_MAX);
    const name = run.rename(own, FUNCTION_NAME_LENGTH_MAX);
    const arn = `arn:aws:lambda:${region}:${LOCAL_ACCOUNT_ID}:function:${name}`;
    run.provide(resource.logicalId, { ref: name, attributes: { Arn: arn } });
    return { run, resource, name, arn };
  });
}

/** Variables that hold a name, an ARN or a URL of what a copy has renamed: they lead to the cloud that it is a copy of. */
function literalNames({ environment }: FunctionDefinition, renamed: ReadonlySet<string>): string[] {
  const isRenamed = (value: string): boolean => renamed.has(value) || renamed.has(value.replace(/^.*[:/]/s, ""));
  return Object.entries(environment).flatMap(([name, value]) => (isRenamed(value) ? [name] : []));
}

/** A door of its own for each worker, where there is a proxy. */
async function connect(seat: Seat, { foundation, interference }: FunctionsInput): Promise<Connection> {
  const { dynamodb, sqs } = foundation;
  const { proxies } = interference.traffic;
  const [toDynamodb, toSqs] = await Promise.all([proxies.dynamodb?.open(seat), proxies.sqs?.open(seat)]);
  return {
    clockSkewMs: interference.injectors.skews.draw(seat),
    endpoints: { dynamodb: toDynamodb?.endpoint ?? dynamodb.endpoint, sqs: toSqs?.endpoint ?? sqs.endpoint },
    close: async () => void (await Promise.all([toDynamodb?.close(), toSqs?.close()])),
  };
}

function environmentOf(
  input: Pick<EnvironmentInput, "definition" | "taskRoot" | "runtimeApi" | "endpoints" | "clockSkewMs">,
  { identity, sqs, embedded, clientConfig }: Foundation,
): Record<string, string> {
  return workerEnvironment({
    ...input,
    identity,
    isEmbedded: embedded.dynamodb,
    sqsEngine: sqs.endpoint,
    kinesis: clientConfig.kinesis?.endpoint,
    path: process.env["PATH"],
  });
}

/** The face that users see. */
export function toLocalFunction({ definition, pool }: RunningFunction): LocalFunction {
  const { name, logicalId, stackName } = definition;
  return {
    name,
    logicalId,
    stackName,
    async invoke(event) {
      const result = await pool.run(JSON.stringify(event) ?? "null", { messageIds: [] });
      if (result.outcome === "success") return JSON.parse(result.payload);
      const { errorType, errorMessage, trace } = result.error;
      throw localError(`Function ${name} failed: ${errorType}: ${errorMessage}`, trace.join("\n") || undefined);
    },
    killBusyWorker: (index = 0) => pool.killBusyWorker(index),
    busyWorkers: () => pool.busyWorkers(),
  };
}
