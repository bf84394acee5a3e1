// What the command line reads and says of faults.
import { readFile } from "node:fs/promises";
import { SemelError } from "../errors.ts";
import type { FaultEvent, FaultPlan, LocalCloud } from "../local/index.ts";

/** A faults file's plan; startLocal checks what is in it. */
export async function readFaultsFile(path: string): Promise<FaultPlan> {
  const refuse = (thrown: unknown): SemelError => {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `Cannot read the faults file ${path}: ${text}; it must be JSON such as {"seed":1,"workers":[{"fault":"kill","everyMs":5000}]}`;
    return new SemelError(message, { code: "SEMEL_LOCAL", retryable: false, cause: thrown });
  };
  try {
    return JSON.parse(await readFile(path, "utf8")) as FaultPlan;
  } catch (thrown) {
    throw refuse(thrown);
  }
}

export function describeFault(event: FaultEvent): string {
  const { fault, engine, service, operation, queue, functionName, workerId, messageIds = [], ms, detail } = event;
  const parts = [
    fault,
    engine,
    service,
    operation,
    queue === undefined ? undefined : `queue ${queue}`,
    workerId === undefined ? undefined : `worker ${workerId} of ${functionName}`,
    messageIds.length === 0 ? undefined : `messages ${messageIds.join(" ")}`,
    ms === undefined ? undefined : `${ms} ms`,
    detail,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

export function describeCounts({ faults }: LocalCloud): string {
  const counts = Object.entries(faults.counts()).sort(([a], [b]) => a.localeCompare(b));
  const lines = counts.map(([fault, count]) => `  ${fault.padEnd(22)} ${count}`);
  return counts.length === 0 ? "no faults were injected\n" : `faults injected:\n${lines.join("\n")}\n`;
}
