// The effect outside DynamoDB, and what must hold of the step that has it.
//
//   ST1. A step whose result the holder's own record keeps does not run. ST3. A step of a key has one idempotency key.
//   ST2. A handler goes on only when the result is kept. ST4. It gets what later runs get.
//   ST5. A key is not given back while its step runs; what ends in time is kept, also after the gate closed.

import type { Invocation } from "./invocation.ts";
import type { SandboxProcess } from "./process.ts";
import type { World } from "./world.ts";

export interface Charges {
  /** The step; it takes so long. */
  charge(key: string, idempotencyKey: string, workMs: number): Promise<string>;
  /** In this run. */
  isUnderWay(): boolean;
  /** The handler goes on with what the step gave. ST2, ST4 */
  gave(key: string, charged: string): void;
}

export function chargesOf(process: SandboxProcess, invocation: Invocation | undefined, world: World): Charges {
  const { figures, ledger, timeline } = world;
  let underWay = 0;

  /** ST1, ST3 */
  function judgeStart(key: string, idempotencyKey: string): void {
    const state = ledger.keys.get(key);
    const { attemptId, steps } = ledger.records.get(state?.pk ?? "") ?? {};
    const own = process.madeIn(attemptId?.S ?? "") !== undefined;
    if (own && steps?.M?.["charge"]) ledger.complaints.push(`ST1: the step of ${key} is kept, and runs again`);
    if (state && (state.stepKey ?? idempotencyKey) !== idempotencyKey) {
      ledger.complaints.push(`ST3: the step of ${key} has two idempotency keys`);
    }
    if (state) state.stepKey = idempotencyKey;
  }

  return {
    async charge(key, idempotencyKey, workMs) {
      judgeStart(key, idempotencyKey);
      figures.count("steps run");
      invocation?.stepping.add(key);
      underWay++;
      if (workMs > 0) await new Promise<void>((resolve) => process.host.after(workMs, resolve));
      underWay--;
      invocation?.stepping.delete(key);
      invocation?.stepped.set(key, timeline.nowMs());
      return `${idempotencyKey} ${world.nextNumber("charge")}`;
    },
    isUnderWay: () => underWay > 0,
    gave(key, charged) {
      const { status, steps } = ledger.records.get(ledger.keys.get(key)?.pk ?? "") ?? {};
      if (status === undefined || status.S === "COMPLETED") return;
      const kept = steps?.M?.["charge"]?.S;
      if (kept === undefined) ledger.complaints.push(`ST2: the handler of ${key} goes on, and its step is not kept`);
      else if (kept !== JSON.stringify(charged))
        ledger.complaints.push(`ST4: ${key} goes on with ${charged}, kept is ${kept}`);
    },
  };
}

/** Of the time between the gate and the answer, left for keeping what ended in it. */
const KEEPING_MS = 100;

/** ST5. */
export function judgeKept({ disturbed, faults, gateMs, number, stepped }: Invocation, world: World): void {
  const { ledger, sandboxes, setup } = world;
  if (disturbed || faults.length > 1 || faults.some((fault) => fault !== "conflict")) return;
  for (const [key, atMs] of stepped) {
    const { attemptId, status, steps } = ledger.records.get(ledger.keys.get(key)?.pk ?? "") ?? {};
    const own = [...sandboxes].some(({ process }) => process.madeIn(attemptId?.S ?? "") === number);
    const inTime = atMs <= gateMs + KEEPING_MS && setup.leaseSeconds > 1;
    if (!own || !inTime || status?.S === "COMPLETED" || steps?.M?.["charge"]) continue;
    ledger.complaints.push(`ST5: the step of ${key} ended ${gateMs - atMs} ms before the gate, and is not kept`);
  }
}
