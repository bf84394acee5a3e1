// Which faults there are, what each may be told, and which requests it suits.
import type { EngineName } from "../types.ts";
import type { CallFault, FaultName } from "./types.ts";

export type Group = "calls" | "workers" | "deliveries" | "engines" | "clock";

export interface FaultSpec {
  readonly group: Group;
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
  /** Exactly one of these. */
  readonly oneOf?: readonly string[];
}

const OCCASION = ["probability", "nth", "limit"];
const CALL = ["operation", "function", "queue", ...OCCASION];
const TIMES = ["everyMs", "atMs"];

const call = (optional: readonly string[] = [], required: readonly string[] = []): FaultSpec => ({
  group: "calls",
  required: ["service", ...required],
  optional: [...CALL, ...optional],
});
const message = (optional: readonly string[] = []): FaultSpec => ({
  group: "deliveries",
  optional: ["queue", ...OCCASION, ...optional],
});

export const SPECS: Readonly<Record<FaultName, FaultSpec>> = {
  delay: call([], ["delayMs"]),
  throttle: call(["error"]),
  "server-error": call(["status"]),
  "reset-before": call(),
  "reset-after": call(),
  "reset-during": call(),
  "applied-later": call(["answer"], ["delayMs"]),
  conflict: call(["position"]),
  "in-progress": call(),
  race: call(["holdMs"]),
  hang: call(),
  kill: { group: "workers", optional: ["function", "limit", "when"], oneOf: [...TIMES, "atCall"] },
  freeze: { group: "workers", required: ["forMs"], optional: ["function", "limit"], oneOf: [...TIMES, "atCall"] },
  "freeze-after-response": { group: "workers", optional: ["function", "forMs", ...OCCASION] },
  "out-of-memory": { group: "workers", optional: ["function", "limit"], oneOf: [...TIMES, "atCall"] },
  duplicate: message(),
  "duplicate-late": message(["delayMs"]),
  "duplicate-in-batch": message(),
  reorder: message(),
  "visibility-expiry": message(["delayMs"]),
  "lost-delete": message(),
  redrive: { group: "deliveries", optional: ["queue", "limit"], oneOf: TIMES },
  pause: { group: "deliveries", required: ["forMs"], optional: ["queue", "limit"], oneOf: TIMES },
  restart: { group: "engines", required: ["engine"], optional: ["downMs", "limit"], oneOf: TIMES },
  skew: { group: "clock", required: ["skewMs"], optional: ["function", "limit"] },
};

export const FAULT_NAMES = Object.keys(SPECS) as FaultName[];

export function faultsOf(group: Group): FaultName[] {
  return FAULT_NAMES.filter((name) => SPECS[name].group === group);
}

const SINGLE_WRITES = ["PutItem", "UpdateItem", "DeleteItem"];

/** Operations that a fault suits; absent: all of both services. */
const OPERATIONS: Partial<Record<CallFault, readonly string[]>> = {
  conflict: ["TransactWriteItems", "TransactGetItems", ...SINGLE_WRITES],
  "in-progress": ["TransactWriteItems"],
  race: ["TransactWriteItems", ...SINGLE_WRITES],
};

/** Undefined: each. Empty: none. */
export function operationsFor(fault: CallFault, service: EngineName): readonly string[] | undefined {
  const operations = OPERATIONS[fault];
  return operations !== undefined && service === "sqs" ? [] : operations;
}

/** What AWS refuses with for want of capacity. Of a transaction it may also be the reason of a cancellation. */
export const THROTTLES: Readonly<Record<EngineName, readonly [string, ...string[]]>> = {
  dynamodb: ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded"],
  sqs: ["RequestThrottled"],
};
export const CANCELLATION_THROTTLE = "ThrottlingError";
