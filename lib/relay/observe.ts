// What the relay says of its work: one line of metrics an invocation, in CloudWatch's embedded metric format, and errors as lines of JSON.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import { RELAY_METRICS as METRICS } from "../contract.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { OutboxMessage } from "../protocol/outbox.ts";
import type { Refusal } from "./dead-letters.ts";
import { TARGET_RESTS } from "./verdict.ts";

/** Values of one metric in one line. Same page. */
const VALUES_MAX = 100;

type MetricName = Exclude<keyof typeof METRICS, "namespace" | "dimension">;

export interface Observer {
  /** From the commit to the acknowledgement of its target, of the messages of one item. */
  relayed(messages: number, latencyMs: number): void;
  /** An item stays in the table: Lambda tries it again, and the sweeper. */
  left(key: string, cause: unknown): void;
  deadLettered(message: OutboxMessage, refusal: Refusal, tellsReason: boolean): void;
  /** Of the oldest item that waits; 0 where none does. */
  oldestUnsent(ageMs: number): void;
  swept(items: number): void;
  /** At the end of an invocation. */
  flush(): void;
}

export interface ObserverOptions {
  /** Of the function: the metrics' dimension. */
  readonly relay: string;
  readonly host: Host;
  readonly print: (line: string) => void;
}

export function createObserver({ relay, host, print }: ObserverOptions): Observer {
  let values = new Map<MetricName, number[]>();
  const record = (name: MetricName, value: number): void => void values.set(name, [...(values.get(name) ?? []), value]);
  const count = (name: MetricName, added: number): void =>
    void values.set(name, [(values.get(name)?.[0] ?? 0) + added]);
  const error = (message: string, details: object): void =>
    print(JSON.stringify({ level: "ERROR", message, relay, ...details }));
  return {
    relayed(messages, latencyMs) {
      count("relayed", messages);
      record("latency", Math.max(0, latencyMs));
    },
    left(key, cause) {
      count("left", 1);
      if (cause === TARGET_RESTS) return; // what was tried tells why
      const code = cause instanceof SemelError ? cause.code : undefined;
      error(`An outbox item was left: ${cause instanceof Error ? cause.message : String(cause)}`, { key, code });
    },
    deadLettered({ id, target }, { code, reason }, tellsReason) {
      count("deadLettered", 1);
      const message = `A message was refused for good by ${target}, it is in the dead-letter queue: ${code}: ${reason}`;
      error(message, { messageId: id, tellsReason });
    },
    oldestUnsent: (ageMs) => record("oldestUnsent", Math.max(0, ageMs)),
    swept: (items) => count("swept", items),
    flush() {
      for (let from = 0; ; from += VALUES_MAX) {
        const some = [...values].map(([name, all]) => [name, all.slice(from, from + VALUES_MAX)] as const);
        const left = some.filter(([, part]) => part.length > 0);
        if (left.length === 0) break;
        print(JSON.stringify(embedded(left, { relay, nowMs: host.nowMs() })));
      }
      values = new Map();
    },
  };
}

function embedded(
  values: readonly (readonly [MetricName, readonly number[]])[],
  { relay, nowMs }: { readonly relay: string; readonly nowMs: number },
): object {
  const Metrics = values.map(([name]) => ({ Name: METRICS[name].name, Unit: METRICS[name].unit }));
  const directive = { Namespace: METRICS.namespace, Dimensions: [[METRICS.dimension]], Metrics };
  return {
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    [METRICS.dimension]: relay,
    ...Object.fromEntries(values.map(([name, all]) => [METRICS[name].name, all])),
  };
}
