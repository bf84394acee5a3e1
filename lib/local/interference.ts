// All that goes wrong on purpose, put together: the proxies, the faults of each kind, and the desk where they are asked for.
import { createDeliveryFaults } from "./faults/deliveries.ts";
import { createFaultDesk, type FaultDesk, type Injectors } from "./faults/desk.ts";
import { createEngineFaults, type EngineFaults, sharedEngineFaults } from "./faults/engines.ts";
import type { ReadPlan } from "./faults/read-plan.ts";
import { createSkews } from "./faults/skew.ts";
import type { FaultRule } from "./faults/types.ts";
import { createWorkerFaults } from "./faults/workers.ts";
import type { Foundation } from "./foundation.ts";
import { createTraffic, type Traffic } from "./traffic.ts";
import type { EngineName, LocalEvent, LocalQueue } from "./types.ts";

export interface Interference {
  readonly traffic: Traffic;
  readonly injectors: Injectors;
  readonly desk: FaultDesk;
  /** The plan's rules begin. */
  open(functions: readonly { readonly name: string; readonly logicalId: string }[], nameSuffix?: string): void;
  /** What comes later, and nothing shows it yet. */
  heldBack(): number;
  /** Whether requests to SQS may fail of a restart. */
  isShaken(): boolean;
}

export interface InterferenceOptions {
  readonly plan: ReadPlan;
  readonly foundation: Foundation;
  readonly queues: readonly LocalQueue[];
  readonly transactionConflicts: boolean;
  /** Of the cloud whose engines a copy shares. Absent where there is none. */
  readonly shared?: EngineFaults | undefined;
  readonly observe: (event: LocalEvent) => void;
  readonly warn: (text: string) => void;
  readonly fail: (engine: EngineName, error: Error) => void;
}

const ENGINE_NAMES: readonly EngineName[] = ["dynamodb", "sqs"];

export function createInterference(options: InterferenceOptions): Interference {
  const { plan, foundation, queues, observe, warn, fail } = options;
  const workers = createWorkerFaults();
  const traffic = createTraffic({
    foundation,
    workerFaults: workers,
    isQueue: createIsQueue(queues),
    conflicts: options.transactionConflicts,
  });
  const engine = "engine" in foundation.sqs ? foundation.sqs.engine : undefined;
  const restarts = { dynamodb: foundation.dynamodb.restart, sqs: foundation.sqs.restart };
  const onFailure = (name: EngineName, thrown: unknown): void =>
    fail(name, thrown instanceof Error ? thrown : new Error(String(thrown)));
  const isCopy = options.shared !== undefined;
  const engines = isCopy ? sharedEngineFaults(options.shared) : createEngineFaults({ restarts, onFailure });
  const isShaken = (): boolean => engines.isShaken("sqs");
  const injectors: Injectors = {
    calls: traffic.callFaults,
    workers,
    deliveries: createDeliveryFaults({ queues, client: foundation.sqsClient, engine, warn, isShaken, isCopy }),
    engines,
    skews: createSkews(),
  };
  const desk = createFaultDesk({ plan, observe }, injectors);
  return {
    traffic,
    injectors,
    desk,
    open(functions, nameSuffix) {
      const proxied = ENGINE_NAMES.filter((name) => traffic.proxies[name] !== undefined);
      desk.open({ functions, queues, proxied, nameSuffix });
    },
    heldBack: () => injectors.calls.pending() + injectors.deliveries.pending(),
    isShaken,
  };
}

/** Whether a plan restarts the DynamoDB engine, which then has to keep its tables in a file. */
export function restartsDynamoDb({ rules }: ReadPlan): boolean {
  const isIt = (rule: FaultRule): boolean => rule.fault === "restart" && rule.engine === "dynamodb";
  return rules.some(({ rule }) => isIt(rule));
}

/** Whether a name or a logical id means the queue at a URL, whatever the URL's host. */
function createIsQueue(queues: readonly LocalQueue[]): (name: string, url: unknown) => boolean {
  return (name, url) => {
    const queue = queues.find((one) => one.name === name || one.logicalId === name);
    return queue !== undefined && typeof url === "string" && new URL(queue.url).pathname === pathOf(url);
  };
}

function pathOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).pathname : undefined;
}
