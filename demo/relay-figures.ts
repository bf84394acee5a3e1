// What the relay's own metrics say, of its log, and what waits in the outbox.

import { setTimeout as sleep } from "node:timers/promises";
import type { LogLine } from "semel/local";
import { RELAY_METRICS } from "../lib/contract.ts";

/** Where a stack has these outputs, it has an outbox. */
export const OUTBOX_OUTPUT = "OutboxTableName";
export const RELAY_OUTPUT = "RelayFunctionName";

export interface RelayFigures {
  readonly relayed: number;
  /** From the commit of an item to the acknowledgement of its last message. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Most items that were seen waiting at a time. */
  readonly backlogMax: number;
}

export interface RelayWatch {
  /** To be told of every line of log. */
  line(line: LogLine): void;
  /** Looks at the outbox from now on, until `stop`. */
  start(countItems: () => Promise<number>): void;
  stop(): void;
  /** Undefined where nothing was relayed. */
  figures(): RelayFigures | undefined;
}

const LOOK_EVERY_MS = 500;
const LATENCY = RELAY_METRICS.latency.name;
const RELAYED = RELAY_METRICS.relayed.name;

export function watchRelay(): RelayWatch {
  const latencies: number[] = [];
  let [relayed, backlogMax] = [0, 0];
  let timer: NodeJS.Timeout | undefined;
  return {
    line({ text }) {
      const metrics = metricsIn(text);
      latencies.push(...(metrics[LATENCY] ?? []));
      for (const count of metrics[RELAYED] ?? []) relayed += count;
    },
    start(countItems) {
      const look = async (): Promise<void> => {
        backlogMax = Math.max(backlogMax, await countItems());
      };
      timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS); // an engine that restarts is asked again
    },
    stop: () => clearInterval(timer),
    figures: () => (latencies.length === 0 ? undefined : { relayed, latencyMs: quantiles(latencies), backlogMax }),
  };
}

/** Of a killed worker the last line may be cut. */
function metricsIn(text: string): Readonly<Record<string, readonly number[] | undefined>> {
  if (!text.includes(LATENCY)) return {};
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** Resolves when nothing waits in the outbox any more. What the stream lost, the sweeper finds, some minutes later. */
export async function waitUntilRelayed(countItems: () => Promise<number>, timeoutMs: number): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  while ((await countItems()) > 0 && Date.now() < endMs) await sleep(LOOK_EVERY_MS);
}

function quantiles(values: readonly number[]): RelayFigures["latencyMs"] {
  const sorted = values.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { p50: quantile(0.5), p99: quantile(0.99), max: quantile(1) };
}
